#include <type_traits>
#include <utility>

#include "c/convert.h"
#include "c/handles.h"

using symphony::Array;
using symphony::Attributes;
using symphony::Code;
using symphony::Content;
using symphony::Error;
using symphony::fail;
using symphony::from_json;
using symphony::Map;
using symphony::Result;
using symphony::SharedType;
using symphony::Text;
using symphony::TypeKind;
using symphony::Value;
using symphony::XmlElement;
using symphony::XmlFragment;
using symphony::XmlHook;
using symphony::XmlText;
using namespace symphony::c;

namespace {

symphony_code done(const Result<void>& result, symphony_error* error) {
  return result ? SYMPHONY_OK : refuse(result.error(), error);
}

// The type as a T; an error if it is gone or of another kind.
template <class T>
Result<T> as(const symphony_type* type, const char* what) {
  if (!type->type.exists()) return fail(Code::kNotFound, "the type is no longer part of its document");
  if (const auto it = type->type.as<T>()) return *it;
  return fail(Code::kInvalid, std::string("the type is not ") + what);
}

template <class T>
Result<SharedType> upcast(const Result<T>& type) {
  return type.map([](const T& it) { return SharedType(it); });
}

symphony_code hand_out(const Result<SharedType>& type, symphony_type** out, symphony_error* error) {
  if (!type) return refuse(type.error(), error);
  *out = new symphony_type{*type};
  return SYMPHONY_OK;
}

symphony_code hand_out(const std::optional<Content>& content, symphony_type** out, symphony_error* error) {
  const SharedType* type = content ? std::get_if<SharedType>(&*content) : nullptr;
  if (type == nullptr) return refuse({Code::kNotFound, "there is no type here"}, error);
  *out = new symphony_type{*type};
  return SYMPHONY_OK;
}

symphony_code hand_out(const std::optional<Content>& content, symphony_buffer* out, symphony_error* error) {
  if (!content) return refuse({Code::kNotFound, "there is nothing here"}, error);
  *out = buffer_of(to_json(*content));
  return SYMPHONY_OK;
}

Result<Attributes> attributes_of(const char* json, size_t size) {
  auto value = from_json(text_of(json, size));
  if (!value) return tl::unexpected(std::move(value.error()));
  if (!value->is_object()) return fail(Code::kInvalid, "attributes are a JSON object");
  return std::move(value->members);
}

// Calls `body` with the class of a kind, as a value that only has its type.
template <class Body>
Result<SharedType> with_kind(symphony_kind kind, Body body) {
  switch (kind) {
    case SYMPHONY_ARRAY:
      return body(Array());
    case SYMPHONY_MAP:
      return body(Map());
    case SYMPHONY_TEXT:
      return body(Text());
    case SYMPHONY_XML_ELEMENT:
      return body(XmlElement());
    case SYMPHONY_XML_FRAGMENT:
      return body(XmlFragment());
    case SYMPHONY_XML_HOOK:
      return body(XmlHook());
    case SYMPHONY_XML_TEXT:
      return body(XmlText());
  }
  return fail(Code::kInvalid, "there is no such kind of type");
}

bool has_children(const symphony_type* type) { return type->type.as<XmlFragment>().has_value(); }

}  // namespace

void symphony_type_free(symphony_type* type) { delete type; }

symphony_code symphony_doc_get(symphony_doc* doc, const char* name, size_t name_size, symphony_kind kind,
                               symphony_type** out, symphony_error* error) {
  const std::string_view root = text_of(name, name_size);
  const auto type = [&]() -> Result<SharedType> {
    switch (kind) {
      case SYMPHONY_ARRAY:
        return upcast(doc->doc.get_array(root));
      case SYMPHONY_MAP:
        return upcast(doc->doc.get_map(root));
      case SYMPHONY_TEXT:
        return upcast(doc->doc.get_text(root));
      case SYMPHONY_XML_ELEMENT:
        return upcast(doc->doc.get_xml_element(root));
      case SYMPHONY_XML_FRAGMENT:
        return upcast(doc->doc.get_xml_fragment(root));
      case SYMPHONY_XML_TEXT:
        return upcast(doc->doc.get_xml_text(root));
      case SYMPHONY_XML_HOOK:
        break;
    }
    return fail(Code::kInvalid, "there are no roots of this kind");
  }();
  return hand_out(type, out, error);
}

symphony_kind symphony_type_kind(const symphony_type* type) {
  return static_cast<symphony_kind>(type->type.kind());
}

bool symphony_type_exists(const symphony_type* type) { return type->type.exists(); }

uint32_t symphony_type_length(const symphony_type* type) {
  if (const auto text = type->type.as<Text>()) return text->length();
  if (const auto array = type->type.as<Array>()) return array->length();
  if (const auto fragment = type->type.as<XmlFragment>()) return fragment->length();
  return 0;
}

void symphony_type_to_json(const symphony_type* type, symphony_buffer* out) {
  *out = buffer_of(type->type.to_json());
}

symphony_code symphony_text_insert(symphony_type* text, uint32_t index, const char* string,
                                   size_t string_size, const char* attributes, size_t attributes_size,
                                   symphony_error* error) {
  const auto it = as<Text>(text, "a text");
  if (!it) return refuse(it.error(), error);
  const std::string_view characters = text_of(string, string_size);
  if (attributes == nullptr) return done(it->insert(index, characters), error);
  const auto formatting = attributes_of(attributes, attributes_size);
  if (!formatting) return refuse(formatting.error(), error);
  return done(it->insert(index, characters, *formatting), error);
}

symphony_code symphony_text_insert_embed(symphony_type* text, uint32_t index, const char* embed,
                                         size_t embed_size, const char* attributes, size_t attributes_size,
                                         symphony_error* error) {
  const auto it = as<Text>(text, "a text");
  if (!it) return refuse(it.error(), error);
  const auto value = from_json(text_of(embed, embed_size));
  if (!value) return refuse(value.error(), error);
  const auto formatting = attributes == nullptr ? Attributes() : attributes_of(attributes, attributes_size);
  if (!formatting) return refuse(formatting.error(), error);
  return done(it->insert_embed(index, *value, *formatting), error);
}

symphony_code symphony_text_remove(symphony_type* text, uint32_t index, uint32_t length,
                                   symphony_error* error) {
  const auto it = as<Text>(text, "a text");
  return it ? done(it->remove(index, length), error) : refuse(it.error(), error);
}

symphony_code symphony_text_format(symphony_type* text, uint32_t index, uint32_t length,
                                   const char* attributes, size_t attributes_size, symphony_error* error) {
  const auto it = as<Text>(text, "a text");
  if (!it) return refuse(it.error(), error);
  const auto formatting = attributes_of(attributes, attributes_size);
  if (!formatting) return refuse(formatting.error(), error);
  return done(it->format(index, length, *formatting), error);
}

namespace {

// An operation of a delta; what it must be for, if it is none.
Result<symphony::DeltaOp> op_of(Value& op) {
  using symphony::DeltaOp;
  Attributes attributes;
  if (const Value* given = op.get("attributes")) {
    if (!given->is_object()) return fail(Code::kInvalid, "attributes are a JSON object");
    attributes = given->members;
  }
  if (const Value* insert = op.get("insert")) return DeltaOp::inserting(*insert, std::move(attributes));
  for (const char* what : {"retain", "delete"}) {
    const Value* length = op.get(what);
    if (length == nullptr) continue;
    const double number = length->kind == Value::Kind::kNumber ? length->number : -1;
    if (!(number >= 0 && number <= UINT32_MAX))
      return fail(Code::kInvalid, "a length is no number that fits");
    const auto units = static_cast<uint32_t>(number);
    return *what == 'r' ? DeltaOp::retaining(units, std::move(attributes)) : DeltaOp::deleting(units);
  }
  return fail(Code::kInvalid, "an operation of a delta inserts, retains or deletes");
}

}  // namespace

symphony_code symphony_text_apply_delta(symphony_type* text, const char* delta, size_t delta_size,
                                        symphony_error* error) {
  const auto it = as<Text>(text, "a text");
  if (!it) return refuse(it.error(), error);
  auto json = from_json(text_of(delta, delta_size));
  if (!json) return refuse(json.error(), error);
  if (json->kind != Value::Kind::kArray) return refuse({Code::kInvalid, "a delta is a JSON array"}, error);
  std::vector<symphony::DeltaOp> ops;
  for (Value& element : json->elements) {
    auto op = op_of(element);
    if (!op) return refuse(op.error(), error);
    ops.push_back(std::move(*op));
  }
  return done(it->apply_delta(ops), error);
}

void symphony_text_to_string(const symphony_type* text, symphony_buffer* out) {
  const auto it = text->type.as<Text>();
  *out = buffer_of(it ? it->to_string() : std::string());
}

void symphony_text_to_delta(const symphony_type* text, symphony_buffer* out) {
  const auto it = text->type.as<Text>();
  *out = buffer_of(it ? symphony::to_json(it->to_delta()) : std::string("[]"));
}

symphony_code symphony_array_insert(symphony_type* array, uint32_t index, const char* values,
                                    size_t values_size, symphony_error* error) {
  const auto it = as<Array>(array, "an array");
  if (!it) return refuse(it.error(), error);
  const auto list = from_json(text_of(values, values_size));
  if (!list) return refuse(list.error(), error);
  if (list->kind != Value::Kind::kArray)
    return refuse({Code::kInvalid, "the values are a JSON array"}, error);
  return done(it->insert(index, list->elements), error);
}

symphony_code symphony_array_remove(symphony_type* array, uint32_t index, uint32_t length,
                                    symphony_error* error) {
  if (has_children(array)) return done(XmlFragment(array->type).remove(index, length), error);
  const auto it = as<Array>(array, "an array");
  return it ? done(it->remove(index, length), error) : refuse(it.error(), error);
}

symphony_code symphony_array_insert_type(symphony_type* array, uint32_t index, symphony_kind kind,
                                         const char* name, size_t name_size, symphony_type** out,
                                         symphony_error* error) {
  const std::string_view named = text_of(name, name_size);
  const auto insert = [&](const auto& list) {
    return with_kind(kind, [&](const auto& of) {
      return upcast(list.template insert_type<std::decay_t<decltype(of)>>(index, named));
    });
  };
  if (has_children(array)) return hand_out(insert(XmlFragment(array->type)), out, error);
  const auto it = as<Array>(array, "an array");
  return it ? hand_out(insert(*it), out, error) : refuse(it.error(), error);
}

symphony_code symphony_array_insert_clone(symphony_type* array, uint32_t index, const symphony_type* type,
                                          symphony_type** out, symphony_error* error) {
  if (has_children(array)) {
    return hand_out(XmlFragment(array->type).insert_clone(index, type->type), out, error);
  }
  const auto it = as<Array>(array, "an array");
  return it ? hand_out(it->insert_clone(index, type->type), out, error) : refuse(it.error(), error);
}

symphony_code symphony_array_get(const symphony_type* array, uint32_t index, symphony_buffer* out,
                                 symphony_error* error) {
  if (has_children(array)) return hand_out(XmlFragment(array->type).get(index), out, error);
  const auto it = as<Array>(array, "an array");
  return it ? hand_out(it->get(index), out, error) : refuse(it.error(), error);
}

symphony_code symphony_array_get_type(const symphony_type* array, uint32_t index, symphony_type** out,
                                      symphony_error* error) {
  if (has_children(array)) return hand_out(XmlFragment(array->type).get(index), out, error);
  const auto it = as<Array>(array, "an array");
  return it ? hand_out(it->get(index), out, error) : refuse(it.error(), error);
}

symphony_code symphony_map_set(symphony_type* map, const char* key, size_t key_size, const char* value,
                               size_t value_size, symphony_error* error) {
  const auto json = from_json(text_of(value, value_size));
  if (!json) return refuse(json.error(), error);
  const std::string_view name = text_of(key, key_size);
  if (const auto element = map->type.as<XmlElement>())
    return done(element->set_attribute(name, *json), error);
  if (const auto text = map->type.as<Text>()) return done(text->set_attribute(name, *json), error);
  const auto it = as<Map>(map, "a map");
  return it ? done(it->set(name, *json), error) : refuse(it.error(), error);
}

symphony_code symphony_map_remove(symphony_type* map, const char* key, size_t key_size,
                                  symphony_error* error) {
  const std::string_view name = text_of(key, key_size);
  if (const auto element = map->type.as<XmlElement>()) return done(element->remove_attribute(name), error);
  if (const auto text = map->type.as<Text>()) return done(text->remove_attribute(name), error);
  const auto it = as<Map>(map, "a map");
  return it ? done(it->remove(name), error) : refuse(it.error(), error);
}

symphony_code symphony_map_set_type(symphony_type* map, const char* key, size_t key_size, symphony_kind kind,
                                    const char* name, size_t name_size, symphony_type** out,
                                    symphony_error* error) {
  const auto it = as<Map>(map, "a map");
  if (!it) return refuse(it.error(), error);
  const auto type = with_kind(kind, [&](const auto& of) {
    return upcast(
        it->template set_type<std::decay_t<decltype(of)>>(text_of(key, key_size), text_of(name, name_size)));
  });
  return hand_out(type, out, error);
}

symphony_code symphony_map_set_clone(symphony_type* map, const char* key, size_t key_size,
                                     const symphony_type* type, symphony_type** out, symphony_error* error) {
  const auto it = as<Map>(map, "a map");
  if (!it) return refuse(it.error(), error);
  return hand_out(it->set_clone(text_of(key, key_size), type->type), out, error);
}

namespace {

std::optional<Content> value_at(const symphony_type* map, std::string_view key) {
  if (const auto element = map->type.as<XmlElement>()) return element->get_attribute(key);
  if (const auto text = map->type.as<Text>()) return text->get_attribute(key);
  if (const auto it = map->type.as<Map>()) return it->get(key);
  return std::nullopt;
}

}  // namespace

symphony_code symphony_map_get(const symphony_type* map, const char* key, size_t key_size,
                               symphony_buffer* out, symphony_error* error) {
  return hand_out(value_at(map, text_of(key, key_size)), out, error);
}

symphony_code symphony_map_get_type(const symphony_type* map, const char* key, size_t key_size,
                                    symphony_type** out, symphony_error* error) {
  return hand_out(value_at(map, text_of(key, key_size)), out, error);
}
