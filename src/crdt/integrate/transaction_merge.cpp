// Merging what a transaction left side by side (cleanupTransactions, tryToMergeWithLefts).
#include "crdt/integrate/transaction.h"

namespace symphony::crdt {
namespace {

// Most neighbours fail here.
bool may_merge(const Item& left, const Item& right, ItemIndex right_index) {
  if (left.deleted != right.deleted || left.ref != right.ref) return false;
  return left.is_gc() || (left.right == right_index && right.origin_clock == left.end() - 1);
}

}  // namespace

// Yjs: mergeWith. Which neighbours merge does not depend on what they merged with before.
bool Transaction::can_merge(ItemIndex left_index, ItemIndex right_index) const {
  const Item& left = store_->items[left_index];
  const Item& right = store_->items[right_index];
  if (!may_merge(left, right, right_index)) return false;
  if (left.is_gc()) return true;
  if (!is_mergeable(static_cast<uint8_t>(left.ref))) return false;
  if (store_->redone.contains(left_index) || store_->redone.contains(right_index)) {
    return false;
  }
  const Lineage& ours = store_->lineage_of(left);
  const Lineage& theirs = store_->lineage_of(right);
  return theirs.origin_slot == ours.slot && theirs.right_origin_slot == ours.right_origin_slot &&
         (ours.right_origin_slot == kNil || left.right_origin_clock == right.right_origin_clock);
}

void Transaction::merge(ItemIndex left_index, ItemIndex right_index) {
  Item& left = store_->items[left_index];
  Item& right = store_->items[right_index];
  if (!left.is_gc()) {
    const Lineage& lineage = store_->lineage_of(right);
    if (store_->positions != nullptr && !lineage.in_map())
      store_->positions->merging(left_index, right_index);
    if (lineage.in_map() && store_->entries[lineage.parent()].last == right_index) {
      store_->entries[lineage.parent()].last = left_index;
    }
    left.kept |= right.kept;
    left.right = right.right;
    if (left.right != kNil) store_->items[left.right].left = left_index;
    store_->merge_content(left, right);
  }
  left.set_len(left.len() + right.len());
  store_->free_item(right_index);
}

// Merges the struct at `at` into its left neighbours as long as that goes; how many merges. `at` follows.
uint32_t Transaction::merge_with_lefts(Slot slot, StructList::Position& at) {
  StructList& structs = store_->clients[slot].structs;
  // How far it goes is found first and then joined from the left, so that what has been gathered grows in
  // place.
  uint32_t merges = 0;
  StructList::Position first = at;
  for (StructList::Position left = at; !structs.is_first(first); first = left, ++merges) {
    structs.previous(left);
    if (!can_merge(structs.item(left), structs.item(first))) break;
  }
  if (merges == 0) return 0;
  for (uint32_t i = 0; i < merges; ++i) {
    StructList::Position next = first;
    structs.next(next);
    merge(structs.item(first), structs.item(next));
    first = structs.erase(next, store_->items);
  }
  at = first;
  return merges;
}

void Transaction::merge_deleted() {
  for (auto range = deletes_.rbegin(); range != deletes_.rend(); ++range) {
    if (range->clock >= before(range->slot)) continue;  // new: merge_new() comes by
    StructList& structs = store_->clients[range->slot].structs;
    StructList::Position at = structs.find(range->end() - 1, store_->items);
    structs.next(at);
    while (!structs.is_first(at) && store_->items[structs.item(at)].clock >= range->clock) {
      merge_with_lefts(range->slot, at);
      if (!structs.previous(at)) break;
    }
  }
}

void Transaction::merge_new() {
  for (const Slot slot : changed_clients()) {
    const StructList& structs = store_->clients[slot].structs;
    const uint32_t first_changed =
        store_->items[structs.item(structs.find(before(slot), store_->items))].clock;
    StructList::Position at = structs.last();
    while (!structs.is_first(at) && store_->items[structs.item(at)].clock >= first_changed) {
      // Items that stand as they were read are looked at in a row.
      const Item* const first = store_->items.data() + structs.dense_begin(at);
      const Item* item = store_->items.data() + structs.item(at);
      while (item > first && item->clock >= first_changed &&
             !may_merge(item[-1], *item, static_cast<ItemIndex>(item - store_->items.data()))) {
        --item;
        --at.index;
      }
      if (structs.is_first(at) || item->clock < first_changed) break;
      merge_with_lefts(slot, at);
      if (!structs.previous(at)) break;
    }
  }
}

void Transaction::merge_split() {
  for (auto cut = merge_structs_.rbegin(); cut != merge_structs_.rend(); ++cut) {
    const StructList& structs = store_->clients[cut->slot].structs;
    StructList::Position at = structs.find(cut->clock, store_->items);
    if (StructList::Position right = at; structs.next(right)) {
      const uint32_t merged = merge_with_lefts(cut->slot, right);
      if (merged > 1) continue;
      if (merged == 1) at = right;
    }
    merge_with_lefts(cut->slot, at);
  }
}

}  // namespace symphony::crdt
