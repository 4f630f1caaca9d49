#include "symphony/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/varint.h"
#include "crdt/wire/content.h"
#include "crdt/wire/hex_testing.h"
#include "crdt/wire/value.h"

namespace symphony {
namespace {

std::string any_hex(const Value& value) {
  Buffer out;
  crdt::write_any(out, value);
  return to_hex(out);
}

TEST(Value, IsWrittenAsLib0WritesIt) {
  EXPECT_EQ(any_hex({}), "7f");
  EXPECT_EQ(any_hex(nullptr), "7e");
  EXPECT_EQ(any_hex(true), "78");
  EXPECT_EQ(any_hex(false), "79");
  EXPECT_EQ(any_hex(0), "7d00");
  EXPECT_EQ(any_hex(-0.0), "7d40");
  EXPECT_EQ(any_hex(-1), "7d41");
  EXPECT_EQ(any_hex(63), "7d3f");
  EXPECT_EQ(any_hex(64), "7d8001");
  EXPECT_EQ(any_hex(2147483647), "7dbfffffff0f");
  EXPECT_EQ(any_hex(2147483648.0), "7c4f000000");  // past 31 bits, but a float says it
  EXPECT_EQ(any_hex(0.5), "7c3f000000");
  EXPECT_EQ(any_hex(0.1), "7b3fb999999999999a");
  EXPECT_EQ(any_hex(1e300), "7b7e37e43c8800759c");
  EXPECT_EQ(any_hex(std::nan("")), "7b7ff8000000000000");
  EXPECT_EQ(any_hex(std::numeric_limits<double>::infinity()), "7c7f800000");
  EXPECT_EQ(any_hex(Value::bigint(-2)), "7afffffffffffffffe");
  EXPECT_EQ(any_hex("é"), "7702c3a9");
  EXPECT_EQ(any_hex(std::string("a\xed\xa0\xbd")), "770461efbfbd");  // half a pair
  EXPECT_EQ(any_hex(Value::bytes(Buffer{1, 2})), "74020102");
  EXPECT_EQ(any_hex(Value::array({1, "b"})), "75027d01770162");
  EXPECT_EQ(any_hex(Value::object({{"b", 1}, {"1", nullptr}})), "760201317e01627d01");
}

TEST(Value, WhatIsWrittenIsReadBack) {
  const Value value = Value::object({{"list", Value::array({1, -70000, 0.1, 1e300, "x", true, nullptr, {}})},
                                     {"n", Value::bigint(1)},
                                     {"bytes", Value::bytes(Buffer{0, 255})}});
  Buffer out;
  crdt::write_any(out, value);
  Reader check(out);
  EXPECT_EQ(crdt::skip_any(check, 8), nullptr);
  Reader in(out);
  EXPECT_EQ(crdt::read_any(in), value);
  EXPECT_TRUE(in.at_end());
}

TEST(Value, GoesThroughJson) {
  const std::string json = R"({"1":2,"b":[1.5,"\u0001",null,true],"a":{}})";
  EXPECT_EQ(to_json(*from_json(json)), json);
  EXPECT_EQ(to_json(Value{}), "");
  EXPECT_FALSE(from_json("{").has_value());
  EXPECT_FALSE(from_json(std::string(2000, '[') + std::string(2000, ']')).has_value());
}

TEST(Value, ReadsMembersInJavaScriptsOrder) {
  EXPECT_EQ(to_json(*from_json(R"({"b":1,"10":2,"a":3,"9":4,"b":5,"01":6,"4294967295":7,"10":8})")),
            R"({"9":4,"10":8,"b":5,"a":3,"01":6,"4294967295":7})");
}

// How many members there are is a peer's choice: neither reading nor comparing takes the square of it.
TEST(Value, ManyMembersAreReadAndComparedQuickly) {
  std::string json = "{";
  std::string reversed = "{";
  constexpr int kMembers = 50000;
  for (int i = 0; i < kMembers; ++i) {
    json += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":1,\"" + std::to_string(kMembers - i) + "\":1";
    reversed += (i > 0 ? ",\"k" : "\"k") + std::to_string(kMembers - 1 - i) + "\":1,\"" +
                std::to_string(i + 1) + "\":1";
  }
  const auto value = from_json(json + "}");
  EXPECT_EQ(value->members.size(), 2u * kMembers);
  EXPECT_EQ(value->members.front().key, "1");
  EXPECT_TRUE(*value == *from_json(reversed + "}"));
}

TEST(Value, SaysWhatCannotBeWritten) {
  EXPECT_EQ(crdt::fault_of(Value::object({{"a", std::string("\xed\xa0\xbd")}}), 1), nullptr);
  EXPECT_STREQ(crdt::fault_of(std::string("\xff"), 1), "a text is not valid UTF-8");
  EXPECT_STREQ(crdt::fault_of(Value::object({{"\xff", 1}}), 1), "a key is not valid UTF-8");
  EXPECT_STREQ(crdt::fault_of(Value::array({Value::array({1})}), 1), "a value is nested too deeply");
}

}  // namespace
}  // namespace symphony
