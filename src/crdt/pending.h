// What a document holds back: structs whose dependencies have not arrived, and deletes of structs that have
// not. Both are part of the encoded state.
#pragma once

#include <map>
#include <vector>

#include "crdt/dense_index.h"
#include "crdt/update.h"
#include "symphony/types.h"

namespace symphony::crdt {

class Pending {
 public:
  bool empty() const { return parts_.empty() && deletes_.empty(); }
  bool has_structs() const { return !parts_.empty(); }
  // Of memory; what has been sent twice may count twice for a while.
  size_t bytes() const { return part_bytes_ + deletes_.size() * sizeof(DeleteRange); }
  size_t structs_max() const { return part_bytes_ / 2; }  // how many structs these bytes may hold

  // Keeps an update without deletes, which cannot go in before `missing`: of each client the lowest clock.
  // Amortised cost: linear in the update; parts are merged when they have doubled.
  void add(Buffer structs, const std::vector<Id>& missing);

  // The clocks that a client must have for something to go in, or kNil.
  uint32_t missing_of(uint64_t client) const;

  // Whether something that waits might go in when this client has reached `state`.
  bool concerns(uint64_t client, uint32_t state) const;

  // All that waits as one update, as mergeUpdates makes it (store.pendingStructs); empty if nothing does.
  const Buffer& merged() const;

  // The same, which then waits no longer.
  Buffer take();

  // Deletes of clocks that are not known, in any order (store.pendingDs).
  void add_deletes(std::vector<DeleteRange>& ranges);
  const std::vector<DeleteRange>& deletes() const { return deletes_; }
  // Moves what waits of a client below `state`, its next clock, to `out`.
  void take_deletes(uint64_t client, uint32_t state, std::vector<DeleteRange>& out);

 private:
  std::vector<DeleteRange>::const_iterator deletes_of(uint64_t client) const;

  mutable std::vector<Buffer> parts_;  // in the order of arrival
  mutable size_t part_bytes_ = 0;
  mutable size_t merged_bytes_ = 0;       // when they were merged last
  std::map<uint64_t, uint32_t> missing_;  // by client; ordered: the keys are a peer's choice
  std::vector<DeleteRange> deletes_;      // descending by client, sorted and joined
};

}  // namespace symphony::crdt
