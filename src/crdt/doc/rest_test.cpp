#include <gtest/gtest.h>

#include "base/prng.h"
#include "base/varint.h"
#include "crdt/wire/hex_testing.h"
#include "symphony/shared_types.h"

namespace symphony {
namespace {

Doc editor(uint64_t client_id) {
  DocOptions options;
  options.client_id = client_id;
  return Doc(options);
}

// A document that rests now and then says the same as one that never does, whatever is asked first when it
// wakes.
class RestAs : public testing::TestWithParam<Doc::Rest> {};

TEST_P(RestAs, ChangesNothing) {
  const uint64_t seed = 11;
  SCOPED_TRACE(seed);
  Prng random(seed);
  Doc writers[] = {editor(1), editor(2)};
  Doc awake;
  Doc resting;
  int rests = 0;
  Buffer early_vector = awake.encode_state_vector();
  const Buffer nothing = {0, 0};
  for (int step = 0; step < 1500; ++step) {
    Doc& writer = writers[random.below(2)];
    std::vector<Buffer> updates;
    const Subscription emitted = writer.on_update(
        [&](Bytes update, const TransactionInfo&) { updates.emplace_back(update.begin(), update.end()); });
    Text text = *writer.get_text("text");
    Map map = *writer.get_map("map");
    switch (random.below(5)) {
      case 0:
        ASSERT_TRUE(map.set("key" + std::to_string(random.below(5)), static_cast<double>(step)));
        break;
      case 1:
        if (text.length() > 0) {
          ASSERT_TRUE(text.remove(static_cast<uint32_t>(random.below(text.length())), 1));
        }
        break;
      default:
        ASSERT_TRUE(text.insert(static_cast<uint32_t>(random.below(text.length() + 1)),
                                random.below(9) ? "word" : "\u00e4"));
    }
    for (const Buffer& update : updates) {
      ASSERT_TRUE(awake.apply_update(update));
      const auto applied = resting.apply_update(update);
      ASSERT_TRUE(applied);
      EXPECT_TRUE(applied->changed);
    }
    if (random.below(3) == 0) {
      Doc& other = &writer == &writers[0] ? writers[1] : writers[0];
      ASSERT_TRUE(other.apply_update(*awake.encode_state_as_update(other.encode_state_vector())));
    }
    if (random.below(4) != 0) continue;
    ASSERT_TRUE(resting.rest(GetParam()));
    ASSERT_TRUE(resting.rests());
    ++rests;
    switch (random.below(5)) {
      case 0:
        EXPECT_EQ(resting.encode_state_vector(), awake.encode_state_vector());
        ASSERT_EQ(to_hex(*resting.encode_state_as_update()), to_hex(*awake.encode_state_as_update()));
        EXPECT_TRUE(resting.rests());
        break;
      case 1:
        EXPECT_EQ(to_hex(*resting.encode_state_as_update(early_vector)),
                  to_hex(*awake.encode_state_as_update(early_vector)));
        EXPECT_FALSE(resting.encode_state_as_update(Buffer{0x01, 0x02}));  // cut short
        EXPECT_TRUE(resting.rests());
        early_vector = awake.encode_state_vector();
        break;
      case 2: {
        const auto applied = resting.apply_update(nothing);
        ASSERT_TRUE(applied);
        EXPECT_FALSE(applied->changed || applied->pending || applied->forward);
        EXPECT_TRUE(resting.rests());
        break;
      }
      case 3:
        EXPECT_EQ(resting.to_text("text"), awake.to_text("text"));
        break;
      default:
        break;  // the next update wakes it
    }
  }
  EXPECT_GT(rests, 100);
  EXPECT_EQ(*resting.encode_state_as_update(), *awake.encode_state_as_update());
  EXPECT_EQ(resting.check_invariants(), "");
}

INSTANTIATE_TEST_SUITE_P(Doc, RestAs, testing::Values(Doc::Rest::kSmallest, Doc::Rest::kQuickest));

// Diffs of a document that rests, for vectors that cut through its structs and name strangers.
TEST_P(RestAs, AnswersAnyStateVectorWithTheSameBytes) {
  Prng random(5);
  Doc awake;
  for (uint64_t client : {1u, 2u, 70000u}) {
    Doc writer = editor(client);
    Text text = *writer.get_text("text");
    Array array = *writer.get_array("array");
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(text.insert(static_cast<uint32_t>(random.below(text.length() + 1)), "some \u00fc words"));
      ASSERT_TRUE(array.insert(0, {Value(static_cast<double>(i)), Value("w")}));
      if (i % 4 == 0) {
        ASSERT_TRUE(text.remove(static_cast<uint32_t>(random.below(text.length())), 1));
      }
    }
    ASSERT_TRUE(awake.apply_update(*writer.encode_state_as_update()));
  }
  Doc resting;
  ASSERT_TRUE(resting.apply_update(*awake.encode_state_as_update()));
  ASSERT_TRUE(resting.rest(GetParam()));
  for (int round = 0; round < 500; ++round) {
    Buffer vector;
    Writer out(vector);
    const uint64_t named[] = {90000, 70000, 3, 2, 1};
    out.var_uint(std::size(named));
    for (const uint64_t client : named) {
      out.var_uint(client);
      out.var_uint(random.below(900));
    }
    ASSERT_EQ(to_hex(*resting.encode_state_as_update(vector)), to_hex(*awake.encode_state_as_update(vector)));
  }
  EXPECT_TRUE(resting.rests());
}

TEST(Rest, TakesLessMemoryAndNotWhatIsInUse) {
  Doc writer = editor(1);
  Text text = *writer.get_text("text");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(text.insert(static_cast<uint32_t>(i * 7 % (i + 1)), "x"));
  EXPECT_FALSE(writer.rest());  // it is edited here

  Doc copy;
  ASSERT_TRUE(copy.apply_update(*writer.encode_state_as_update()));
  const size_t loaded = copy.memory_bytes();
  ASSERT_TRUE(copy.rest());
  EXPECT_LT(copy.memory_bytes() * 2, loaded);

  Doc waits;  // the second edit without the first
  const Buffer first = writer.encode_state_vector();
  ASSERT_TRUE(text.insert(0, "y"));
  const Buffer second = writer.encode_state_vector();
  ASSERT_TRUE(text.insert(0, "z"));
  ASSERT_TRUE(waits.apply_update(*writer.encode_state_as_update(second)));
  EXPECT_TRUE(waits.has_pending());
  EXPECT_FALSE(waits.rest());
}

}  // namespace
}  // namespace symphony
