#include "crdt/wire/update_v2.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "crdt/wire/hex_testing.h"
#include "symphony/doc.h"
#include "symphony/update.h"

namespace symphony {
namespace {

std::string to_v1(std::string_view hex, const DocLimits& limits = {}) {
  const auto v1 = convert_update_v2_to_v1(from_hex(hex), limits);
  return v1 ? to_hex(*v1) : v1.error().message;
}

std::string to_v2(std::string_view hex) {
  const auto v2 = convert_update_v1_to_v2(from_hex(hex));
  return v2 ? to_hex(*v2) : v2.error().message;
}

// An update made of its columns, all of them hex.
struct Columns {
  std::string keys = "", clients = "", lefts = "", rights = "", infos = "", strings = "00", parents = "",
              types = "", lengths = "";
};

std::string v2(const Columns& c, std::string_view rest) {
  std::string out = "00";
  for (const std::string* column :
       {&c.keys, &c.clients, &c.lefts, &c.rights, &c.infos, &c.strings, &c.parents, &c.types, &c.lengths}) {
    out += to_hex(Buffer{static_cast<uint8_t>(column->size() / 2)}) + *column;
  }
  return out.append(rest);
}

// The same update in both formats, as npm yjs 13.6 converts it in both directions.
constexpr std::pair<std::string_view, std::string_view> kBoth[] = {
    {"0000", "00000000000001000000000000"},
    {"010201002101016d016b01880100017d020101010001",
     "00000241000100000321008805026d6b41000101000241000102007d020101010000"},
    {"010301000401017401618101000184010101610101010101",
     "0000024101020002000504008100840603746161410101010001010103000101010100"},
    {"010301000601017404626f6c64047472756584010002686986010204626f6c64046e756c6c00",
     "0002000202410102000400050600840086100b74626f6c646869626f6c640104020401010000010300787e00"},
    {"010101002901016d016401677601086175746f4c6f61647800",
     "000001010000012906036d64674101010100000101007601086175746f4c6f61647800"},
    {"010401000601017404626f6c6404747275658401000378797a86010304626f6c64046e756c6c0701016603017000",
     "0003000300024101020006000706008400860007150e74626f6c6478797a626f6c6466700104030441000101010300010400787"
     "e00"},
};

TEST(UpdateV2, IsTheOtherFormOfV1) {
  for (const auto& [one, two] : kBoth) {
    EXPECT_EQ(to_v2(one), two);
    EXPECT_EQ(to_v1(two), one);
  }
  // As a document writes the map entry: with the key flag beside an origin, which is lost on reading.
  EXPECT_EQ(to_v2("010201002101016d016b01a80100017d020101010001"), kBoth[1].second);
}

TEST(UpdateV2, ReadsKeysByReference) {
  // The bold text from above; both marks have key 0.
  EXPECT_EQ(to_v1(v2({.keys = "0100",
                      .clients = "4101",
                      .lefts = "0004",
                      .infos = "0600840086",
                      .strings = "0774626f6c646869010402",
                      .parents = "01"},
                     "010300787e00")),
            kBoth[3].first);
}

TEST(UpdateV2, CutsStringsByUtf16Units) {
  // "a" and the two halves of one pair, typed the wrong way round: Yjs writes both halves as U+FFFD.
  EXPECT_EQ(to_v1("0000024100000100030400440a067461f09f98800102010101000001020000"),
            "01020100040101740461efbfbd44010003efbfbd00");
}

TEST(UpdateV2, RefusesWhatV1CannotSay) {
  const auto cannot = testing::HasSubstr("v1 cannot express");
  EXPECT_THAT(to_v1("000001010000010503017401010100000101007f00"), cannot);
  EXPECT_THAT(to_v1("00000101000001050301740101010000010100760101617a000000000000000100"), cannot);
  Doc doc;
  EXPECT_FALSE(doc.apply_update_v2(from_hex("000001010000010503017401010100000101007f00")));
  EXPECT_EQ(to_hex(*doc.encode_state_as_update()), "0000");
}

TEST(UpdateV2, RefusesWhatIsMalformed) {
  for (const auto& [unused, whole] : kBoth) {
    for (size_t bytes = 0; bytes < whole.size() / 2; ++bytes) {
      EXPECT_THAT(to_v1(whole.substr(0, bytes * 2)), testing::StartsWith("v2 update refused: "))
          << bytes << " of " << whole;
    }
  }
  for (const auto& [hex, why] : std::vector<std::pair<std::string, std::string>>{
           {std::string(kBoth[0].second) + "00", "bytes follow"},
           {v2({.clients = "01", .infos = "20", .lengths = "03"}, "01010000"), "GC or Skip"},
           {v2({.clients = "01", .infos = "00", .lengths = "00"}, "01010000"), "no length"},
           {v2({.clients = "01", .infos = "00", .lengths = "01"}, "0101ffffffff0f00"), "past 2^32-1"},
           {v2({.clients = "4100", .infos = "00", .lengths = "4100"}, "020100010500"), "two blocks"},
           {v2({.clients = "01", .infos = "0b", .strings = "017401", .parents = "01"}, "01010000"),
            "content ref"},
           {v2({.clients = "01", .infos = "07", .strings = "017401", .parents = "01", .types = "08"},
               "01010000"),
            "unknown shared type"},
           {v2({.clients = "4100", .lefts = "00", .infos = "84", .strings = "016101"}, "01010000"),
            "own future"},
           {v2({.clients = "01", .infos = "04", .strings = "01740102", .parents = "01"}, "01010000"),
            "too early"},
       }) {
    EXPECT_THAT(to_v1(hex), testing::HasSubstr(why)) << hex;
  }
}

// Two billion GC structs in 27 bytes.
TEST(UpdateV2, IsNotBlownUpByRuns) {
  const std::string bomb =
      v2({.clients = "01", .infos = "00", .lengths = "418080808008"}, "0180808080080000");
  EXPECT_EQ(bomb.size() / 2, 27u);
  EXPECT_THAT(to_v1(bomb), testing::HasSubstr("more structs than the limit"));
  DocLimits limits;
  limits.update_structs_max = ~size_t{0};
  limits.update_bytes_max = 1000;
  EXPECT_THAT(to_v1(bomb, limits), testing::HasSubstr("more bytes than the limit"));
}

TEST(UpdateV2, IsAppliedAndWritten) {
  Doc doc;
  // A map entry that is overwritten: an entry of a document keeps its key flag beside an origin.
  const auto first = doc.apply_update_v2(from_hex(kBoth[1].second));
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->forward);
  ASSERT_EQ(first->updates.size(), 1u);
  EXPECT_EQ(to_hex(first->updates[0]), kBoth[1].first);
  EXPECT_EQ(to_hex(*doc.encode_state_as_update()), "010201002101016d016b01a80100017d020101010001");
  EXPECT_EQ(to_hex(*doc.encode_state_as_update_v2()),
            "0000024100010000032100a805026d6b41000101000241000102007d020101010000");
  EXPECT_EQ(to_hex(*doc.encode_state_as_update_v2(from_hex("010102"))), "0000000000000100000000000101010000");
}

}  // namespace
}  // namespace symphony
