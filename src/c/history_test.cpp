// Undo, places, snapshots and events through the C interface: that they are handed through.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "symphony/c.h"

namespace {

std::string text_and_free(symphony_buffer& buffer) {
  std::string text(reinterpret_cast<const char*>(buffer.data), buffer.size);
  symphony_buffer_free(&buffer);
  return text;
}

class CHistory : public ::testing::Test {
 protected:
  CHistory() {
    symphony_doc_options options = symphony_doc_options_default();
    options.has_client_id = true;
    options.client_id = 1;
    options.gc = false;
    doc = symphony_doc_new(&options);
    EXPECT_EQ(symphony_doc_get(doc, "t", 1, SYMPHONY_TEXT, &text, &error), SYMPHONY_OK);
    EXPECT_EQ(symphony_doc_get(doc, "m", 1, SYMPHONY_MAP, &map, &error), SYMPHONY_OK);
  }
  ~CHistory() override {
    symphony_type_free(text);
    symphony_type_free(map);
    symphony_doc_free(doc);
  }

  void insert(uint32_t index, std::string_view what) {
    EXPECT_EQ(symphony_text_insert(text, index, what.data(), what.size(), nullptr, 0, &error), SYMPHONY_OK);
  }
  std::string read() {
    symphony_text_to_string(text, &out);
    return text_and_free(out);
  }

  symphony_doc* doc;
  symphony_type* text = nullptr;
  symphony_type* map = nullptr;
  symphony_error error{};
  symphony_buffer out{};
};

uint64_t clock_of(void* context) { return *static_cast<uint64_t*>(context); }

TEST_F(CHistory, UndoesAndRedoes) {
  uint64_t now = 0;
  const symphony_type* scope[] = {text};
  symphony_undo_manager* undo = symphony_undo_manager_new(doc, scope, 1, 500, clock_of, &now);
  insert(0, "a");
  now = 1000;
  insert(1, "b");
  bool done = false;
  ASSERT_EQ(symphony_undo_manager_undo(undo, &done, &error), SYMPHONY_OK);
  EXPECT_TRUE(done);
  EXPECT_EQ(read(), "a");
  EXPECT_TRUE(symphony_undo_manager_can_undo(undo) && symphony_undo_manager_can_redo(undo));
  ASSERT_EQ(symphony_undo_manager_redo(undo, nullptr, nullptr), SYMPHONY_OK);
  EXPECT_EQ(read(), "ab");

  symphony_undo_manager_clear(undo);
  symphony_undo_manager_remove_tracked_origin(undo, 0);
  insert(2, "c");
  ASSERT_EQ(symphony_undo_manager_undo(undo, &done, &error), SYMPHONY_OK);
  EXPECT_FALSE(done) << "nobody's changes are tracked";
  symphony_undo_manager_add_tracked_origin(undo, 0);
  insert(3, "d");
  symphony_undo_manager_stop_capturing(undo);
  insert(4, "e");
  ASSERT_EQ(symphony_undo_manager_undo(undo, &done, &error), SYMPHONY_OK);
  EXPECT_EQ(read(), "abcd");
  symphony_undo_manager_free(undo);
  symphony_undo_manager_free(nullptr);
}

TEST_F(CHistory, KeepsPlaces) {
  insert(0, "bd");
  symphony_buffer place{};
  ASSERT_EQ(symphony_relative_position_create(text, 1, 0, &place, &error), SYMPHONY_OK);
  insert(0, "a");
  uint32_t index = 0;
  symphony_type* type = nullptr;
  ASSERT_EQ(symphony_relative_position_resolve(doc, place.data, place.size, &type, &index, &error),
            SYMPHONY_OK);
  EXPECT_EQ(index, 2u);
  EXPECT_EQ(symphony_type_kind(type), SYMPHONY_TEXT);
  symphony_type_free(type);
  symphony_doc* empty = symphony_doc_new(nullptr);
  EXPECT_EQ(symphony_relative_position_resolve(empty, place.data, place.size, nullptr, &index, &error),
            SYMPHONY_NOT_FOUND);
  EXPECT_EQ(symphony_relative_position_resolve(doc, nullptr, 0, nullptr, &index, &error), SYMPHONY_INVALID);
  symphony_doc_free(empty);
  symphony_buffer_free(&place);
}

TEST_F(CHistory, RestoresMoments) {
  insert(0, "before");
  symphony_buffer moment{};
  symphony_doc_snapshot(doc, &moment);
  ASSERT_EQ(symphony_text_remove(text, 0, 6, &error), SYMPHONY_OK);
  symphony_doc* old = nullptr;
  ASSERT_EQ(symphony_doc_restore_snapshot(doc, moment.data, moment.size, nullptr, &old, &error), SYMPHONY_OK)
      << error.message;
  symphony_doc_to_text(old, "t", 1, &out);
  EXPECT_EQ(text_and_free(out), "before");
  EXPECT_EQ(symphony_doc_restore_snapshot(old, moment.data, moment.size, nullptr, &old, &error),
            SYMPHONY_INVALID)
      << "a document that collects";
  symphony_doc_free(old);
  symphony_buffer_free(&moment);
}

// Notes what an observer is told.
void note(void* context, const symphony_event* const* events, size_t count) {
  auto& seen = *static_cast<std::vector<std::string>*>(context);
  for (size_t i = 0; i < count; ++i) {
    symphony_buffer path{}, delta{}, keys{};
    symphony_event_path(events[i], &path);
    symphony_event_delta(events[i], &delta);
    symphony_event_keys(events[i], &keys);
    symphony_type* target = symphony_event_target(events[i]);
    EXPECT_TRUE(symphony_type_exists(target));
    symphony_type_free(target);
    EXPECT_TRUE(symphony_event_local(events[i]));
    seen.push_back(text_and_free(path) + text_and_free(delta) + text_and_free(keys) +
                   std::to_string(symphony_event_origin(events[i])));
  }
}

TEST_F(CHistory, TellsObservers) {
  std::vector<std::string> direct;
  std::vector<std::string> deep;
  symphony_subscription* one = symphony_type_observe(text, note, &direct);
  symphony_subscription* two = symphony_type_observe_deep(map, note, &deep);
  insert(0, "ab");
  ASSERT_EQ(
      symphony_text_apply_delta(text, R"([{"retain":1,"attributes":{"b":true}},{"delete":1}])", 51, &error),
      SYMPHONY_OK)
      << error.message;
  EXPECT_EQ(symphony_text_apply_delta(text, R"([{"retain":-1}])", 15, &error), SYMPHONY_INVALID);
  EXPECT_EQ(symphony_text_apply_delta(text, R"([{}])", 4, &error), SYMPHONY_INVALID);
  symphony_type* copy = nullptr;
  ASSERT_EQ(symphony_map_set_clone(map, "copy", 4, text, &copy, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_text_insert(copy, 0, "x", 1, nullptr, 0, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_map_set(map, "k", 1, "1", 1, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_map_set(map, "k", 1, "2", 1, &error), SYMPHONY_OK);
  EXPECT_EQ(direct,
            (std::vector<std::string>{R"([][{"insert":"ab"}]{}0)",
                                      R"([][{"retain":1,"attributes":{"b":true}},{"delete":1}]{}0)"}));
  EXPECT_EQ(deep, (std::vector<std::string>{
                      R"([][]{"copy":{"action":"add"}}0)", R"(["copy"][{"insert":"x"}]{}0)",
                      R"([][]{"k":{"action":"add"}}0)", R"([][]{"k":{"action":"update","oldValue":1}}0)"}));
  symphony_subscription_free(one);
  insert(0, "c");
  EXPECT_EQ(direct.size(), 2u);
  symphony_subscription_free(two);
  symphony_type_free(copy);
}

}  // namespace
