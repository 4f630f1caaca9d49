#include "crdt/wire/content.h"

#include <gtest/gtest.h>

#include <string>

#include "crdt/wire/hex_testing.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

bool accepts_any(Bytes bytes, size_t depth = 8) {
  Reader in(bytes);
  skip_any(in, depth);
  return in.ok() && in.at_end();
}

std::string any_json(std::string_view hex) {
  const Buffer bytes = from_hex(hex);
  EXPECT_TRUE(accepts_any(bytes)) << hex;
  Reader in(bytes);
  std::string out;
  write_json(out, read_any(in));
  EXPECT_TRUE(in.at_end()) << hex;
  return out;
}

TEST(Any, ReadsWhatLib0Writes) {
  EXPECT_EQ(any_json("7d40"), "0");  // minus zero
  EXPECT_EQ(any_json("7d8001"), "64");
  EXPECT_EQ(any_json("7dc001"), "-64");
  EXPECT_EQ(any_json("7dbfffffff0f"), "2147483647");
  EXPECT_EQ(any_json("7c4f000000"), "2147483648");
  EXPECT_EQ(any_json("7c3fc00000"), "1.5");
  EXPECT_EQ(any_json("7b3fb999999999999a"), "0.1");
  EXPECT_EQ(any_json("7b7ff8000000000000"), "null");  // NaN
  EXPECT_EQ(any_json("7a0000000000000001"), "1");
  EXPECT_EQ(any_json("7f"), "");
  EXPECT_EQ(any_json("75027f7e"), "[null,null]");
  EXPECT_EQ(any_json("740201ff"), R"({"0":1,"1":255})");
}

TEST(Any, KeepsJavaScriptsOrderOfProperties) {
  // {b: true, 10: null, 2: false, b: undefined}: indices first, a repeated key keeps its place and takes the
  // last value.
  EXPECT_EQ(any_json("7604"
                     "0162"
                     "78"
                     "023130"
                     "7e"
                     "0132"
                     "79"
                     "0162"
                     "77"
                     "0178"),
            R"({"2":false,"10":null,"b":"x"})");
}

TEST(Any, RefusesLiesAndDepth) {
  EXPECT_FALSE(accepts_any(from_hex("")));
  EXPECT_FALSE(accepts_any(from_hex("73")));            // an unknown tag
  EXPECT_FALSE(accepts_any(from_hex("75ffffffff0f")));  // four billion elements in no bytes
  EXPECT_FALSE(accepts_any(from_hex("7702c328")));      // not UTF-8
  EXPECT_FALSE(accepts_any(from_hex("7c0000")));        // half a float
  Buffer nested;
  for (int i = 0; i < 100000; ++i) nested.insert(nested.end(), {0x75, 0x01});
  nested.push_back(0x7e);
  EXPECT_FALSE(accepts_any(nested));
  EXPECT_TRUE(accepts_any(nested, 100000));
}

TEST(Json, RoundTripsThroughValues) {
  for (const char* text : {R"({"1":"x","a":[1,2.5,null,true],"b":{"c":"\"\\\b\f\n\r\t\u0001é😀\ud83d"}})",
                           "1e+21", "1e-7", "123456789012345680000"}) {
    std::string out;
    write_json(out, parse_json(text));
    EXPECT_EQ(out, text);
  }
}

TEST(Number, IsWrittenAsJavaScriptWritesIt) {
  EXPECT_EQ(js_number(0), "0");
  EXPECT_EQ(js_number(-0.0), "0");
  EXPECT_EQ(js_number(100), "100");
  EXPECT_EQ(js_number(1e20), "100000000000000000000");
  EXPECT_EQ(js_number(1e21), "1e+21");
  EXPECT_EQ(js_number(1.5e300), "1.5e+300");
  EXPECT_EQ(js_number(0.000001), "0.000001");
  EXPECT_EQ(js_number(0.0000001), "1e-7");
  EXPECT_EQ(js_number(-1234.5678), "-1234.5678");
  EXPECT_EQ(js_number(5e-324), "5e-324");
}

TEST(String, IsWhatStringOfGives) {
  EXPECT_EQ(to_js_string(parse_json(R"([1,[2,null],"a",{}])")), "1,2,,a,[object Object]");
  EXPECT_EQ(to_js_string(parse_json("null")), "null");
}

}  // namespace
}  // namespace symphony::crdt
