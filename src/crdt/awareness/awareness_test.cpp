#include "symphony/awareness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/varint.h"
#include "crdt/wire/hex_testing.h"

namespace symphony {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Entry {
  uint64_t client;
  uint64_t clock;
  std::string_view state;
};

Buffer update(const std::vector<Entry>& entries) {
  Buffer out;
  Writer writer(out);
  writer.var_uint(entries.size());
  for (const Entry& entry : entries) {
    writer.var_uint(entry.client);
    writer.var_uint(entry.clock);
    writer.var_string(entry.state);
  }
  return out;
}

class AwarenessTest : public ::testing::Test {
 protected:
  AwarenessEvent apply(const std::vector<Entry>& entries) {
    auto event = awareness.apply_update(update(entries), now_ms);
    EXPECT_TRUE(event.has_value()) << event.error().message;
    return event ? *event : AwarenessEvent{};
  }
  Error refusal(const Buffer& bytes) {
    const Buffer before = *awareness.encode_update(awareness.clients());
    const auto event = awareness.apply_update(bytes, now_ms);
    EXPECT_FALSE(event.has_value());
    EXPECT_EQ(*awareness.encode_update(awareness.clients()), before) << "refused whole";
    return event ? Error{} : event.error();
  }
  std::string hex() { return to_hex(*awareness.encode_update(awareness.clients())); }

  int64_t now_ms = 1'700'000'000'000;
  AwarenessOptions options{.client_id = 300, .clients_max = 4, .state_bytes_max = 40};
  Awareness awareness{options, now_ms};
};

// The bytes are what encodeAwarenessUpdate of npm y-protocols 1.0.7 wrote for the same calls.
TEST_F(AwarenessTest, WritesTheBytesOfYProtocols) {
  EXPECT_EQ(hex(), "01ac0200027b7d");
  const auto event = awareness.set_local_state(R"({"name":"Ada","x":-1.50})", now_ms);
  ASSERT_TRUE(event);
  EXPECT_THAT(event->updated, ElementsAre(300));
  EXPECT_THAT(event->changed, ElementsAre(300));
  EXPECT_EQ(hex(), "01ac0201177b226e616d65223a22416461222c2278223a2d312e357d");
  apply({{7, 2, "[1,\"\\u00e9\"]"}});
  EXPECT_EQ(hex(), "02ac0201177b226e616d65223a22416461222c2278223a2d312e357d0702085b312c22c3a9225d");
  awareness.remove_states(std::vector<uint64_t>{7, 300}, now_ms);
  EXPECT_EQ(to_hex(*awareness.encode_update(std::vector<uint64_t>{7, 300})),
            "020702046e756c6cac0202046e756c6c");
}

TEST_F(AwarenessTest, TakesOnlyWhatIsNewer) {
  EXPECT_TRUE(apply({{7, 0, "0"}}).empty()) << "unknown counts as known at clock 0";
  EXPECT_EQ(awareness.clock(7), std::nullopt);
  EXPECT_THAT(apply({{7, 3, "3"}}).added, ElementsAre(7));
  EXPECT_TRUE(apply({{7, 3, "4"}, {7, 2, "5"}, {7, 2, "null"}}).empty());
  AwarenessEvent event = apply({{7, 4, "3"}});
  EXPECT_THAT(event.updated, ElementsAre(7));
  EXPECT_FALSE(event.is_change()) << "a renewal";
  event = apply({{7, 4, "null"}});
  EXPECT_THAT(event.removed, ElementsAre(7));
  EXPECT_EQ(awareness.state(7), std::nullopt);
  EXPECT_EQ(awareness.clock(7), 4u);
  EXPECT_TRUE(apply({{7, 4, "null"}}).empty());
  event = apply({{7, 5, "{}"}});
  EXPECT_THAT(event.updated, ElementsAre(7)) << "who was heard of before is not added again";
  EXPECT_THAT(event.changed, ElementsAre(7));
}

TEST_F(AwarenessTest, ComparesStatesAsValues) {
  apply({{7, 1, R"({"a":[1,{"b":null}],"c":"x"})"}});
  EXPECT_THAT(apply({{7, 2, R"({"c":"\u0078", "a":[1.0,{"b":null}]})"}}).changed, IsEmpty());
  for (const std::string_view other : {R"({"a":[1,{"b":false}],"c":"x"})", R"({"a":[1],"c":"x"})",
                                       R"({"c":"x"})", "1", "\"1\"", "[]", "{}"}) {
    EXPECT_THAT(apply({{7, *awareness.clock(7) + 1, other}}).changed, ElementsAre(7)) << other;
  }
}

TEST_F(AwarenessTest, NobodyElseRemovesUs) {
  AwarenessEvent event = apply({{300, 5, "null"}});
  EXPECT_THAT(event.removed, ElementsAre(300)) << "so that it is said again";
  EXPECT_EQ(awareness.local_state(), "{}");
  EXPECT_EQ(awareness.clock(300), 6u);
  apply({{300, 6, "null"}});
  EXPECT_EQ(awareness.clock(300), 7u);
  ASSERT_TRUE(awareness.set_local_state("null", now_ms));
  EXPECT_EQ(awareness.clock(300), 8u);
  EXPECT_EQ(awareness.local_state(), std::nullopt);
  event = apply({{300, 9, "null"}});
  EXPECT_EQ(awareness.clock(300), 9u) << "we have left indeed";
  const auto back = awareness.set_local_state("{}", now_ms);
  EXPECT_THAT(back->added, ElementsAre(300));
}

TEST_F(AwarenessTest, SetsOneField) {
  ASSERT_TRUE(awareness.set_local_state_field("b", "1", now_ms));
  ASSERT_TRUE(awareness.set_local_state_field("7", "[2]", now_ms));
  ASSERT_TRUE(awareness.set_local_state_field("b", "{ }", now_ms));
  EXPECT_EQ(awareness.local_state(), R"({"7":[2],"b":{}})");
  EXPECT_EQ(awareness.set_local_state_field("b", "{", now_ms).error().code, Code::kInvalid);
  EXPECT_EQ(awareness.set_local_state_field("\xff", "1", now_ms).error().code, Code::kInvalid);
  EXPECT_EQ(awareness.set_local_state_field(std::string(40, 'a'), "1", now_ms).error().code, Code::kLimit);
  EXPECT_EQ(awareness.clock(300), 3u);
  ASSERT_TRUE(awareness.set_local_state("[]", now_ms));
  EXPECT_EQ(awareness.set_local_state_field("b", "1", now_ms).error().code, Code::kInvalid);
  ASSERT_TRUE(awareness.set_local_state("null", now_ms));
  EXPECT_TRUE(awareness.set_local_state_field("b", "1", now_ms)->empty());
}

TEST_F(AwarenessTest, RenewsItselfAndForgetsTheSilent) {
  apply({{8, 1, "1"}, {7, 1, "1"}});
  EXPECT_EQ(awareness.next_tick_ms(), now_ms + kAwarenessTimeoutMs / 2);
  EXPECT_TRUE(awareness.tick(now_ms + kAwarenessTimeoutMs / 2 - 1).empty());
  now_ms += kAwarenessTimeoutMs / 2;
  AwarenessEvent event = awareness.tick(now_ms);
  EXPECT_THAT(event.updated, ElementsAre(300));
  EXPECT_FALSE(event.is_change());
  EXPECT_EQ(awareness.clock(300), 1u);
  apply({{7, 2, "1"}});
  now_ms += kAwarenessTimeoutMs / 2;
  event = awareness.tick(now_ms);
  EXPECT_THAT(event.updated, ElementsAre(300));
  EXPECT_THAT(event.removed, ElementsAre(8));
  EXPECT_THAT(event.clients(), ElementsAre(300, 8));
  EXPECT_EQ(awareness.clock(8), 1u);
  EXPECT_THAT(awareness.clients(), ElementsAre(300, 7));
  awareness.remove_states(awareness.clients(), now_ms);
  EXPECT_EQ(awareness.next_tick_ms(), std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(awareness.tick(now_ms + kAwarenessTimeoutMs).empty());
}

// A state that JavaScript takes for false counts as none: it is not renewed, and goes out as null.
TEST_F(AwarenessTest, AFalseStateIsNone) {
  ASSERT_TRUE(awareness.set_local_state("0", now_ms));
  EXPECT_EQ(awareness.local_state(), std::nullopt);
  EXPECT_EQ(awareness.state(300), "0");
  EXPECT_EQ(hex(), "01ac0201046e756c6c");
  EXPECT_EQ(awareness.next_tick_ms(), std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(awareness.tick(now_ms + kAwarenessTimeoutMs).empty());
}

TEST_F(AwarenessTest, HoldsItsLimits) {
  apply({{7, 1, "1"}, {8, 1, "1"}, {9, 1, "1"}});
  const Error crowd = refusal(update({{7, 2, "2"}, {10, 1, "1"}}));
  EXPECT_EQ(crowd.code, Code::kLimit);
  EXPECT_THAT(crowd.message, HasSubstr("more awareness clients than the limit of 4"));
  apply({{8, 1, "null"}});
  EXPECT_THAT(apply({{10, 1, "1"}}).added, ElementsAre(10)) << "who left makes room";
  EXPECT_EQ(awareness.clock(8), std::nullopt);

  EXPECT_EQ(refusal(update({{7, 2, "2"}, {7, 3, "\"" + std::string(39, 'a') + "\""}})).code, Code::kLimit);
  EXPECT_EQ(refusal(update({{7, 2, "2"}, {7, 3, "{"}})).code, Code::kInvalid);
  EXPECT_EQ(refusal(update({{7, 2, "\"\xff\""}})).code, Code::kInvalid);
  EXPECT_EQ(refusal(update({{7, 2, ""}})).code, Code::kInvalid);
  EXPECT_EQ(refusal(update({{7, kVarUintMax, "1"}})).code, Code::kInvalid);
  EXPECT_EQ(refusal(from_hex("01")).code, Code::kInvalid);
  EXPECT_EQ(refusal(from_hex("808080800801010130")).code, Code::kInvalid);
  EXPECT_EQ(awareness.encode_update(std::vector<uint64_t>{99}).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace symphony
