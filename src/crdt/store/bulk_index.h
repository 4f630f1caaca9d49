// A shortcut from clocks to items while a whole state is loaded: a table for each client, with the item at
// every few clocks. The items of a client stand one behind the other, so the right one is a few steps from
// there. Where it is not (an item was cut) the client's StructList is asked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/huge_pages.h"
#include "crdt/store/item.h"

namespace symphony::crdt {

class BulkIndex {
 public:
  // Room for so many structs of so many clients; then add_client() for each client.
  void start(size_t structs, size_t clients) {
    set_capacity(cells_, (structs + clients) * 2);
    cells_.assign(cells_.capacity(), 0);
    tables_.clear();
    of_slot_.clear();
    used_ = 0;
  }

  // A client with `count` items from clock 0 to `end`, which stand at `first` and behind it.
  void add_client(Slot slot, uint32_t end, ItemIndex first, size_t count, const std::vector<Item>& items) {
    Table table;
    while (end >> table.shift > count * 2) ++table.shift;
    table.cells = used_;
    table.end = first + static_cast<ItemIndex>(count);
    used_ += (end >> table.shift) + 1;
    uint32_t* cell = cells_.data() + table.cells;
    for (uint64_t clock = 0; count > 0; --count, ++first) {
      const uint32_t next = count > 1 ? items[first + 1].clock : end;
      for (; clock < next; clock += uint64_t{1} << table.shift) *cell++ = first;
    }
    if (slot >= of_slot_.size()) of_slot_.resize(slot + 1, kNil);
    of_slot_[slot] = static_cast<uint32_t>(tables_.size());
    tables_.push_back(table);
  }

  // The item that covers `clock`, or kNil: ask the list.
  ItemIndex find(Slot slot, uint32_t clock, const std::vector<Item>& items) const {
    constexpr uint32_t kSteps = 16;
    if (slot >= of_slot_.size() || of_slot_[slot] == kNil) return kNil;
    const Table& table = tables_[of_slot_[slot]];
    ItemIndex index = cells_[table.cells + (clock >> table.shift)];
    for (const ItemIndex end = std::min(index + kSteps, table.end); index < end; ++index) {
      const Item& item = items[index];
      if (clock < item.clock) break;
      if (clock < item.end()) return index;
    }
    return kNil;
  }

 private:
  struct Table {
    uint32_t shift = 0;
    uint32_t cells = 0;  // where they begin in cells_
    ItemIndex end = 0;   // behind the client's last item
  };

  std::vector<uint32_t> cells_;
  uint32_t used_ = 0;
  std::vector<Table> tables_;
  std::vector<uint32_t> of_slot_;
};

}  // namespace symphony::crdt
