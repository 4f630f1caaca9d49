// One change of a document, from the first struct to the clean-up: Yjs's Transaction, Item.integrate,
// Item.delete and cleanupTransactions, in the same order, because the order decides which structs end up
// merged and so the bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "crdt/store.h"
#include "crdt/update.h"

namespace symphony::crdt {

// A struct before its integration, with the clients it names as the document knows them.
struct Incoming {
  Slot slot = kNil;
  Slot origin_slot = kNil;
  Slot right_origin_slot = kNil;
  const ParsedStruct* parsed = nullptr;
  const ParsedUpdate* update = nullptr;
  bool last = false;  // nothing of its client follows in the update
};

// A deleted range, in the document's own terms.
struct SlotRange {
  Slot slot = kNil;
  uint32_t clock = 0;
  uint32_t len = 0;

  uint32_t end() const { return clock + len; }
};

class Transaction {
 public:
  Transaction(Store& store, const DocOptions& options) : store_(store), options_(options) {}

  // Starts afresh, keeping memory. `epoch` is new for each transaction of the store. A local transaction is
  // one that the document starts itself.
  void begin(uint32_t epoch, bool local);

  // Gives back the memory that a big transaction took.
  void release();

  // Integrates a struct whose dependencies are all known, leaving out its first `offset` clocks (known
  // already).
  void integrate(const Incoming& in, uint32_t offset);

  // Cuts items at the origins of a struct that is known already. The cuts close again in clean_up(), but Yjs
  // makes them, and a cut through a surrogate pair or a merge along the way stays.
  void touch(const ParsedStruct& parsed);

  // Deletes what is known of a range. What lies beyond the client's state is the caller's to keep.
  void delete_range(Slot slot, uint32_t clock, uint32_t end);

  void delete_item(ItemIndex item);

  // --- the steps of an integration, for who has items in hand

  // The item that begins (ends) at this known clock, cut there if it must be. A GC struct is never cut.
  ItemIndex clean_start(Slot slot, uint32_t clock);
  ItemIndex clean_end(Slot slot, uint32_t clock);
  // Fills in the parent: that of a neighbour, or what was written. False if there is none any more and the
  // struct becomes a GC struct.
  bool find_parent(const ParsedParent& parent, ItemIndex left, ItemIndex right, Lineage& lineage);
  // The client is going to change: what it had before counts from now on.
  Client& touch_client(Slot slot);
  // Finds the place of a new item with these neighbours and links it there.
  void place(ItemIndex index, const Lineage& lineage, ItemIndex left, ItemIndex right);
  // Call when it is in its client's list and has its content.
  void finish_new(ItemIndex index, const Lineage& lineage);
  void become_gc(ItemIndex index, Slot slot);
  void add_deleted(Slot slot, uint32_t clock, uint32_t len) { deletes_.push_back({slot, clock, len}); }

  // Sorts and joins the delete set; call once, when all changes are made.
  void finish_changes();

  // Whether a remote change touched a nested text that has formatting (transaction._needFormattingCleanup).
  bool needs_format_cleanup() const;

  // Collects what was deleted and merges what can be merged. The delete set must be finished.
  void clean_up();

  // The structs and deletes of this transaction as an update; empty if there are none. After clean_up().
  Buffer encode() const;

  const std::vector<SlotRange>& deletes() const { return deletes_; }
  // Clients that got new structs, in the order of the first.
  const std::vector<Slot>& changed_clients() const { return changed_clients_; }
  uint32_t before(Slot slot) const {
    const Client& client = store_.clients[slot];
    return client.before_epoch == epoch_ ? client.before : client.state;
  }
  bool changed() const { return !changed_clients_.empty() || !deletes_.empty(); }

 private:
  ItemIndex split(Slot slot, StructList::Position at, uint32_t diff);
  bool extend_last(const Incoming& in);
  void add_struct(Slot slot, ItemIndex index);
  ItemIndex resolve_conflicts(const Item& item, const Lineage& own, ItemIndex left, ItemIndex right) const;
  void link(ItemIndex index, const Lineage& lineage, ItemIndex left);
  void integrate_content(const Incoming& in, uint32_t offset, ItemIndex index, const Lineage& lineage);
  void add_changed(TypeIndex type);
  void collect(ItemIndex index);
  void collect_deleted();
  void merge_deleted();
  void merge_new();
  void merge_split();
  uint32_t merge_with_lefts(Slot slot, StructList::Position& at);
  bool merge(ItemIndex left, ItemIndex right);

  Store& store_;
  const DocOptions& options_;
  uint32_t epoch_ = 0;
  bool local_ = false;
  bool collectable_ = false;  // something was deleted that had a content
  std::vector<Slot> changed_clients_;
  std::vector<SlotRange> deletes_;
  std::vector<SlotRange> merge_structs_;  // transaction._mergeStructs, by id
  std::vector<TypeIndex> changed_texts_;  // nested texts among transaction.changed
};

}  // namespace symphony::crdt
