// Editing through the C interface.
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

class CEdit : public ::testing::Test {
 protected:
  CEdit() {
    symphony_doc_options options = symphony_doc_options_default();
    options.has_client_id = true;
    options.client_id = 1;
    doc = symphony_doc_new(&options);
  }
  ~CEdit() override {
    for (symphony_type* type : types) symphony_type_free(type);
    symphony_doc_free(doc);
  }

  symphony_type* root(std::string_view name, symphony_kind kind) {
    symphony_type* type = nullptr;
    EXPECT_EQ(symphony_doc_get(doc, name.data(), name.size(), kind, &type, &error), SYMPHONY_OK)
        << error.message;
    return types.emplace_back(type);
  }
  std::string json(const symphony_type* type) {
    symphony_type_to_json(type, &out);
    return text_and_free(out);
  }

  symphony_doc* doc = nullptr;
  std::vector<symphony_type*> types;
  symphony_error error{};
  symphony_buffer out{};
};

TEST_F(CEdit, Texts) {
  symphony_type* text = root("t", SYMPHONY_TEXT);
  ASSERT_EQ(symphony_text_insert(text, 0, "hello", 5, nullptr, 0, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_text_insert(text, 5, "!", 1, R"({"bold":true})", 13, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_text_format(text, 0, 1, R"({"color":"red"})", 15, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_text_insert_embed(text, 6, R"({"i":1})", 7, nullptr, 0, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_text_remove(text, 1, 3, &error), SYMPHONY_OK);
  symphony_text_to_string(text, &out);
  EXPECT_EQ(text_and_free(out), "ho!");
  symphony_text_to_delta(text, &out);
  EXPECT_EQ(text_and_free(out), R"([{"insert":"h","attributes":{"color":"red"}},{"insert":"o"},)"
                                R"({"insert":"!","attributes":{"bold":true}},{"insert":{"i":1}}])");
  EXPECT_EQ(symphony_type_length(text), 4u);
  EXPECT_EQ(symphony_type_kind(text), SYMPHONY_TEXT);

  EXPECT_EQ(symphony_text_insert(text, 99, "x", 1, nullptr, 0, &error), SYMPHONY_INVALID);
  EXPECT_EQ(symphony_text_insert(text, 0, "\xff", 1, nullptr, 0, &error), SYMPHONY_INVALID);
  EXPECT_EQ(symphony_text_insert(text, 0, "x", 1, "[]", 2, &error), SYMPHONY_INVALID);
  EXPECT_EQ(symphony_text_format(text, 0, 1, "{", 1, &error), SYMPHONY_INVALID);
  EXPECT_EQ(symphony_map_set_type(text, "k", 1, SYMPHONY_MAP, nullptr, 0, &types.front(), &error),
            SYMPHONY_INVALID);
  EXPECT_STREQ(error.message, "the type is not a map");
}

TEST_F(CEdit, ListsAndMaps) {
  symphony_type* array = root("a", SYMPHONY_ARRAY);
  ASSERT_EQ(symphony_array_insert(array, 0, R"([1,"two",null])", 14, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_array_remove(array, 0, 1, &error), SYMPHONY_OK);
  symphony_type* map = nullptr;
  ASSERT_EQ(symphony_array_insert_type(array, 2, SYMPHONY_MAP, nullptr, 0, &map, &error), SYMPHONY_OK);
  types.push_back(map);
  ASSERT_EQ(symphony_map_set(map, "k", 1, "[true]", 6, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_map_set(map, "gone", 4, "1", 1, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_map_remove(map, "gone", 4, &error), SYMPHONY_OK);
  symphony_type* text = nullptr;
  ASSERT_EQ(symphony_map_set_type(map, "t", 1, SYMPHONY_TEXT, nullptr, 0, &text, &error), SYMPHONY_OK);
  types.push_back(text);
  ASSERT_EQ(symphony_text_insert(text, 0, "x", 1, nullptr, 0, &error), SYMPHONY_OK);
  EXPECT_EQ(json(array), R"(["two",null,{"k":[true],"t":"x"}])");

  ASSERT_EQ(symphony_array_get(array, 0, &out, &error), SYMPHONY_OK);
  EXPECT_EQ(text_and_free(out), "\"two\"");
  EXPECT_EQ(symphony_array_get(array, 3, &out, &error), SYMPHONY_NOT_FOUND);
  ASSERT_EQ(symphony_map_get(map, "k", 1, &out, &error), SYMPHONY_OK);
  EXPECT_EQ(text_and_free(out), "[true]");
  EXPECT_EQ(symphony_map_get(map, "gone", 4, &out, &error), SYMPHONY_NOT_FOUND);
  symphony_type* again = nullptr;
  ASSERT_EQ(symphony_array_get_type(array, 2, &again, &error), SYMPHONY_OK);
  types.push_back(again);
  EXPECT_EQ(json(again), json(map));
  EXPECT_EQ(symphony_array_get_type(array, 0, &again, &error), SYMPHONY_NOT_FOUND);
  ASSERT_EQ(symphony_map_get_type(map, "t", 1, &again, &error), SYMPHONY_OK);
  types.push_back(again);
  EXPECT_EQ(symphony_type_length(again), 1u);

  ASSERT_EQ(symphony_array_remove(array, 2, 1, &error), SYMPHONY_OK);
  EXPECT_FALSE(symphony_type_exists(map));
  EXPECT_EQ(symphony_map_set(map, "k", 1, "1", 1, &error), SYMPHONY_NOT_FOUND);
  EXPECT_EQ(symphony_array_insert(array, 0, "{}", 2, &error), SYMPHONY_INVALID);
  EXPECT_EQ(symphony_doc_get(doc, "a", 1, SYMPHONY_MAP, &again, &error), SYMPHONY_INVALID);
}

TEST_F(CEdit, Xml) {
  symphony_type* fragment = root("x", SYMPHONY_XML_FRAGMENT);
  symphony_type* paragraph = nullptr;
  ASSERT_EQ(symphony_array_insert_type(fragment, 0, SYMPHONY_XML_ELEMENT, "p", 1, &paragraph, &error),
            SYMPHONY_OK);
  types.push_back(paragraph);
  ASSERT_EQ(symphony_map_set(paragraph, "id", 2, "\"1\"", 3, &error), SYMPHONY_OK);
  symphony_type* text = nullptr;
  ASSERT_EQ(symphony_array_insert_type(paragraph, 0, SYMPHONY_XML_TEXT, nullptr, 0, &text, &error),
            SYMPHONY_OK);
  types.push_back(text);
  ASSERT_EQ(symphony_text_insert(text, 0, "hi", 2, nullptr, 0, &error), SYMPHONY_OK);
  EXPECT_EQ(json(fragment), R"("<p id=\"1\">hi</p>")");
  EXPECT_EQ(symphony_type_length(fragment), 1u);
  ASSERT_EQ(symphony_map_remove(paragraph, "id", 2, &error), SYMPHONY_OK);
  ASSERT_EQ(symphony_array_remove(paragraph, 0, 1, &error), SYMPHONY_OK);
  EXPECT_EQ(json(fragment), R"("<p></p>")");
}

TEST_F(CEdit, OneTransactionIsOneUpdate) {
  struct Heard {
    std::vector<std::string> updates;
    uint64_t origin = 0;
    bool local = false;
  } heard;
  symphony_subscription* subscription = symphony_doc_on_update(
      doc,
      [](void* context, const uint8_t* update, size_t update_size, uint64_t origin, bool local) {
        auto& to = *static_cast<Heard*>(context);
        to.updates.emplace_back(update, update + update_size);
        to.origin = origin;
        to.local = local;
      },
      &heard);
  symphony_type* text = root("t", SYMPHONY_TEXT);
  symphony_doc_transact(
      doc,
      [](void* context) {
        auto* it = static_cast<symphony_type*>(context);
        EXPECT_EQ(symphony_text_insert(it, 0, "a", 1, nullptr, 0, nullptr), SYMPHONY_OK);
        EXPECT_EQ(symphony_text_insert(it, 1, "b", 1, nullptr, 0, nullptr), SYMPHONY_OK);
      },
      text, 7);
  ASSERT_EQ(heard.updates.size(), 1u);
  EXPECT_EQ(heard.origin, 7u);
  EXPECT_TRUE(heard.local);
  EXPECT_EQ(heard.updates[0], std::string("\1\1\1\0\4\1\1t\2ab\0", 12));
  symphony_subscription_free(subscription);
  ASSERT_EQ(symphony_text_insert(text, 0, "c", 1, nullptr, 0, nullptr), SYMPHONY_OK);
  EXPECT_EQ(heard.updates.size(), 1u);
}

TEST(CEditing, NeedsAClientId) {
  symphony_doc* doc = symphony_doc_new(nullptr);
  symphony_type* text = nullptr;
  symphony_error error{};
  ASSERT_EQ(symphony_doc_get(doc, "t", 1, SYMPHONY_TEXT, &text, &error), SYMPHONY_OK);
  EXPECT_EQ(symphony_text_insert(text, 0, "a", 1, nullptr, 0, &error), SYMPHONY_INVALID);
  EXPECT_NE(std::string_view(error.message).find("client id"), std::string_view::npos);
  symphony_type_free(text);
  symphony_doc_free(doc);
  EXPECT_LE(symphony_random_client_id(), 0xffffffffu);
}

}  // namespace
