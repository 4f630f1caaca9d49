#include <gtest/gtest.h>

#include "symphony/shared_types.h"

namespace symphony {
namespace {

// Three keys of one client, the second of which never arrives; then text behind a gap that depends on it.
class BehindGaps : public ::testing::Test {
 protected:
  BehindGaps() {
    DocOptions options;
    options.client_id = 7;
    Doc writer(options);
    const Subscription emitted = writer.on_update(
        [&](Bytes update, const TransactionInfo&) { updates.emplace_back(update.begin(), update.end()); });
    const Map map = *writer.get_map("map");
    const Text text = *writer.get_text("text");
    EXPECT_TRUE(map.set("a", 1.0) && map.set("b", 2.0) && map.set("c", 3.0));
    EXPECT_TRUE(text.insert(0, "x") && text.insert(1, "y") && text.insert(0, "z"));
  }

  // The document that got the updates with these numbers.
  Doc with(std::initializer_list<size_t> arrived, bool show) const {
    DocOptions options;
    options.show_behind_gaps = show;
    Doc doc(options);
    for (const size_t i : arrived) EXPECT_TRUE(doc.apply_update(updates[i]));
    return doc;
  }

  std::vector<Buffer> updates;
};

TEST_F(BehindGaps, AreParkedAsInYjs13) {
  const Doc doc = with({0, 2}, false);
  EXPECT_EQ(doc.to_json("map", TypeKind::kMap), R"({"a":1})");
}

TEST_F(BehindGaps, AreShownAsInYjs14) {
  Doc doc = with({0, 2}, true);
  EXPECT_EQ(doc.to_json("map", TypeKind::kMap), R"({"a":1,"c":3})");
  EXPECT_TRUE(doc.has_pending());
  // What is encoded is the same in both, and so is what is known.
  const Doc parked = with({0, 2}, false);
  EXPECT_EQ(*doc.encode_state_as_update(), *parked.encode_state_as_update());
  EXPECT_EQ(doc.encode_state_vector(), parked.encode_state_vector());
  // The gap closes.
  ASSERT_TRUE(doc.apply_update(updates[1]));
  EXPECT_EQ(doc.to_json("map", TypeKind::kMap), R"({"a":1,"b":2,"c":3})");
  EXPECT_FALSE(doc.has_pending());
}

TEST_F(BehindGaps, HideWhatDependsOnThem) {
  // "y" was typed behind the missing "x", and "z" before it.
  const Doc doc = with({0, 1, 2, 4, 5}, true);
  EXPECT_EQ(doc.to_text("text"), "");
  EXPECT_EQ(doc.to_json("map", TypeKind::kMap), R"({"a":1,"b":2,"c":3})");
}

TEST_F(BehindGaps, UpdatesArePassedOnAtOnce) {
  DocOptions options;
  options.show_behind_gaps = true;
  Doc doc(options);
  const auto early = doc.apply_update(updates[2]);
  ASSERT_TRUE(early);
  EXPECT_TRUE(early->pending && early->forward && !early->changed);
}

}  // namespace
}  // namespace symphony
