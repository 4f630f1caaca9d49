#include "crdt/edit/list_edit.h"

#include <algorithm>

#include "crdt/wire/value.h"

namespace symphony::crdt {

ItemIndex left_of_index(Edit& edit, TypeIndex type, uint32_t index) {
  if (index == 0) return kNil;
  const PositionIndex::Place place = edit.positions().find(type, index - 1);
  if (place.offset + 1 < edit.store.items[place.item].len())
    edit.transaction.cut(place.item, place.offset + 1);
  return place.item;
}

ItemIndex insert_item(Edit& edit, TypeIndex type, ItemIndex left, ItemIndex right,
                      const NewContent& content) {
  NewItem item;
  item.slot = edit.slot;
  item.left = left;
  item.right = right;
  item.parent = type;
  item.ref = content.ref;
  item.len = content.len;
  item.content = content.bytes;
  item.ascii = content.ascii;
  return edit.transaction.insert(item);
}

void insert_values(Edit& edit, TypeIndex type, ItemIndex left, std::span<const Value> values) {
  const ItemIndex right = edit.right_of(type, left);
  for (size_t i = 0; i < values.size();) {
    edit.scratch.clear();
    NewContent content;
    if (values[i].kind == Value::Kind::kBytes) {
      content.ref = kBinary;
      write_bytes(edit.scratch, values[i++].text);
    } else {
      content.len = 0;
      for (; i < values.size() && values[i].kind != Value::Kind::kBytes; ++i, ++content.len) {
        write_any(edit.scratch, values[i]);
      }
    }
    content.bytes = edit.scratch;
    left = insert_item(edit, type, left, right, content);
  }
}

void remove_elements(Edit& edit, TypeIndex type, uint32_t index, uint32_t length) {
  const Store& store = edit.store;
  const ItemIndex left = left_of_index(edit, type, index);
  ItemIndex at = edit.positions().live_from(edit.right_of(type, left));
  while (length > 0 && at != kNil) {
    if (length < store.items[at].len()) edit.transaction.cut(at, length);
    length -= store.items[at].len();
    edit.transaction.delete_item(at);
    at = edit.positions().live_from(store.items[at].right);
  }
}

ItemIndex set_key(Edit& edit, TypeIndex type, std::string_view key, const Value& value) {
  edit.scratch.clear();
  NewContent content;
  if (value.kind == Value::Kind::kBytes) {
    content.ref = kBinary;
    write_bytes(edit.scratch, value.text);
  } else {
    write_any(edit.scratch, value);
  }
  content.bytes = edit.scratch;
  return set_key(edit, type, key, content);
}

ItemIndex set_key(Edit& edit, TypeIndex type, std::string_view key, const NewContent& content) {
  NewItem item;
  item.slot = edit.slot;
  item.parent = type;
  item.entry = edit.store.add_entry(type, key);
  item.left = edit.store.entries[item.entry].last;
  item.ref = content.ref;
  item.len = content.len;
  item.content = content.bytes;
  return edit.transaction.insert(item);
}

void remove_key(Edit& edit, TypeIndex type, std::string_view key) {
  const EntryIndex entry = edit.store.find_entry(type, key);
  if (entry == kNil || edit.store.entries[entry].last == kNil) return;
  edit.transaction.delete_item(edit.store.entries[entry].last);
}

void write_type(Buffer& out, uint8_t type_ref, std::string_view name) {
  out.push_back(type_ref);
  if (type_ref == kTypeRefXmlElement || type_ref == kTypeRefXmlHook) write_bytes(out, name);
}

}  // namespace symphony::crdt
