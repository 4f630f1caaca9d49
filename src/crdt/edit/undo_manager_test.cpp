#include "symphony/undo_manager.h"

#include <gtest/gtest.h>

#include "symphony/relative_position.h"

namespace symphony {
namespace {

Doc make_doc(uint64_t client_id) {
  DocOptions options;
  options.client_id = client_id;
  return Doc(options);
}

TEST(UndoManager, RevertsOwnEditsOnly) {
  Doc doc = make_doc(1);
  const Text text = *doc.get_text("t");
  uint64_t now = 1000;
  UndoOptions options;
  options.now_ms = [&] { return now; };
  UndoManager undo(doc, {text}, std::move(options));
  int added = 0;
  const Subscription on_added =
      undo.on_stack_item_added([&](const UndoManager::StackItemEvent& event) { event.meta["n"] = ++added; });
  double popped = 0;
  const Subscription on_popped = undo.on_stack_item_popped(
      [&](const UndoManager::StackItemEvent& event) { popped = event.meta.at("n").number; });
  ASSERT_TRUE(text.insert(0, "ab"));
  now += 100;
  ASSERT_TRUE(text.insert(2, "cd"));  // within the timeout: the same stack item
  now += 600;
  ASSERT_TRUE(text.remove(1, 2));
  Doc peer = make_doc(2);
  ASSERT_TRUE(peer.apply_update(*doc.encode_state_as_update()));
  ASSERT_TRUE(peer.get_text("t")->insert(1, "X"));
  ASSERT_TRUE(doc.apply_update(*peer.encode_state_as_update(), 9));
  EXPECT_EQ(text.to_string(), "aXd");
  EXPECT_EQ(added, 2);

  EXPECT_TRUE(*undo.undo());
  EXPECT_EQ(popped, 2);
  EXPECT_EQ(text.to_string(), "abcXd");
  EXPECT_TRUE(*undo.undo());
  EXPECT_EQ(text.to_string(), "X");
  EXPECT_FALSE(*undo.undo());
  EXPECT_TRUE(*undo.redo());
  EXPECT_TRUE(*undo.redo());
  EXPECT_EQ(text.to_string(), "aXd");
  EXPECT_EQ(doc.check_invariants(), "");
}

TEST(UndoManager, BringsNestedTypesBack) {
  Doc doc = make_doc(1);
  const Map map = *doc.get_map("m");
  UndoManager undo(doc, {map});
  ASSERT_TRUE(map.set_type<Text>("t")->insert(0, "deep"));
  undo.stop_capturing();
  ASSERT_TRUE(map.set("t", 1));
  EXPECT_TRUE(*undo.undo());
  EXPECT_EQ(map.to_json(), R"({"t":"deep"})");
  EXPECT_TRUE(*undo.redo());
  EXPECT_EQ(map.to_json(), R"({"t":1})");
  undo.clear();
  EXPECT_FALSE(undo.can_undo());
}

TEST(RelativePosition, StaysWhereItWasMeant) {
  Doc doc = make_doc(1);
  const Text text = *doc.get_text("t");
  ASSERT_TRUE(text.insert(0, "abcd"));
  const RelativePosition before_c = *create_relative_position(text, 2);
  const RelativePosition behind_b = *create_relative_position(text, 2, -1);
  const RelativePosition end = *create_relative_position(text, 4);
  ASSERT_TRUE(text.insert(2, "XY"));
  ASSERT_TRUE(text.insert(0, "__"));
  EXPECT_EQ(create_absolute_position(doc, before_c)->index, 6u);
  EXPECT_EQ(create_absolute_position(doc, behind_b)->index, 4u);
  EXPECT_EQ(create_absolute_position(doc, end)->index, 8u);
  EXPECT_EQ(create_absolute_position(doc, end)->type, text);
  for (const RelativePosition& position : {before_c, behind_b, end}) {
    const Buffer bytes = *encode_relative_position(position);  // an item without its type, as in Yjs
    EXPECT_EQ(decode_relative_position(bytes)->item, position.item);
    EXPECT_EQ(*encode_relative_position(*decode_relative_position(bytes)), bytes);
    EXPECT_EQ(*relative_position_from_json(relative_position_to_json(position)), position);
  }
  EXPECT_EQ(relative_position_to_json(behind_b), R"({"tname":"t","item":{"client":1,"clock":1},"assoc":-1})");
  Doc other = make_doc(2);
  EXPECT_EQ(create_absolute_position(other, before_c).error().code, Code::kNotFound);
  EXPECT_FALSE(decode_relative_position(Buffer{7}).has_value());
  EXPECT_FALSE(relative_position_from_json(R"({"item":{"client":-1,"clock":0}})").has_value());
}

}  // namespace
}  // namespace symphony
