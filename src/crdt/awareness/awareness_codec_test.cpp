#include "crdt/awareness/awareness_codec.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace symphony {
namespace {

std::string as_text(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// What encodeAwarenessUpdate of npm y-protocols writes for client 300 at clock 7 with {"a":1}.
const Buffer kOneState = {1, 0xac, 0x02, 7, 7, '{', '"', 'a', '"', ':', '1', '}'};

TEST(AwarenessCodec, ReadsAndWritesWhatYProtocolsWrites) {
  std::vector<AwarenessEntry> entries;
  ASSERT_TRUE(decode_awareness(kOneState, entries));
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].client, 300u);
  EXPECT_EQ(entries[0].clock, 7u);
  EXPECT_EQ(as_text(entries[0].state), "{\"a\":1}");
  Buffer again;
  encode_awareness(again, entries);
  EXPECT_EQ(again, kOneState);

  ASSERT_TRUE(decode_awareness(Buffer{0}, entries));
  EXPECT_TRUE(entries.empty());
}

TEST(AwarenessCodec, RefusesEveryTruncationAndExcess) {
  std::vector<AwarenessEntry> entries;
  for (size_t size = 0; size < kOneState.size(); ++size) {
    EXPECT_FALSE(decode_awareness(Bytes(kOneState).first(size), entries)) << size;
  }
  Buffer longer = kOneState;
  longer.push_back(0);
  EXPECT_FALSE(decode_awareness(longer, entries));
}

TEST(AwarenessCodec, AbsurdCountsCostNothing) {
  std::vector<AwarenessEntry> entries;
  const Buffer count_of_2_pow_50 = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02, 1, 1, 0};
  EXPECT_FALSE(decode_awareness(count_of_2_pow_50, entries));
  EXPECT_EQ(entries.capacity(), 0u);
}

TEST(AwarenessCodec, OnlyTheWordNullMeansGone) {
  EXPECT_TRUE(is_null_state(as_bytes("null")));
  EXPECT_FALSE(is_null_state(as_bytes("nul")));
  EXPECT_FALSE(is_null_state(as_bytes("nulls")));
  EXPECT_FALSE(is_null_state(as_bytes("\"null\"")));
  EXPECT_FALSE(is_null_state({}));
}

}  // namespace
}  // namespace symphony
