// Map entries that no client would write, where what Yjs does is odd as well.
#include <gtest/gtest.h>

#include <string>

#include "crdt/wire/craft_testing.h"
#include "crdt/wire/hex_testing.h"
#include "symphony/doc.h"

namespace symphony {
namespace {

using namespace craft;

Place entry_inside(uint64_t client, uint64_t clock, std::string_view sub) {
  return {0x20, Bits{0} + number(client) + number(clock) + string(sub)};
}

// An item goes into the middle of a text that is the value of a key: the key's value is then the second half,
// and when the map is deleted, Yjs deletes that half only. Nobody sees the first one.
TEST(OddMaps, AValueThatIsCutIsDeletedByHalf) {
  DocOptions options;
  options.gc = false;
  Doc doc(options);
  for (const Bits& input : {
           update({block(1, 0, {item(root("m"), type(1)), item(entry_inside(1, 0, "k"), type(1))})}),
           update(
               {block(9, 0, {item(entry_inside(1, 1, "x"), text("abc")), item(after(9, 1), embed("null"))})}),
           update({block(2, 0, {item(entry_inside(1, 0, "k"), type(1))})}),
       }) {
    ASSERT_TRUE(doc.apply_update(input));
    EXPECT_EQ(doc.check_invariants(), "");
  }
  EXPECT_EQ(to_hex(*doc.encode_state_as_update()),
            "03030900240001010178026162a409010163a50901046e756c6c01020027000100016b01020100070101"
            "6d0127000100016b01020901020201010101");  // as npm yjs 13.6.33 has it
  EXPECT_EQ(doc.to_json("m", TypeKind::kArray), R"([{"k":{}}])");
}

}  // namespace
}  // namespace symphony
