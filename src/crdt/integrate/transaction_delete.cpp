// Deleting (Item.delete), and collecting what was deleted (Item.gc).
#include "crdt/integrate/transaction.h"

namespace symphony::crdt {

void Transaction::delete_item(ItemIndex first) {
  // Walks the types below depth-first as Yjs's recursion does, with the stack on the heap: nesting costs no
  // stack.
  struct Frame {
    ItemIndex item;
    EntryIndex entry;
  };
  std::vector<Frame> frames;
  const auto enter = [&](ItemIndex index) {
    Item& item = store_->items[index];
    if (item.deleted) return;
    const Lineage& lineage = store_->lineage_of(item);
    const TypeIndex parent = store_->parent_type(item);
    if (item.countable() && !lineage.in_map()) store_->types[parent].length -= item.len();
    if (store_->positions != nullptr && !lineage.in_map()) store_->positions->hidden(index);
    item.deleted = 1;
    collectable_ = true;
    deletes_.push_back({lineage.slot, item.clock, item.len()});
    add_changed(parent, lineage.in_map() ? lineage.parent() : kNil);
    if (item.ref == kDoc) {
      const SlotId id{lineage.slot, item.clock};
      if (std::erase(subdocs_.added, id) == 0) subdocs_.removed.push_back(id);
    }
    if (item.ref == kType)
      frames.push_back({store_->types[item.content].start, store_->types[item.content].first_entry});
  };
  enter(first);
  while (!frames.empty()) {
    Frame& frame = frames.back();
    ItemIndex child = kNil;
    if (frame.item != kNil) {
      child = frame.item;
      frame.item = store_->items[child].right;
    } else if (frame.entry != kNil) {
      child = store_->entries[frame.entry].last;
      frame.entry = store_->entries[frame.entry].next;
      if (child == kNil) continue;
    } else {
      frames.pop_back();
      continue;
    }
    const Item& item = store_->items[child];
    if (!item.deleted) {
      enter(child);
    } else if (const Slot slot = store_->slot(item); item.clock < before(slot)) {
      // It will be collected with its parent but is not in this transaction's delete set.
      merge_structs_.push_back({slot, item.clock, item.len()});
    }
  }
}

void Transaction::delete_range(Slot slot, uint32_t clock, uint32_t end) {
  clock = store_->deleted_runs.skip(slot, clock);
  if (clock >= end) return;
  StructList& structs = store_->clients[slot].structs;
  StructList::Position at = structs.find(clock, store_->items);
  if (const Item& first = store_->items[structs.item(at)]; !first.deleted && first.clock < clock) {
    split(slot, at, clock - first.clock);
    at = structs.find(clock, store_->items);
  }
  uint32_t passed = 0;  // structs that were deleted already
  for (bool more = true; more && spend(1);) {
    const ItemIndex index = structs.item(at);
    const Item& item = store_->items[index];
    if (item.clock >= end) break;
    if (item.deleted) {
      ++passed;
      if (const uint32_t live = store_->deleted_runs.skip(slot, item.clock); live > item.end()) {
        if (live >= end) break;
        at = structs.find(live, store_->items);
        continue;
      }
    } else {
      if (end < item.end()) {
        split(slot, at, end - item.clock);
        at = structs.find(store_->items[index].clock, store_->items);
      }
      delete_item(index);
    }
    more = structs.next(at);
  }
  if (passed >= DeletedRuns::kLong && !exhausted()) store_->deleted_runs.add(slot, clock, end);
}

void Transaction::become_gc(ItemIndex index, Slot slot) {
  brought_gc_ = true;
  Item& item = store_->items[index];
  Item collected;
  store_->drop_content(item);
  store_->redone.erase(index);
  Lineage lineage;
  lineage.slot = slot;
  collected.lineage = store_->lineages.add(lineage) & kLineageMask;
  collected.clock = item.clock;
  collected.set_len(item.len());
  collected.deleted = 1;
  item = collected;
}

// Item.gc: the content goes; of a deleted type all children become GC structs.
void Transaction::collect(ItemIndex index) {
  if (store_->items[index].ref == kType) {
    std::vector<TypeIndex> types{store_->items[index].content};
    const auto collect_child = [&](ItemIndex child) {
      if (store_->items[child].ref == kType) types.push_back(store_->items[child].content);
      become_gc(child, store_->slot(store_->items[child]));
    };
    while (!types.empty()) {
      const TypeIndex type = types.back();
      types.pop_back();
      if (store_->positions != nullptr) store_->positions->drop(type);
      for (ItemIndex child = store_->types[type].start; child != kNil;) {
        const ItemIndex next = store_->items[child].right;
        collect_child(child);
        child = next;
      }
      for (EntryIndex entry = store_->types[type].first_entry; entry != kNil;
           entry = store_->entries[entry].next) {
        for (ItemIndex child = store_->entries[entry].last; child != kNil;) {
          const ItemIndex next = store_->items[child].left;
          collect_child(child);
          child = next;
        }
      }
      store_->free_type(type);
    }
  }
  Item& item = store_->items[index];
  store_->drop_content(item);
  item.ref = kDeleted;
}

void Transaction::collect_deleted() {
  for (const SlotRange& range : deletes_) {
    const StructList& structs = store_->clients[range.slot].structs;
    for (StructList::Position at = structs.find(range.clock, store_->items);;) {
      const ItemIndex index = structs.item(at);
      const Item& item = store_->items[index];
      if (item.clock >= range.end()) break;
      if (!item.is_gc() && item.deleted && !item.kept) collect(index);
      if (!structs.next(at)) break;
    }
  }
}

}  // namespace symphony::crdt
