#include "crdt/format_cleanup.h"

#include <algorithm>

#include "crdt/format.h"

namespace symphony::crdt {
namespace {

// Deletes the marks between `start` and the next visible content that are overwritten before it or say what
// held already (YText.js: cleanupFormattingGap). `current` holds at `visible`, `at_start` at `start`.
void clean_gap(Store& store, Transaction& cleanup, ItemIndex start, ItemIndex visible,
               const Attributes& at_start, Attributes& current) {
  Attributes last_marks;
  ItemIndex end = start;
  for (; end != kNil && (!store.items[end].countable() || store.items[end].deleted);
       end = store.items[end].right) {
    if (!store.items[end].deleted && store.items[end].ref == kFormat) last_marks.set(format_of(store, end));
  }
  bool reached = false;
  for (ItemIndex at = start; at != end; at = store.items[at].right) {
    if (at == visible) reached = true;
    if (store.items[at].deleted || store.items[at].ref != kFormat) continue;
    const Format format = format_of(store, at);
    const Format* before = at_start.get(format.key);
    const Format* last = last_marks.get(format.key);
    if (last == nullptr || last->mark != at || same_value(before, &format)) {
      cleanup.delete_item(at);
      if (!reached && same_value(current.get(format.key), &format) && !same_value(before, &format)) {
        if (before == nullptr || before->is_null()) {
          current.erase(format.key);
        } else {
          current.set(*before);
        }
      }
    } else if (!reached) {
      current.update(format);
    }
  }
}

// The gap around a deleted content: of several marks for one key only the last counts
// (YText.js: cleanupContextlessFormattingGap).
void clean_gap_without_context(Store& store, Transaction& cleanup, ItemIndex at) {
  const auto in_gap = [&](ItemIndex i) { return store.items[i].deleted || !store.items[i].countable(); };
  while (store.items[at].right != kNil && in_gap(store.items[at].right)) at = store.items[at].right;
  Attributes seen;
  for (; at != kNil && in_gap(at); at = store.items[at].left) {
    if (store.items[at].deleted || store.items[at].ref != kFormat) continue;
    const Format format = format_of(store, at);
    if (seen.get(format.key) != nullptr) {
      cleanup.delete_item(at);
    } else {
      seen.set(format);
    }
  }
}

void clean_text(Store& store, Transaction& cleanup, TypeIndex text) {
  ItemIndex start = store.types[text].start;
  Attributes at_start;
  Attributes current;
  for (ItemIndex at = start; at != kNil; at = store.items[at].right) {
    if (store.items[at].deleted) continue;
    if (store.items[at].ref == kFormat) {
      current.update(format_of(store, at));
    } else {
      clean_gap(store, cleanup, start, at, at_start, current);
      at_start = current;
      start = at;
    }
  }
}

}  // namespace

void clean_formatting(Store& store, const Transaction& changes, Transaction& cleanup) {
  std::vector<TypeIndex> whole;
  const auto add_whole = [&](TypeIndex type) {
    if (std::find(whole.begin(), whole.end(), type) == whole.end()) whole.push_back(type);
  };
  // A text that got a mark is cleaned as a whole.
  for (const Slot slot : changes.changed_clients()) {
    const StructList& structs = store.clients[slot].structs;
    for (StructList::Position at = structs.find(changes.before(slot));;) {
      const Item& item = store.items[structs.item(at)];
      if (!item.deleted && item.ref == kFormat) add_whole(store.parent_type(item));
      if (!structs.next(at)) break;
    }
  }
  for (const SlotRange& range : changes.deletes()) {
    const StructList& structs = store.clients[range.slot].structs;
    for (StructList::Position at = structs.find(range.clock); structs.clock(at) < range.end();) {
      const ItemIndex index = structs.item(at);
      const Item& item = store.items[index];
      if (!item.is_gc()) {
        const TypeIndex parent = store.parent_type(item);
        if (store.types[parent].has_formatting &&
            std::find(whole.begin(), whole.end(), parent) == whole.end()) {
          if (item.ref == kFormat) {
            add_whole(parent);
          } else {
            clean_gap_without_context(store, cleanup, index);
          }
        }
      }
      if (!structs.next(at)) break;
    }
  }
  for (const TypeIndex type : whole) clean_text(store, cleanup, type);
}

}  // namespace symphony::crdt
