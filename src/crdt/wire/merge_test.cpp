#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "base/prng.h"
#include "crdt/wire/hex_testing.h"
#include "symphony/update.h"

namespace symphony {
namespace {

using Merge = Result<Buffer> (*)(std::span<const Bytes>, const DocLimits&);

std::string merged(const std::vector<std::string>& hexes, Merge merge = merge_updates) {
  std::vector<Buffer> updates;
  for (const std::string& hex : hexes) updates.push_back(from_hex(hex));
  const auto result = merge(std::vector<Bytes>(updates.begin(), updates.end()), {});
  return result ? to_hex(*result) : result.error().message;
}

// Client 1 types "a" and "b", deletes the a, and types "c"; inputs and outputs as npm yjs 13.6 gives them.
const std::vector<std::string> kTyped{
    "01010100040101740161"
    "00",
    "0101010184010001"
    "6200",
    "000101010001",
    "0101010284010101"
    "6300"};
constexpr std::string_view kTogether = "01030100040101740161840100016284010101630101010001";

TEST(Merge, GivesWhatYjsGives) {
  EXPECT_EQ(merged({}), "0000");
  EXPECT_EQ(merged({kTyped[0]}), kTyped[0]);
  EXPECT_EQ(merged(kTyped), kTogether);
  EXPECT_EQ(merged({kTyped[3], kTyped[2], kTyped[1], kTyped[0]}), kTogether);
  EXPECT_EQ(merged({kTyped[3], kTyped[0]}), "010301000401017401610a01840101016300");
  EXPECT_EQ(merged({kTyped[0], std::string(kTogether), kTyped[1]}), kTogether);
}

TEST(Merge, WorksOnV2) {
  const std::vector<std::string> typed{"00000101000001040502746141000101000001010000",
                                       "000002410001020001840301630100000001010200"};
  EXPECT_EQ(merged({typed[0]}, merge_updates_v2), typed[0]);
  EXPECT_EQ(merged(typed, merge_updates_v2), "00000241000102000504000a008406037461634101010100000103000100");
}

// Yjs says of an item and a GC at one clock that each goes before the other.
TEST(Merge, ChoosesBetweenAnItemAndItsGcAsYjsDoes) {
  const std::string item =
                        "0101010004010174036162"
                        "6300",
                    gc = "010101000003"
                         "00",
                    short_gc = "01010100000200";
  EXPECT_EQ(merged({item, gc}), gc);
  EXPECT_EQ(merged({gc, item}), item);
  EXPECT_EQ(merged({short_gc, item}), item);
  EXPECT_EQ(merged({item, short_gc, item}), item);
  EXPECT_EQ(merged({gc, item, short_gc}), gc);
}

TEST(Merge, SaysWhichUpdateIsMalformed) {
  EXPECT_THAT(merged({kTyped[0], "0101", kTyped[1]}), testing::HasSubstr("of 3 updates, number 1: "));
  EXPECT_THAT(merged({"00"}), testing::HasSubstr("refused"));
}

TEST(Merge, PutsBlocksInOrder) {
  const std::string high = "0101020004010174016200", low = "0101010004010174016100";
  const std::string both = "0201020004010174016201010004010174016100";
  EXPECT_EQ(merged({low, high}), both);
  // No Yjs writes the lower client first.
  EXPECT_EQ(merged({"0201010004010174016101020004010174016200", high}), both);
  EXPECT_THAT(merged({"0201010004010174016101010104010174016200", high}), testing::HasSubstr("two blocks"));
}

// Many updates in any order say what they say in order.
TEST(Merge, TakesAnyOrder) {
  const uint64_t seed = 7;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::vector<std::string> updates;
  for (unsigned i = 0; i < 100; ++i) {
    const Buffer clock{static_cast<uint8_t>(i)};
    updates.push_back("010101" + to_hex(clock) +
                      (i == 0 ? "04010174" : "8401" + to_hex(Buffer{static_cast<uint8_t>(i - 1)})) +
                      "017800");
  }
  const std::string in_order = merged(updates);
  EXPECT_EQ(in_order.size() / 2, 3 + 1 + 6 + 99 * 5 + 1u);
  Prng random(seed);
  for (int round = 0; round < 20; ++round) {
    for (size_t i = updates.size(); i > 1; --i) std::swap(updates[i - 1], updates[random.below(i)]);
    EXPECT_EQ(merged(updates), in_order);
  }
}

TEST(Diff, LeavesOutWhatIsKnown) {
  const Buffer all = from_hex(kTogether);
  EXPECT_EQ(to_hex(*diff_update(all, from_hex("010102"))), "0101010284010101630101010001");
  EXPECT_EQ(to_hex(*diff_update(all, from_hex("00"))), kTogether);
  EXPECT_EQ(to_hex(*diff_update(all, from_hex("010103"))), "000101010001");
  // Inside a struct, and behind a hole.
  EXPECT_EQ(to_hex(*diff_update(from_hex("0101010004010174036162"
                                         "6300"),
                                from_hex("010101"))),
            "01010101840100026263"
            "00");
  EXPECT_EQ(to_hex(*diff_update(from_hex("010301000401017401610a01840101016300"), from_hex("010101"))),
            "0101010284010101"
            "6300");
  EXPECT_FALSE(diff_update(all, from_hex("01")));
  EXPECT_EQ(to_hex(*diff_update_v2(*convert_update_v1_to_v2(all), from_hex("010102"))),
            "00000241000102000184030163010000000101020101010000");
}

TEST(StateVectorFromUpdate, StopsAtTheFirstHole) {
  const auto vector = [](std::string_view hex) { return to_hex(*state_vector_from_update(from_hex(hex))); };
  EXPECT_EQ(vector("0000"), "00");
  EXPECT_EQ(vector(kTogether), "010103");
  EXPECT_EQ(vector("010301000401017401610a01840101016300"), "010101");
  EXPECT_EQ(vector(kTyped[3]), "00");
  EXPECT_EQ(vector("010205000a0304010174016100"), "00");  // Yjs counts a hole at the very beginning
  EXPECT_EQ(to_hex(*state_vector_from_update_v2(*convert_update_v1_to_v2(from_hex(kTogether)))), "010103");
}

TEST(UpdateMeta, SaysFromWhereToWhere) {
  const auto meta = update_meta(from_hex("0201020004010174016201010104010174016100"));
  ASSERT_TRUE(meta.has_value());
  EXPECT_THAT(*meta, testing::ElementsAre(ClientRange{2, 0, 1}, ClientRange{1, 1, 2}));
  EXPECT_EQ(*update_meta_v2(*convert_update_v1_to_v2(from_hex(kTogether))),
            (std::vector<ClientRange>{{1, 0, 3}}));
  EXPECT_TRUE(update_meta(from_hex("0000"))->empty());
  EXPECT_FALSE(update_meta(from_hex("00")));
}

}  // namespace
}  // namespace symphony
