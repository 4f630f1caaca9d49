#include "symphony/snapshot.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "crdt/wire/hex_testing.h"

namespace symphony {
namespace {

// Client 1 types "world!" and "hello " in front of it, deletes "world" and types an "x" in front. Everything
// here is as npm yjs 13.6 gives it.
const std::vector<std::string> kHistory{"010101000401017406776f726c642100", "010101064401000668656c6c6f2000",
                                        "000101010005", "0101010c440106017800"};
constexpr std::string_view kFirst = "00010106", kThird = "010101000501010c", kThirdV2 = "010101000401010c";

Doc document(bool gc = false) {
  DocOptions options;
  options.gc = gc;
  return Doc(options);
}

void feed(Doc& doc, std::string_view update) { ASSERT_TRUE(doc.apply_update(from_hex(update))); }

std::string restored(const Doc& doc, std::string_view snapshot) {
  const auto past = doc.restore(*decode_snapshot(from_hex(snapshot)));
  if (!past) return past.error().message;
  EXPECT_EQ(past->check_invariants(), "");
  return to_hex(*past->encode_state_as_update());
}

TEST(Snapshot, IsAMomentOfADocument) {
  Doc doc = document();
  EXPECT_EQ(doc.snapshot(), Snapshot());
  EXPECT_EQ(to_hex(encode_snapshot(doc.snapshot())), "0000");
  feed(doc, kHistory[0]);
  const Snapshot first = doc.snapshot();
  EXPECT_EQ(to_hex(encode_snapshot(first)), kFirst);
  EXPECT_EQ(to_hex(encode_snapshot_v2(first)), kFirst);
  feed(doc, kHistory[1]);
  feed(doc, kHistory[2]);
  const Snapshot third = doc.snapshot();
  EXPECT_EQ(to_hex(encode_snapshot(third)), kThird);
  EXPECT_EQ(to_hex(encode_snapshot_v2(third)), kThirdV2);
  EXPECT_NE(first, third);
  EXPECT_EQ(*decode_snapshot(from_hex(kThird)), third);
  EXPECT_EQ(*decode_snapshot_v2(from_hex(kThirdV2)), third);
}

TEST(Snapshot, BringsADocumentBack) {
  Doc doc = document();
  for (const std::string& update : kHistory) feed(doc, update);
  const std::string before = to_hex(*doc.encode_state_as_update());
  EXPECT_EQ(restored(doc, kFirst), "010101000401017406776f726c642100");
  EXPECT_EQ(restored(doc, kThird), "01030100010101740584010401214401000668656c6c6f200101010005");
  EXPECT_EQ(restored(doc, "0000"), "0000");
  EXPECT_EQ(to_hex(*doc.encode_state_as_update()), before);

  const auto past = doc.restore(*decode_snapshot(from_hex(kThird)));
  EXPECT_EQ(past->to_text("t"), "hello !");
}

TEST(Snapshot, CutsStructsWhereItEnds) {
  Doc doc = document();
  feed(doc, "01020200040101740661f09f98806208010161037d017d027d0300");   // "a😀b" and [1, 2, 3]
  EXPECT_EQ(restored(doc, "00010202"), "01010200040101740461efbfbd00");  // inside the pair
  EXPECT_EQ(restored(doc, "00010203"), "01010200040101740561f09f988000");
  EXPECT_EQ(restored(doc, "00010205"), "01020200040101740661f09f98806208010161017d0100");
  EXPECT_EQ(restored(doc, "00010206"), "01020200040101740661f09f98806208010161027d017d0200");
}

TEST(Snapshot, SaysWhyADocumentCannotBeBroughtBack) {
  Doc collects = document(true);
  feed(collects, kHistory[0]);
  EXPECT_THAT(restored(collects, kFirst), testing::HasSubstr("DocOptions::gc"));
  Doc other = document();
  feed(other, kHistory[0]);
  EXPECT_THAT(restored(other, kThird), testing::HasSubstr("more of client 1"));
  EXPECT_THAT(restored(other, "00010701"), testing::HasSubstr("more of client 7"));
  // A client twice, which no decoder gives.
  EXPECT_FALSE(other.restore(Snapshot{{{1, 1}, {1, 2}}, {}}));
}

TEST(Snapshot, KnowsWhatItContains) {
  const Snapshot third = *decode_snapshot(from_hex(kThird));
  for (size_t i = 0; i < kHistory.size(); ++i) {
    EXPECT_EQ(*snapshot_contains_update(third, from_hex(kHistory[i])), i < 3) << i;
  }
  const Snapshot first = *decode_snapshot(from_hex(kFirst));
  EXPECT_FALSE(*snapshot_contains_update(first, from_hex(kHistory[2])));  // a deletion that came later
  EXPECT_TRUE(*snapshot_contains_update_v2(first, from_hex("00000000000001000000000000")));
  EXPECT_FALSE(snapshot_contains_update(first, from_hex("0101")).has_value());
}

TEST(Snapshot, IsReadWithSuspicion) {
  for (const std::string_view whole : {kThird, kThirdV2}) {
    for (size_t digits = 0; digits < whole.size(); digits += 2) {
      EXPECT_FALSE(decode_snapshot(from_hex(whole.substr(0, digits)))) << digits;
      EXPECT_FALSE(decode_snapshot_v2(from_hex(whole.substr(0, digits)))) << digits;
    }
  }
  EXPECT_FALSE(decode_snapshot(from_hex("000000")));        // bytes behind it
  EXPECT_FALSE(decode_snapshot(from_hex("00ffffffff0f")));  // 2^32-1 clients
  EXPECT_FALSE(
      decode_snapshot(from_hex("00010180808080"
                               "10")));                     // clock 2^32
  EXPECT_FALSE(decode_snapshot(from_hex("010101000000")));  // a deletion without length
  // In any order; of a client that comes twice the last clock counts.
  EXPECT_EQ(to_hex(encode_snapshot(*decode_snapshot(from_hex("0102020501000203"
                                                             "0105"
                                                             "02070106")))),
            "01020200020501"
            "0202070106");
}

}  // namespace
}  // namespace symphony
