#include "symphony/doc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/prng.h"
#include "crdt/wire/craft_testing.h"
#include "crdt/wire/hex_testing.h"
#include "symphony/shared_types.h"

namespace symphony {
namespace {

std::string state(const Doc& doc) { return to_hex(*doc.encode_state_as_update()); }

Doc with(std::vector<std::string_view> updates, DocOptions options = {}) {
  Doc doc(options);
  for (const auto update : updates) {
    const auto applied = doc.apply_update(from_hex(update));
    EXPECT_TRUE(applied.has_value()) << (applied ? "" : applied.error().message);
    EXPECT_EQ(doc.check_invariants(), "");
  }
  return doc;
}

// Inputs and outputs as npm yjs 13.6 gives them.
constexpr std::string_view kBold =
    "010301000601017404626f6c64047472756584010002686986010204626f6c64046e756c6c00";

TEST(Doc, IsEmptyAtFirst) {
  const Doc doc;
  EXPECT_EQ(state(doc), "0000");
  EXPECT_EQ(to_hex(doc.encode_state_vector()), "00");
  EXPECT_EQ(doc.to_json("m", TypeKind::kMap), "{}");
  EXPECT_EQ(doc.to_json("a", TypeKind::kArray), "[]");
  EXPECT_EQ(doc.to_delta("t"), "[]");
  EXPECT_TRUE(doc.root_names().empty());
}

TEST(Doc, GivesBackYjssBytes) {
  for (const auto update :
       {"010201002101016d016b01a80100017d020101010001", "010301000401017401618101000184010101610101010101",
        "010101002901016d016401677601086175746f4c6f61647800"}) {
    EXPECT_EQ(state(with({update})), update);
  }
  EXPECT_EQ(state(with({kBold})), kBold);
}

TEST(Doc, ReadsTextMapAndDelta) {
  EXPECT_EQ(with({"010201002101016d016b01a80100017d020101010001"}).to_json("m", TypeKind::kMap),
            R"({"k":2})");
  const Doc bold = with({kBold});
  EXPECT_EQ(bold.to_text("t"), "hi");
  EXPECT_EQ(bold.to_delta("t"), R"([{"insert":"hi","attributes":{"bold":true}}])");
  EXPECT_EQ(bold.root_names(), std::vector<std::string>{"t"});
}

TEST(Doc, SplitsAPairIntoTwoReplacementCharacters) {
  // "a😀b", then "X" between the halves of the pair.
  const Doc doc =
      with({"01010100040101740661f09f988062"
            "00",
            "01010200c401010102015800"});
  EXPECT_EQ(doc.to_text("t"),
            "a\xef\xbf\xbdX\xef\xbf\xbd"
            "b");
}

TEST(Doc, SaysWhatToForward) {
  Doc doc;
  const Buffer first = from_hex(
      "01010100040101740161"
      "00");
  auto applied = doc.apply_update(first);
  ASSERT_TRUE(applied);
  EXPECT_TRUE(applied->changed && applied->forward && !applied->pending && applied->updates.empty());
  applied = doc.apply_update(first);
  ASSERT_TRUE(applied);
  EXPECT_FALSE(applied->changed || applied->forward || applied->pending);
  // One clock known, one new: only the new one is for the peers.
  applied =
      doc.apply_update(from_hex("0101010004010174026162"
                                "00"));
  ASSERT_TRUE(applied);
  EXPECT_TRUE(applied->changed && !applied->forward);
  ASSERT_EQ(applied->updates.size(), 1u);
  EXPECT_EQ(to_hex(applied->updates[0]), "01010101840100016200");
}

TEST(Doc, KeepsWhatMustWaitAndItsState) {
  Doc doc;
  // "b" of client 1 before "a".
  auto applied = doc.apply_update(from_hex("01010101840100016200"));
  ASSERT_TRUE(applied);
  EXPECT_TRUE(applied->pending && !applied->changed);
  EXPECT_TRUE(doc.has_pending());
  EXPECT_EQ(doc.to_text("t"), "");
  EXPECT_EQ(state(doc), "01010101840100016200");
  EXPECT_EQ(to_hex(doc.encode_state_vector()), "00");
  applied = doc.apply_update(from_hex("0101010004010174016100"));
  ASSERT_TRUE(applied);
  EXPECT_TRUE(applied->changed && !applied->pending && !applied->forward);
  EXPECT_FALSE(doc.has_pending());
  EXPECT_EQ(doc.to_text("t"), "ab");
  EXPECT_EQ(state(doc), "010101000401017402616200");
}

TEST(Doc, KeepsDeletesOfWhatIsUnknown) {
  Doc doc;
  auto applied = doc.apply_update(from_hex("000101010001"));
  ASSERT_TRUE(applied);
  EXPECT_TRUE(applied->pending);
  ASSERT_TRUE(doc.apply_update(from_hex("010101000401017402616200")));
  EXPECT_EQ(doc.to_text("t"), "b");
  EXPECT_FALSE(doc.has_pending());
}

TEST(Doc, DiffsAgainstAStateVector) {
  const Doc doc = with({"010101000401017402616200"});
  EXPECT_EQ(to_hex(*doc.encode_state_as_update(from_hex("010101"))), "01010101840100016200");
  EXPECT_EQ(to_hex(*doc.encode_state_as_update(from_hex("010102"))), "0000");
  EXPECT_FALSE(doc.encode_state_as_update(from_hex("01")));
  EXPECT_FALSE(doc.encode_state_as_update(from_hex("ffffffffff0f")));
}

// A limit for what comes in is none for what has been taken: the state may hold more than one update may
// bring.
TEST(Doc, EncodesMoreThanOneUpdateMayBring) {
  DocOptions options;
  options.limits.update_structs_max = 1;
  Doc doc(options);
  for (const auto update : {"0101010004010174016100", "0101020004010174016200", "0101030004010174016300",
                            "01010401840400016400"}) {
    ASSERT_TRUE(doc.apply_update(from_hex(update)));
  }
  ASSERT_TRUE(doc.has_pending());
  Doc copy;
  ASSERT_TRUE(copy.apply_update(*doc.encode_state_as_update()));
  EXPECT_EQ(copy.to_text("t"), "abc");
  EXPECT_TRUE(copy.has_pending());
}

// An update merged of two with a gap in between: the first part's dependency comes before what fills the gap.
// Yjs remembers only what fills the gap, and both updates wait for ever.
TEST(Doc, WhatWaitsForTwoThingsIsTriedWhenTheFirstHasCome) {
  const Doc doc =
      with({"030280808080802000440100053132333435c48080808080200180808080802002053132333435010200040104746578"
            "7402c3a9"
            "0101034480808080802000016100",
            "0102010004010474657874026263c4808080808020040100016100"});
  EXPECT_FALSE(doc.has_pending());
}

TEST(Doc, DeepNestingCostsNoStack) {
  // 50,000 arrays, each inside the one before, then the outermost deleted.
  Doc doc;
  Buffer update{1};
  const auto var = [&](uint64_t v) {
    while (v >= 0x80) {
      update.push_back(static_cast<uint8_t>(v) | 0x80);
      v >>= 7;
    }
    update.push_back(static_cast<uint8_t>(v));
  };
  constexpr uint64_t kDepth = 50000;
  var(kDepth);
  var(1);
  var(0);
  update.insert(update.end(), {0x07, 0x01, 0x01, 'a', 0x00});
  for (uint64_t i = 1; i < kDepth; ++i) {
    update.insert(update.end(), {0x07, 0x00, 0x01});
    var(i - 1);
    update.push_back(0x00);
  }
  update.push_back(0);
  ASSERT_TRUE(doc.apply_update(update));
  EXPECT_EQ(doc.check_invariants(), "");
  EXPECT_FALSE(doc.to_json("a", TypeKind::kArray).empty());
  ASSERT_TRUE(doc.apply_update(from_hex("000101010001")));
  EXPECT_EQ(doc.to_json("a", TypeKind::kArray), "[]");
  EXPECT_EQ(doc.check_invariants(), "");
}

// Typing by several clients in turn: every update is one character at the end of the client's own run. The
// runs merge into one item each, and the text arena does not grow with the square of the work.
TEST(Doc, MergesInterleavedTyping) {
  Doc doc;
  constexpr int kClients = 3;
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    for (uint8_t client = 1; client <= kClients; ++client) {
      Buffer update{1, 1, client};
      const auto var = [&](unsigned v) {
        while (v >= 0x80) {
          update.push_back(static_cast<uint8_t>(v) | 0x80);
          v >>= 7;
        }
        update.push_back(static_cast<uint8_t>(v));
      };
      var(static_cast<unsigned>(round));
      if (round == 0) {
        update.insert(update.end(), {0x04, 0x01, 0x01, 't', 0x01, 'a'});
      } else {
        update.insert(update.end(), {0x84, client});
        var(static_cast<unsigned>(round - 1));
        update.insert(update.end(), {0x01, static_cast<uint8_t>('a' + round % 26)});
      }
      update.push_back(0);
      const auto applied = doc.apply_update(update);
      ASSERT_TRUE(applied.has_value()) << applied.error().message;
      ASSERT_TRUE(applied->forward);
    }
  }
  EXPECT_EQ(doc.check_invariants(), "");
  EXPECT_EQ(doc.to_text("t").size(), static_cast<size_t>(kClients * kRounds));
  EXPECT_LT(doc.encode_state_as_update()->size(), static_cast<size_t>(kClients * kRounds + 64));
  EXPECT_LT(doc.memory_bytes(), 64u << 10);
}

// A mark that is taken back at once, and a letter: what a Y.Doc does with it depends on what it knows to be a
// text.
TEST(Doc, CleansTheFormattingOfWhatItKnowsToBeAText) {
  using namespace craft;
  const Bits in_root =
      update({block(1, 0,
                    {item(root("t"), format("bold", "true")), item(after(1, 0), format("bold", "null")),
                     item(after(1, 1), text("x"))})});
  const auto updates = [](Doc& doc, const Bits& input) {
    std::vector<std::string> out;
    const auto applied = doc.apply_update(input);
    EXPECT_TRUE(applied.has_value());
    for (const Buffer& one : applied->updates) out.push_back(to_hex(one));
    return out;
  };
  DocOptions options;
  options.forward_input = false;
  Doc untyped(options);
  EXPECT_EQ(updates(untyped, in_root), std::vector<std::string>{to_hex(in_root)});
  Doc typed(options);
  ASSERT_TRUE(typed.get_text("t"));
  EXPECT_EQ(updates(typed, in_root), (std::vector<std::string>{to_hex(in_root), "000101010002"}));
  Doc late(options);
  updates(late, in_root);
  ASSERT_TRUE(late.get_text("t"));
  EXPECT_EQ(updates(late, update({block(1, 3, {item(after(1, 2), text("y"))})})).size(), 1u)
      << "formatting from before does not count";

  // A text inside an array is known to be one.
  const Bits array = update({block(1, 0, {item(root("a"), type(2))})});
  const Bits nested =
      update({block(1, 1,
                    {item(inside(1, 0), format("bold", "true")), item(after(1, 1), format("bold", "null")),
                     item(after(1, 2), text("x"))})});
  Doc doc(options);
  updates(doc, array);
  EXPECT_EQ(updates(doc, nested).size(), 2u);
  options.format_cleanup = false;
  Doc never(options);
  ASSERT_TRUE(never.get_text("t"));
  EXPECT_EQ(updates(never, array).size(), 1u);
  EXPECT_EQ(updates(never, nested).size(), 1u);
}

// The same updates in any order, some twice, end in the same bytes.
TEST(Doc, ConvergesInAnyOrder) {
  const std::vector<std::string> updates{
      "0101010004010174016100",  // 1: "a"
      "01010101840100016200",    // 1: "b" behind it
      "0101020084010001"
      "7800",  // 2: "x" behind "a"
      "0101020181"
      "0200"
      "0300",  // 2: three deleted characters behind "x"
      "010103002801016d016b01770176"
      "00",  // 3: m.k = "v"
      "010104002801016d016b01770177"
      "00",  // 4: m.k = "w"
      "0101030107010161"
      "00"
      "00",  // 3: an array in the root "a"
      "0101030208000301"
      "017d01"
      "00",  // 3: 1 in it
      "0001010100"
      "01",            // "a" is deleted
      "000103010101",  // the array is deleted
  };
  std::string expected;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Prng random(seed);
    std::vector<std::string> order = updates;
    for (int i = 0; i < 3; ++i) order.push_back(updates[random.below(updates.size())]);
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    Doc doc;
    for (const auto& update : order) {
      const auto applied = doc.apply_update(from_hex(update));
      ASSERT_TRUE(applied.has_value()) << update << ": " << applied.error().message;
      ASSERT_EQ(doc.check_invariants(), "");
    }
    EXPECT_FALSE(doc.has_pending());
    if (expected.empty()) expected = state(doc);
    EXPECT_EQ(state(doc), expected);
  }
}

}  // namespace
}  // namespace symphony
