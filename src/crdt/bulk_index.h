// A shortcut from clocks to items while a big update is applied: a table for each client of the update, with
// the item at every few clocks. The items of an update stand one behind the other, so the right one is a few
// steps from there. Where it is not (an item was cut, or was there before) the client's StructList is asked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "crdt/item.h"
#include "crdt/update.h"

namespace symphony::crdt {

class BulkIndex {
 public:
  // Pays from so many structs on.
  static constexpr size_t kStructsMin = 512;

  bool active() const { return !cells_.empty(); }

  // Makes room for the structs of an update: two cells for each.
  void start(const ParsedUpdate& update) {
    cells_.assign(update.structs.size() * 2 + update.blocks.size() * 2, 0);
    tables_.clear();
    uint32_t used = 0;
    for (const ParsedBlock& block : update.blocks) {
      if (block.count == 0) continue;
      Table table;
      table.client = block.client;
      table.base = update.structs[block.first].clock;
      const uint32_t clocks = update.structs[block.first + block.count - 1].end() - table.base;
      while (clocks >> table.shift > block.count * uint64_t{2}) ++table.shift;
      table.cells = used;
      used += (clocks >> table.shift) + 1;
      tables_.push_back(table);
    }
    of_slot_.clear();
  }

  void stop() { *this = BulkIndex(); }

  // A struct of the update went in; those of one client in the order of their clocks.
  void added(Slot slot, uint64_t client, const Item& item, ItemIndex index) {
    Table* const table = table_of(slot, client);
    if (table == nullptr || item.clock < table->base) return;
    while (table->base + (uint64_t{table->filled} << table->shift) < item.end()) {
      cells_[table->cells + table->filled++] = index;
    }
  }

  // The item that covers `clock`, or kNil: ask the list. `is_of(item)`: whether it is this client's.
  template <class IsOf>
  ItemIndex find(Slot slot, uint32_t clock, const std::vector<Item>& items, IsOf is_of) const {
    constexpr uint32_t kSteps = 16;
    if (slot >= of_slot_.size() || of_slot_[slot] >= kUnknown) return kNil;
    const Table& table = tables_[of_slot_[slot]];
    if (clock < table.base) return kNil;
    const uint32_t cell = (clock - table.base) >> table.shift;
    if (cell >= table.filled) return kNil;
    ItemIndex index = cells_[table.cells + cell];
    for (const size_t end = std::min<size_t>(index + kSteps, items.size()); index < end; ++index) {
      const Item& item = items[index];
      if (clock < item.clock) break;
      if (clock < item.end()) return is_of(item) ? index : kNil;
    }
    return kNil;
  }

 private:
  struct Table {
    uint64_t client = 0;
    uint32_t base = 0;  // the first clock
    uint32_t shift = 0;
    uint32_t cells = 0;   // where they begin in cells_
    uint32_t filled = 0;  // how many have their item
  };

  Table* table_of(Slot slot, uint64_t client) {
    if (slot >= of_slot_.size()) of_slot_.resize(slot + 1, kUnknown);
    if (of_slot_[slot] == kUnknown) {
      of_slot_[slot] = kNil;
      const auto at = std::lower_bound(tables_.begin(), tables_.end(), client,
                                       [](const Table& table, uint64_t id) { return table.client > id; });
      if (at != tables_.end() && at->client == client)
        of_slot_[slot] = static_cast<uint32_t>(at - tables_.begin());
    }
    return of_slot_[slot] == kNil ? nullptr : &tables_[of_slot_[slot]];
  }

  static constexpr uint32_t kUnknown = kNil - 1;

  std::vector<uint32_t> cells_;
  std::vector<Table> tables_;  // descending by client
  std::vector<uint32_t> of_slot_;
};

}  // namespace symphony::crdt
