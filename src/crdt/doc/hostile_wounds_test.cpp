// One good update with something of everything, wounded: cut short at every byte, and with every bit turned
// over, in both formats.
#include "crdt/doc/hostile_testing.h"
#include "symphony/update.h"

namespace symphony {
namespace {

using namespace craft;

// An update with something of everything.
Bits everything() {
  return update({block(9, 0,
                       {item(kText, craft::text("ab")),
                        item(between(after(9, 1), before(1, 0)), format("bold", "true")),
                        item(key("map", "k"), {crdt::kType, Bits{3} + string("p")}),
                        item(inside(9, 3), any({Bits{118, 1, 1, 97, 125, 5}, kAnyNull})), gc(3),
                        item(key("map", "b"), binary("123")), item(kText, json({string("1")})),
                        item(key("map", "d"), subdoc("guid", {118, 0}))})},
                {{1, {{0, 1}, {3, 1}}}});
}

Bits prefix(const Bits& whole, size_t size) {
  return {whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)};
}

TEST_F(Hostile, Truncations) {
  const Bits whole = everything();
  for (size_t size = 0; size < whole.size(); ++size) {
    refuses(("the first " + std::to_string(size) + " bytes").c_str(), prefix(whole, size), Code::kInvalid,
            "refused at byte");
  }
  refuses("a byte too many", whole + Bits{0}, Code::kInvalid, "bytes follow the delete set");
  takes("the whole", whole, false, "eloab");
}

TEST_F(Hostile, TruncationsOfV2) {
  const Bits whole = *convert_update_v1_to_v2(everything());
  const std::string before = state();
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto applied = doc.apply_update_v2(prefix(whole, size));
    ASSERT_FALSE(applied.has_value()) << size;
    EXPECT_EQ(applied.error().code, Code::kInvalid);
    EXPECT_NE(applied.error().message.find("v2 update refused"), std::string::npos);
    EXPECT_EQ(state(), before);
  }
  const auto longer = doc.apply_update_v2(whole + Bits{0});
  ASSERT_FALSE(longer.has_value());
  EXPECT_NE(longer.error().message.find("bytes follow the delete set"), std::string::npos);
  EXPECT_EQ(state(), before);
  ASSERT_TRUE(doc.apply_update_v2(whole));
  EXPECT_EQ(doc.to_text("text"), "eloab");
}

// Whatever bit turns over, in either format: refused without a trace, or taken by a document that stays
// sound.
TEST(HostileBits, LeaveNoTraceOrASoundDocument) {
  const Bits v1 = everything();
  const Bits v2 = *convert_update_v1_to_v2(v1);
  for (const bool second : {false, true}) {
    for (size_t bit = 0; bit < (second ? v2 : v1).size() * 8; ++bit) {
      Bits input = second ? v2 : v1;
      input[bit / 8] = static_cast<uint8_t>(input[bit / 8] ^ (1 << bit % 8));
      Doc doc;
      ASSERT_TRUE(doc.apply_update(update({block(1, 0, {item(kText, craft::text("hello"))})})));
      const Buffer before = *doc.encode_state_as_update();
      const auto applied = second ? doc.apply_update_v2(input) : doc.apply_update(input);
      if (!applied) {
        EXPECT_EQ(*doc.encode_state_as_update(), before);
      }
      ASSERT_EQ(doc.check_invariants(), "") << (second ? "v2" : "v1") << " bit " << bit;
    }
  }
}

}  // namespace
}  // namespace symphony
