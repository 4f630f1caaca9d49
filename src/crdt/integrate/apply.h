// Bringing an update into a document: which structs can be integrated, in which order, and what must wait.
// The same walk as Yjs's integrateStructs and readUpdateV2, because what is left waiting, and so the encoded
// state, depends on it.
#pragma once

#include <cstdint>
#include <vector>

#include "crdt/integrate/pending.h"
#include "crdt/integrate/transaction.h"
#include "crdt/store/store.h"
#include "crdt/wire/update.h"

namespace symphony::crdt {

class Applier {
 public:
  // Applies all of `update` that can be, keeps the rest in `pending`, and tries what was pending when
  // something it waited for has come.
  void apply(Store& store, Pending& pending, const ParsedUpdate& update, Transaction& transaction);

  // Whether the last apply() found every struct and delete of its update new and in place, so that the update
  // itself says what changed.
  bool all_new() const { return all_new_; }
  // Whether the last apply() left some of its update waiting.
  bool left_waiting() const { return left_waiting_; }

 private:
  // A client's structs in the update being applied.
  struct Refs {
    uint64_t client = 0;
    uint32_t first = 0;
    uint32_t count = 0;
    uint32_t at = 0;
    bool taken = false;  // the rest of it waits

    bool done() const { return taken || at == count; }
  };
  struct Head {
    uint32_t refs = 0;   // index into refs_
    uint32_t index = 0;  // into the update's structs
    Id waits_for;        // once it is on the stack
  };
  struct Rest {
    uint64_t client = 0;
    uint32_t first = 0;
    uint32_t count = 0;
  };

  bool apply_one(const ParsedUpdate& update, Transaction& transaction);
  void integrate_structs(const ParsedUpdate& update, Transaction& transaction);
  Id missing(uint64_t client, Incoming& in) const;
  uint32_t find_refs(uint64_t client) const;
  void set_aside_stack();
  void keep_rest(const ParsedUpdate& update);
  void apply_deletes(const std::vector<DeleteRange>& deletes, Transaction& transaction);

  Store* store_ = nullptr;
  Pending* pending_ = nullptr;
  bool all_new_ = false;
  bool left_waiting_ = false;
  // Memory kept between calls.
  std::vector<Refs> refs_;
  std::vector<Head> stack_;
  std::vector<Rest> rest_;
  std::vector<WaitingStructs::Need> rest_needs_;
  std::vector<WaitingStructs::Arrived> arrived_;
  std::vector<DeleteRange> waiting_;
};

}  // namespace symphony::crdt
