// What must hold in every store between two transactions.
#include "crdt/store/store.h"

#include <string>
#include <vector>

#include "base/utf8.h"

namespace symphony::crdt {

std::string Store::check_invariants() const {
  const auto where = [&](Slot slot, uint32_t clock) {
    return " (client " + std::to_string(clients[slot].id) + ", clock " + std::to_string(clock) + ")";
  };
  std::vector<bool> alive(items.size());
  for (Slot slot = 0; slot < clients.size(); ++slot) {
    const Client& client = clients[slot];
    if (client.structs.empty()) {
      if (client.state != 0) return "a client has a state but no structs" + where(slot, 0);
      continue;
    }
    uint32_t expected = 0;
    size_t count = 0;
    for (StructList::Position at = client.structs.begin();;) {
      const ItemIndex index = client.structs.item(at);
      const Item& item = items[index];
      alive[index] = true;
      ++count;
      if (this->slot(item) != slot || item.clock != expected || item.len() == 0) {
        return "structs are not contiguous" + where(slot, expected);
      }
      if (client.structs.find(item.clock, items) != at || client.structs.find(item.end() - 1, items) != at) {
        return "a struct is not found by its clocks" + where(slot, expected);
      }
      if (item.is_gc() && !item.deleted) return "a GC struct is not deleted" + where(slot, expected);
      if (item.form == kInline && item.len() > kInlineMax) {
        return "a text is too long to be in its item" + where(slot, expected);
      }
      if (item.is_ascii() && (item.ref != kString || !is_ascii(content(item)))) {
        return "a content has the form of an ASCII text and is none" + where(slot, expected);
      }
      if (item.ref == kString) {
        const auto units = utf16_length(content(item));
        if (!units || *units != item.len()) return "a text does not have its length" + where(slot, expected);
      }
      expected = item.end();
      if (!client.structs.next(at)) break;
    }
    if (expected != client.state || count != client.structs.size())
      return "a client's state is off" + where(slot, expected);
  }

  std::vector<uint64_t> length(types.size());
  for (ItemIndex index = 0; index < items.size(); ++index) {
    if (!alive[index] || items[index].is_gc()) continue;
    const Item& item = items[index];
    const std::string at = where(slot(item), item.clock);
    const uint32_t owner = lineage_of(item).parent();
    if (owner >= (in_map(item) ? entries.size() : types.size())) return "an item has no parent" + at;
    const Type& parent = types[parent_type(item)];
    if (item.right != kNil && (!alive[item.right] || items[item.right].left != index)) {
      return "a right link is not mutual" + at;
    }
    if (item.left != kNil && (!alive[item.left] || items[item.left].right != index)) {
      return "a left link is not mutual" + at;
    }
    if (item.left == kNil && !in_map(item) && parent.start != index)
      return "a list does not begin with its first item" + at;
    if (item.left == kNil && in_map(item) && entries[entry_of(item)].first != index)
      return "a map entry misses its first item" + at;
    if (item.right == kNil && in_map(item) && entries[entry_of(item)].last != index)
      return "a map entry misses its last item" + at;
    // Of a key only the value is deleted with the type. Others are deleted already, unless one was cut
    // through after it came: in Yjs, too, its first half then stays.
    if (parent.owner != kNil && items[parent.owner].deleted && !item.deleted &&
        (!in_map(item) || item.right == kNil)) {
      return "a child outlives its parent" + at;
    }
    if (item.ref == kType && types[item.content].owner != index) return "a type does not know its item" + at;
    if (!item.deleted && item.countable() && !in_map(item)) length[parent_type(item)] += item.len();
  }
  for (TypeIndex index = 0; index < types.size(); ++index) {
    const ItemIndex owner = types[index].owner;
    const bool deleted = owner != kNil && items[owner].deleted;
    if (!deleted && length[index] != types[index].length) return "a type's length is not that of its list";
  }
  bool all_deleted = true;
  deleted_runs.visit([&](Slot slot, uint32_t begin, uint32_t end) {
    for (uint32_t clock = begin; clock < end;) {
      const Item& item = items[find(slot, clock)];
      all_deleted = all_deleted && item.deleted;
      clock = item.end();
    }
  });
  if (!all_deleted) return "something is live among what is known to be deleted";
  return positions == nullptr ? std::string() : positions->check();
}

}  // namespace symphony::crdt
