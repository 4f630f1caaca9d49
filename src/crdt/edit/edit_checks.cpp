#include "crdt/edit/edit_checks.h"

#include "base/utf8.h"
#include "crdt/edit/list_edit.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

tl::unexpected<Error> beyond(uint64_t index, uint32_t length) {
  return fail(Code::kInvalid,
              "index " + std::to_string(index) + " is beyond the length of " + std::to_string(length));
}

}  // namespace

tl::unexpected<Error> gone() { return fail(Code::kNotFound, "the type is not part of a document any more"); }

size_t bytes_of(const Value& value) {
  size_t bytes = 11 + value.text.size();
  for (const Value& element : value.elements) bytes += bytes_of(element);
  for (const auto& [key, member] : value.members) bytes += 5 + key.size() + bytes_of(member);
  return bytes;
}

Result<void> check_value(const Value& value, size_t depth_max) {
  if (const char* fault = fault_of(value, depth_max)) return fail(Code::kInvalid, fault);
  return {};
}

Result<TypeIndex> begin_edit(const SharedType& handle, size_t bytes, uint64_t units) {
  const TypeIndex type = Handles::resolve(handle);
  if (type == kNil) return gone();
  Doc::Impl& doc = *Handles::document(handle);
  if (auto may = doc.may_edit(bytes, units); !may) return tl::unexpected(std::move(may.error()));
  return type;
}

Result<TypeIndex> begin_list_edit(const SharedType& handle, size_t bytes, uint64_t units, uint64_t index) {
  auto type = begin_edit(handle, bytes, units);
  if (!type) return type;
  Store& store = Handles::document(handle)->store;
  if (index > store.types[*type].length) return beyond(index, store.types[*type].length);
  store.positions->ensure(*type);
  return type;
}

Result<void> check_key(std::string_view key) {
  if (!is_utf8(as_bytes(key))) return fail(Code::kInvalid, "a key is not valid UTF-8");
  return {};
}

Result<std::string> json_of_value(const Value& value, size_t depth_max) {
  if (auto ok = check_value(value, depth_max); !ok) return tl::unexpected(std::move(ok.error()));
  if (value.is_undefined()) return fail(Code::kInvalid, "undefined is not JSON");
  if (value.kind == Value::Kind::kBigInt) return fail(Code::kInvalid, "a bigint is not JSON");
  return to_json(value);
}

Result<Formats> formats_of(const Attributes& attributes, size_t depth_max) {
  Formats formats;
  for (const auto& [key, value] : attributes) {
    if (auto ok = check_key(key); !ok) return tl::unexpected(std::move(ok.error()));
    auto json = json_of_value(value, depth_max);
    if (!json) return tl::unexpected(std::move(json.error()));
    formats.set_property(key, {std::move(*json), 0});
  }
  return formats;
}

size_t bytes_of(const Attributes& attributes) {
  size_t bytes = 0;
  for (const auto& [key, value] : attributes) bytes += 2 * (10 + key.size() + 2 * bytes_of(value));
  return bytes;
}

TypeKind kind_of(const Store& store, TypeIndex type) {
  const uint8_t ref = store.types[type].type_ref;
  return ref == kTypeRefNone ? TypeKind::kMap : static_cast<TypeKind>(ref);
}

NewContent new_type(Buffer& scratch, TypeKind kind, std::string_view name) {
  scratch.clear();
  write_type(scratch, static_cast<uint8_t>(kind),
             kind == TypeKind::kXmlElement && name.empty() ? "UNDEFINED" : name);
  return {kType, 1, scratch, false};
}

SharedType made(Doc::Impl& doc, ItemIndex item) { return Handles::type(doc, doc.store.items[item].content); }

}  // namespace symphony::crdt
