// Editing lists and maps: Yjs's typeListInsertGenerics, typeListDelete, typeMapSet and their kin.
#pragma once

#include <span>
#include <string_view>

#include "crdt/edit/edit.h"
#include "symphony/value.h"

namespace symphony::crdt {

// Values behind `left` (kNil: at the beginning): neighbours that JSON can say become one item, bytes an item
// each.
void insert_values(Edit& edit, TypeIndex type, ItemIndex left, std::span<const Value> values);

// Deletes up to `length` elements from `index` on.
void remove_elements(Edit& edit, TypeIndex type, uint32_t index, uint32_t length);

// Sets a key to a value (of a map's kinds) or to new content; the item.
ItemIndex set_key(Edit& edit, TypeIndex type, std::string_view key, const Value& value);
ItemIndex set_key(Edit& edit, TypeIndex type, std::string_view key, const NewContent& content);

void remove_key(Edit& edit, TypeIndex type, std::string_view key);

// A new shared type's payload on the wire.
void write_type(Buffer& out, uint8_t type_ref, std::string_view name);

}  // namespace symphony::crdt
