// What tests/interop/editing.mjs does not compare with Yjs: copies into other documents and into themselves,
// of what Yjs's clone() tears out of the original, and what is refused.
#include <gtest/gtest.h>

#include "symphony/shared_types.h"

namespace symphony {
namespace {

Doc make_doc(uint64_t client_id) {
  DocOptions options;
  options.client_id = client_id;
  return Doc(options);
}

TEST(Clone, ACopyInAnotherDocumentIsOneUpdateAndItsOwn) {
  Doc doc = make_doc(1);
  const Array list = *doc.get_array("list");
  ASSERT_TRUE(list.insert(0, {1, "two", Value::bytes(Buffer{3})}));
  const Text text = *list.insert_type<Text>(3);
  ASSERT_TRUE(text.insert(0, "bold", {{"b", true}}));
  ASSERT_TRUE(text.insert(4, " plain", {}));
  ASSERT_TRUE(list.insert_doc(4, {.guid = "inner", .gc = false, .auto_load = true, .meta = "m"}));

  Doc other = make_doc(2);
  int updates = 0;
  const Subscription subscription = other.on_update([&](Bytes, const TransactionInfo&) { ++updates; });
  const auto copy = other.get_map("map")->set_clone("copy", list);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(updates, 1);
  EXPECT_EQ(copy->to_json(), list.to_json());
  EXPECT_EQ(to_json(std::get<SharedType>(*copy->get(3)).as<Text>()->to_delta()), to_json(text.to_delta()));
  const auto subdoc = std::get<Subdoc>(*copy->get(4));
  EXPECT_EQ(subdoc.guid(), "inner");
  EXPECT_EQ(to_json(subdoc.options()), to_json(std::get<Subdoc>(*list.get(4)).options()));

  ASSERT_TRUE(copy->remove(0, 2));
  EXPECT_EQ(list.length(), 5u);
  EXPECT_EQ(other.check_invariants(), "");
}

TEST(Clone, ATypeCanBeCopiedIntoItself) {
  Doc doc = make_doc(1);
  const Map map = *doc.get_map("m");
  ASSERT_TRUE(map.set("a", 1));
  const Map inner = *map.set_type<Map>("inner");
  ASSERT_TRUE(inner.set("b", 2));
  ASSERT_TRUE(inner.set_clone("whole", map));
  EXPECT_EQ(map.to_json(), R"({"a":1,"inner":{"b":2,"whole":{"a":1,"inner":{"b":2}}}})");
  EXPECT_EQ(doc.check_invariants(), "");
}

TEST(Clone, TypesInTextsAndAttributesAreCopiedToo) {
  Doc doc = make_doc(1);
  const XmlFragment fragment = *doc.get_xml_fragment("f");
  const XmlElement element = *fragment.insert_type<XmlElement>(0, "p");
  const XmlText text = *element.insert_type<XmlText>(0);
  ASSERT_TRUE(text.insert(0, "ab"));
  const Map embedded = *text.insert_type<Map>(1, {}, {{"i", true}});
  ASSERT_TRUE(embedded.set("k", "v"));
  ASSERT_TRUE(element.set_attribute("x", "1"));

  const auto copy = fragment.insert_clone(1, element);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(copy->node_name(), "p");
  const XmlText copied = *std::get<SharedType>(*copy->get(0)).as<XmlText>();
  EXPECT_EQ(to_json(copied.to_delta()), to_json(text.to_delta()));
  ASSERT_TRUE(embedded.set("k", "changed"));
  EXPECT_NE(to_json(copied.to_delta()), to_json(text.to_delta())) << "the copy's map is another one";
  EXPECT_EQ(copy->to_string(), element.to_string());
  EXPECT_EQ(doc.check_invariants(), "");
}

TEST(Clone, WhatIsRefusedChangesNothing) {
  Doc doc = make_doc(1);
  const Array list = *doc.get_array("list");
  Map at = *doc.get_map("m");
  for (int depth = 0; depth < 600; ++depth) at = *at.set_type<Map>("m");
  const Buffer before = *doc.encode_state_as_update();
  EXPECT_EQ(list.insert_clone(0, *doc.get_map("m")).error().code, Code::kLimit);
  EXPECT_EQ(list.insert_clone(1, at).error().code, Code::kInvalid);
  EXPECT_EQ(list.insert_clone(0, Map()).error().code, Code::kNotFound);
  EXPECT_EQ(Array().insert_clone(0, at).error().code, Code::kNotFound);
  EXPECT_EQ(doc.get_map("m")->set_clone("\xff", at).error().code, Code::kInvalid);
  EXPECT_EQ(*doc.encode_state_as_update(), before);

  DocOptions small;
  small.client_id = 2;
  small.limits.content_bytes_max = 100;
  Doc full(small);
  const Text text = *doc.get_text("t");
  ASSERT_TRUE(text.insert(0, std::string(200, 'x')));
  EXPECT_EQ(full.get_array("a")->insert_clone(0, text).error().code, Code::kLimit);
  EXPECT_EQ(full.to_json("a", TypeKind::kArray), "[]");
}

TEST(Xml, NodesAreFoundInDocumentOrder) {
  Doc doc = make_doc(1);
  const XmlFragment fragment = *doc.get_xml_fragment("f");
  const XmlElement gone = *fragment.insert_type<XmlElement>(0, "p");
  ASSERT_TRUE(gone.insert_type<XmlElement>(0, "p"));
  const XmlElement section = *fragment.insert_type<XmlElement>(1, "section");
  const XmlElement first = *section.insert_type<XmlElement>(0, "P");
  const XmlText text = *first.insert_type<XmlText>(0);
  const XmlHook hook = *section.insert_type<XmlHook>(1, "p");
  const XmlElement second = *fragment.insert_type<XmlElement>(2, "p");
  ASSERT_TRUE(fragment.remove(0));

  EXPECT_EQ(fragment.descendants(), (std::vector<SharedType>{section, first, text, hook, second}));
  EXPECT_EQ(fragment.query_selector("p"), first);
  EXPECT_EQ(fragment.query_selector_all("p"), (std::vector<XmlElement>{first, second}));
  EXPECT_EQ(section.query_selector_all("P"), (std::vector<XmlElement>{first}));
  EXPECT_EQ(section.descendants().size(), 3u) << "the walk stays below its root";
  EXPECT_FALSE(fragment.query_selector("div"));
  EXPECT_FALSE(fragment.query_selector(""));
  EXPECT_TRUE(XmlFragment().descendants().empty());
}

}  // namespace
}  // namespace symphony
