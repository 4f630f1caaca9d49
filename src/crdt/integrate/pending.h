// What a document holds back: structs whose dependencies have not arrived, and deletes of structs that have
// not. Both are part of the encoded state. Nearly always there is nothing, which takes little memory.
#pragma once

#include <vector>

#include "crdt/integrate/waiting_structs.h"
#include "crdt/store/copied_ptr.h"
#include "crdt/wire/update.h"
#include "symphony/types.h"

namespace symphony::crdt {

class Pending {
 public:
  bool empty() const { return structs_ == nullptr && deletes_.empty(); }
  // Of memory.
  size_t bytes() const {
    return (structs_ == nullptr ? 0 : structs_->bytes()) + deletes_.size() * sizeof(DeleteRange);
  }
  // How many structs and deletes may go in when these have arrived.
  size_t changes_max(const std::vector<WaitingStructs::Arrived>& arrived) const;

  // Null if none waits.
  WaitingStructs* structs() { return structs_.get(); }
  const WaitingStructs* structs() const { return structs_.get(); }
  // WaitingStructs::add and take.
  void add(Buffer structs, const std::vector<WaitingStructs::Block>& blocks,
           const std::vector<WaitingStructs::Need>& needs);
  Buffer take(const std::vector<WaitingStructs::Arrived>& arrived);

  // Deletes of clocks that are not known, in any order (store.pendingDs).
  void add_deletes(std::vector<DeleteRange>& ranges);
  const std::vector<DeleteRange>& deletes() const { return deletes_; }
  // Moves what waits of a client below `state`, its next clock, to `out`.
  void take_deletes(uint64_t client, uint32_t state, std::vector<DeleteRange>& out);

 private:
  // The first range of `client` that begins at or behind `clock`, or where it would be.
  std::vector<DeleteRange>::const_iterator deletes_from(uint64_t client, uint64_t clock) const;

  CopiedPtr<WaitingStructs> structs_;
  std::vector<DeleteRange> deletes_;  // descending by client, sorted and joined
};

}  // namespace symphony::crdt
