#include "crdt/edit/redo.h"

#include "crdt/edit/list_edit.h"
#include "crdt/integrate/format_value.h"

namespace symphony::crdt {
namespace {

// The item that holds the type that an item is in; kNil: a root does.
ItemIndex parent_item(const Store& store, ItemIndex item) {
  return store.types[store.parent_type(store.items[item])].owner;
}

ItemIndex clean_start(Edit& edit, SlotId id) { return edit.transaction.clean_start(id.slot, id.clock); }

// Follows what an item was redone as until it is in the type held by `parent`; kNil if it never is.
ItemIndex trace(Edit& edit, ItemIndex item, ItemIndex parent) {
  while (item != kNil && parent_item(edit.store, item) != parent) {
    const SlotId* next = edit.store.redone.find(item);
    item = next == nullptr ? kNil : clean_start(edit, *next);
  }
  return item;
}

// item.content.copy(): a type's copy is empty.
NewContent copy_of(Edit& edit, ItemIndex index) {
  const Item& item = edit.store.items[index];
  edit.scratch.clear();
  NewContent content;
  content.ref = item.ref;
  content.len = item.len();
  content.ascii = item.is_ascii();
  if (item.ref == kType) {
    const Type& type = edit.store.types[item.content];
    write_type(edit.scratch, type.type_ref, edit.store.text(type.name));
  } else {
    const Bytes bytes = edit.store.content(item);
    edit.scratch.assign(bytes.begin(), bytes.end());
  }
  content.bytes = edit.scratch;
  return content;
}

}  // namespace

Redone follow_redone(const Store& store, SlotId id) {
  for (;;) {
    const ItemIndex item = store.find(id.slot, id.clock);
    const uint32_t diff = id.clock - store.items[item].clock;
    const SlotId* next = store.redone.find(item);
    if (next == nullptr) return {item, diff};
    id = {next->slot, next->clock + diff};
  }
}

void keep_item(Store& store, ItemIndex item, bool keep) {
  while (item != kNil && store.items[item].kept != (keep ? 1u : 0u)) {
    store.items[item].kept = keep;
    item = parent_item(store, item);
  }
}

ItemIndex redo_item(Edit& edit, ItemIndex index, const RedoContext& context) {
  Store& store = edit.store;
  if (const SlotId* redone = store.redone.find(index)) return clean_start(edit, *redone);
  ItemIndex parent = parent_item(store, index);
  if (parent != kNil && store.items[parent].deleted) {
    // The parent first, if it comes back at all.
    if (store.redone.find(parent) == nullptr &&
        (!context.to_redo.contains(parent) || redo_item(edit, parent, context) == kNil)) {
      return kNil;
    }
    while (const SlotId* redone = store.redone.find(parent)) parent = clean_start(edit, *redone);
  }
  const TypeIndex type =
      parent == kNil ? store.parent_type(store.items[index]) : TypeIndex{store.items[parent].content};
  NewItem made;
  made.slot = edit.slot;
  made.parent = type;
  if (!store.in_map(store.items[index])) {
    // At its old place: between the nearest neighbours that are in the type now.
    for (ItemIndex left = store.items[index].left; left != kNil; left = store.items[left].left) {
      made.left = trace(edit, left, parent);
      if (made.left != kNil) break;
    }
    for (ItemIndex right = index; right != kNil; right = store.items[right].right) {
      made.right = trace(edit, right, parent);
      if (made.right != kNil) break;
    }
  } else {
    const std::string key(store.text(store.entries[store.entry_of(store.items[index])].key));
    const EntryIndex entry = store.find_entry(type, key);
    if (entry != kNil) made.left = store.entries[entry].last;
    if (store.items[index].right != kNil && !context.ignore_remote_map_changes) {
      ItemIndex left = index;
      for (ItemIndex right = store.items[left].right; right != kNil; right = store.items[left].right) {
        const Item& next = store.items[right];
        if (store.redone.find(right) == nullptr && !context.is_own_change({store.slot(next), next.clock}))
          break;
        left = right;
        while (const SlotId* redone = store.redone.find(left)) left = clean_start(edit, *redone);
      }
      if (store.items[left].right != kNil) return kNil;  // somebody else has set the key since
      if (parent_item(store, left) == parent) made.left = left;
    }
    made.entry = store.add_entry(type, key);
  }
  const NewContent content = copy_of(edit, index);
  made.ref = content.ref;
  made.len = content.len;
  made.content = content.bytes;
  made.ascii = content.ascii;
  const SlotId id{edit.slot, store.state(edit.slot)};
  if (content.ref == kFormat) {
    const FormatValue value = mark_of(store, edit.format_values, index).value;
    if (value.is_object()) edit.format_values[id_number(id)] = value.identity;
  }
  store.redone.set(index, id);
  const ItemIndex redone = edit.transaction.insert(made);
  keep_item(store, redone, true);
  return redone;
}

}  // namespace symphony::crdt
