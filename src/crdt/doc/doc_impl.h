// What is behind a Doc.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "crdt/doc/listeners.h"
#include "crdt/integrate/apply.h"
#include "crdt/integrate/pending.h"
#include "crdt/integrate/transaction.h"
#include "crdt/store/store.h"
#include "crdt/wire/encoder.h"
#include "crdt/wire/update.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"

namespace symphony {

namespace crdt {

// Hears of every transaction between its observers and its clean-up, as Yjs's 'afterTransaction' handlers do.
class TransactionWatcher {
 public:
  virtual ~TransactionWatcher() = default;
  virtual void after_transaction(Transaction& transaction, const TransactionInfo& info,
                                 const std::vector<TypeIndex>& observed) = 0;
  virtual void document_gone() = 0;
};

// A transaction in the queue of those that have begun and are not cleaned up (doc._transactionCleanups).
struct Running {
  Transaction transaction;
  TransactionInfo info;
  Bytes forward;                  // the input itself is the update
  std::unique_ptr<Running> next;  // in the queue
};

// What observers are told of a transaction. It names types by handles, which are made a wing above
// (edit/doc_local.cpp).
class Observing {
 public:
  // Type observers, then deep ones; gives the types that changed or hold such types
  // (transaction.changedParentTypes).
  virtual std::vector<TypeIndex> call_observers(Doc::Impl& doc, Running& running) const = 0;
  virtual SubdocsEvent subdocs_event(Doc::Impl& doc, const Running& running) const = 0;

 protected:
  ~Observing() = default;
};

// What reading and applying an update takes, and the next one takes again, whichever document it is for: a
// document that rests between two updates holds none of it.
struct Scratch {
  ParsedUpdate parsed;
  Applier applier;
  std::vector<std::unique_ptr<Running>> transactions;  // that are over
};
Scratch& scratch();  // of this thread

// The observers of one type.
struct TypeListeners {
  SlotId owner;  // which type it is: places in the table are used again
  Listeners<const Event&> direct;
  Listeners<std::span<const Event>> deep;
};

// What a document needs once it is edited or observed here.
struct Local {
  explicit Local(const Observing& o) : observing(o) {}

  const Observing& observing;
  Slot slot = kNil;       // of the client id; kNil: not used yet
  bool collided = false;  // somebody else writes with this id
  Encoder update;         // the update being emitted
  Buffer scratch;         // contents being written
  std::unordered_map<TypeIndex, TypeListeners> types;
  std::unordered_map<uint64_t, uint64_t> format_values;  // see FormatValue
  std::vector<SlotId> loaded_docs;
  Listeners<Bytes, const TransactionInfo&> on_update;
  Listeners<const TransactionInfo&> on_after_transaction;
  Listeners<const SubdocsEvent&> on_subdocs;
  std::vector<TransactionWatcher*> watchers;
  Origin next_undo_origin = kUndoOrigins;
};

}  // namespace crdt

struct Doc::Impl {
  explicit Impl(const DocOptions& o) : options(o), store(o) {}
  ~Impl();

  // What was encoded and is still true.
  struct Encoded {
    Buffer deletes;  // the whole delete set, v1; empty: not known
    Buffer state;    // the whole state, if it was asked for twice without a change; empty: not known
    bool asked = false;
    std::unique_ptr<Doc> view;  // DocOptions::show_behind_gaps: what is read instead while something waits
  };

  Result<Applied> apply(Bytes update, Origin origin, const DocLimits& limits);
  bool load(Bytes update, Origin origin, const DocLimits& limits);
  Result<void> integrate(Bytes update, Origin origin, const DocLimits& limits);
  void abandon();
  // What was encoded is no longer true; its delete set neither, if something was deleted.
  void changed(bool deleted);
  // To be called before anything is encoded while a transaction may be under way.
  void note_changes();
  const Buffer& encoded_deletes();
  Encoded& make_encoded();

  // --- what an update may do (doc_limits.cpp)

  Result<void> check_limits(const crdt::ParsedUpdate& update, uint64_t woken, const DocLimits& limits) const;
  // How many structs and deletes go in at most, with those that wait and may be woken.
  static uint64_t changes_max(const crdt::ParsedUpdate& update, uint64_t woken) {
    return update.structs.size() + update.deletes.size() + woken;
  }
  uint64_t wakes_max(const crdt::ParsedUpdate& update) const;
  bool fits(uint64_t client, const crdt::ParsedStruct& s, const crdt::ParsedStruct* previous) const;
  uint64_t size_with(const crdt::ParsedUpdate& update, uint64_t woken) const;
  uint64_t work_of(const crdt::ParsedUpdate& update, uint64_t woken) const;
  bool may_wait(const crdt::ParsedUpdate& update) const;

  // --- transactions (transact.cpp)

  // Begins a transaction, or joins the one that is running. Whoever begins it ends it.
  struct Begun {
    crdt::Running& running;
    bool joined;
  };
  Begun begin(bool local, Origin origin);
  // Ends the running transaction. The first in the queue is then observed, cleaned up and emitted, and after
  // it those that observers made meanwhile.
  void end();

  void clean_up(crdt::Running& running);
  void observe(crdt::Running& running);
  void emit(crdt::Running& running);
  bool is_observed() const;

  // --- edits and observers, of the wing above (edit/doc_local.cpp)

  // Whether an edit may be made here that adds up to `bytes` of content and `units` to the clock.
  Result<void> may_edit(size_t bytes, uint64_t units);
  crdt::Local& make_local();

  DocOptions options;
  crdt::Store store;
  crdt::Pending pending;
  uint32_t epoch = 0;
  bool has_handles = false;  // somebody may know types by their index

  std::unique_ptr<Encoded> encoded;             // null: nothing is known
  std::unique_ptr<crdt::Running> transactions;  // the queue of those that are not over
  crdt::Running* newest = nullptr;              // its end
  crdt::Running* current = nullptr;             // the one that is running
  std::vector<Buffer>* emitted = nullptr;       // what apply_update gives back
  std::unique_ptr<crdt::Local> local;
};

}  // namespace symphony
