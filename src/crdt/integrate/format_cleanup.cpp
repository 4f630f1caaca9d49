#include "crdt/integrate/format_cleanup.h"

#include <map>
#include <string_view>
#include <unordered_set>

#include "crdt/integrate/format.h"

namespace symphony::crdt {
namespace {

// The last mark seen for each key. Keys stay where they are: nothing is written while marks are looked at.
class Marks {
 public:
  // False if there was one for this key already; `mark` then takes its place.
  bool set(const Store& store, ItemIndex mark) {
    const auto [at, added] = marks_.try_emplace(format_of(store, mark).key, mark);
    at->second = mark;
    return added;
  }
  bool is_last(const Store& store, ItemIndex mark) const {
    return marks_.at(format_of(store, mark).key) == mark;
  }

 private:
  std::map<std::string_view, ItemIndex> marks_;  // ordered: keys are a peer's choice, and cannot make it slow
};

bool is_mark(const Item& item) { return !item.deleted && item.ref == kFormat; }

bool in_gap(const Item& item) { return item.deleted || !item.countable(); }

// YText.js: cleanupYTextFormatting. It means to clean the gap before each visible content, but hands over a
// gap that begins with the content before, which counts as empty; so only the gap at the very beginning is
// ever cleaned. There a mark goes if another for its key follows, or if it ends what never began.
void clean_text(Store& store, Transaction& cleanup, TypeIndex text) {
  Marks last;
  const ItemIndex start = store.types[text].start;
  ItemIndex end = start;
  for (; end != kNil && in_gap(store.items[end]); end = store.items[end].right) {
    if (is_mark(store.items[end])) last.set(store, end);
  }
  if (end == kNil) return;  // Yjs acts when it meets a content
  for (ItemIndex at = start; at != end; at = store.items[at].right) {
    if (!is_mark(store.items[at])) continue;
    if (!last.is_last(store, at) || format_of(store, at).is_null()) cleanup.delete_item(at);
  }
}

// YText.js: cleanupContextlessFormattingGap. In the gap around a deleted content, of several marks for one
// key only the last counts. `cleaned` holds the items of gaps that have been cleaned: many deletes share one.
void clean_gap(Store& store, Transaction& cleanup, ItemIndex at, std::unordered_set<ItemIndex>& cleaned) {
  if (cleaned.contains(at)) return;
  while (store.items[at].right != kNil && in_gap(store.items[store.items[at].right]))
    at = store.items[at].right;
  Marks seen;
  for (; at != kNil && in_gap(store.items[at]); at = store.items[at].left) {
    cleaned.insert(at);
    if (is_mark(store.items[at]) && !seen.set(store, at)) cleanup.delete_item(at);
  }
}

}  // namespace

void clean_formatting(Store& store, const Transaction& changes, Transaction& cleanup) {
  std::unordered_set<TypeIndex> whole;
  // A text that got a mark is cleaned as a whole.
  for (const Slot slot : changes.changed_clients()) {
    const StructList& structs = store.clients[slot].structs;
    for (StructList::Position at = structs.find(changes.before(slot), store.items);;) {
      const Item& item = store.items[structs.item(at)];
      if (!item.deleted && item.ref == kFormat) whole.insert(store.parent_type(item));
      if (!structs.next(at)) break;
    }
  }
  std::unordered_set<ItemIndex> cleaned;
  for (const SlotRange& range : changes.deletes()) {
    const StructList& structs = store.clients[range.slot].structs;
    for (StructList::Position at = structs.find(range.clock, store.items);;) {
      const ItemIndex index = structs.item(at);
      const Item& item = store.items[index];
      if (item.clock >= range.end()) break;
      if (!item.is_gc()) {
        const TypeIndex parent = store.parent_type(item);
        if (store.types[parent].has_formatting && !whole.contains(parent)) {
          if (item.ref == kFormat) {
            whole.insert(parent);
          } else {
            clean_gap(store, cleanup, index, cleaned);
          }
        }
      }
      if (!structs.next(at)) break;
    }
  }
  for (const TypeIndex type : whole) clean_text(store, cleanup, type);
}

}  // namespace symphony::crdt
