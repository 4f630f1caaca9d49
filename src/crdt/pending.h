// What a document holds back: structs whose dependencies have not arrived, and deletes of structs that have
// not.
#pragma once

#include <vector>

#include "crdt/update.h"
#include "symphony/types.h"

namespace symphony::crdt {

struct Pending {
  Buffer structs;                    // an update v1 without deletes; empty: none (store.pendingStructs)
  std::vector<Id> missing;           // clocks that would let some of it be tried again
  std::vector<DeleteRange> deletes;  // by client, sorted and joined (store.pendingDs)

  bool empty() const { return structs.empty() && deletes.empty(); }
  size_t bytes() const { return structs.size() + deletes.size() * sizeof(DeleteRange); }
};

// Sorts by client and keeps the lowest clock of each.
void keep_lowest(std::vector<Id>& missing);

}  // namespace symphony::crdt
