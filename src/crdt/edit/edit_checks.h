// What every edit through a handle checks before it begins, and what it makes its content of.
#pragma once

#include <string>
#include <string_view>

#include "crdt/edit/handles.h"
#include "crdt/edit/text_edit.h"

namespace symphony::crdt {

// The error of an edit of a type that is no longer there.
tl::unexpected<Error> gone();

// The type of a handle that may be edited: what is added takes up to `bytes` of content and `units` of the
// clock.
Result<TypeIndex> begin_edit(const SharedType& handle, size_t bytes, uint64_t units);
// The same for an edit of its list at `index`, which must not be beyond the end; the type is then indexed.
Result<TypeIndex> begin_list_edit(const SharedType& handle, size_t bytes, uint64_t units, uint64_t index);

// The most bytes that a value, or formatting and what ends it, takes as content.
size_t bytes_of(const Value& value);
size_t bytes_of(const Attributes& attributes);

Result<void> check_key(std::string_view key);
Result<void> check_value(const Value& value, size_t depth_max);
// A value as a mark or an embed holds it.
Result<std::string> json_of_value(const Value& value, size_t depth_max);
Result<Formats> formats_of(const Attributes& attributes, size_t depth_max);

// The content of a new shared type, in `scratch`; and its handle, once an item holds it.
NewContent new_type(Buffer& scratch, TypeKind kind, std::string_view name);
SharedType made(Doc::Impl& doc, ItemIndex item);

// What a type is read as. A root that nobody has asked for reads as a map.
TypeKind kind_of(const Store& store, TypeIndex type);

}  // namespace symphony::crdt
