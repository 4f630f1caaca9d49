// One change of a document, from the first struct to the clean-up: Yjs's Transaction, Item.integrate,
// Item.delete and cleanupTransactions, in the same order, because the order decides which structs end up
// merged and so the bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/huge_pages.h"
#include "crdt/store/store.h"
#include "crdt/wire/update.h"

namespace symphony::crdt {

class Encoder;

// A struct before its integration, with the clients it names as the document knows them.
struct Incoming {
  Slot slot = kNil;
  Slot origin_slot = kNil;
  Slot right_origin_slot = kNil;
  const ParsedStruct* parsed = nullptr;
  const ParsedUpdate* update = nullptr;
  bool last = false;  // nothing of its client follows in the update
};

// An item that this document makes itself.
struct NewItem {
  Slot slot = kNil;
  ItemIndex left = kNil;
  ItemIndex right = kNil;
  TypeIndex parent = kNil;
  EntryIndex entry = kNil;  // kNil: an element of the list
  uint8_t ref = kAny;
  uint32_t len = 1;
  Bytes content;       // as Store::set_content wants it; kType: its payload on the wire
  bool ascii = false;  // of a kString
};

// What a transaction changed in a type: one of its keys, or (kNil) its list.
struct Change {
  TypeIndex type = kNil;
  EntryIndex entry = kNil;

  friend bool operator==(const Change&, const Change&) = default;
};

// What a transaction did to subdocuments, by the id of the item that holds each.
struct SubdocChanges {
  std::vector<SlotId> added;
  std::vector<SlotId> loaded;
  std::vector<SlotId> removed;
};

class Transaction {
 public:
  static constexpr uint64_t kNoLimit = ~uint64_t{0};

  // Starts afresh, keeping memory, in the store of a document with these options; both must stay. `epoch` is
  // new for each transaction of the store. A local transaction is one that the document starts itself.
  // `previous`: a transaction that has ended but is not cleaned up yet; it hears what this one adds. `track`:
  // somebody will ask for changes().
  void begin(Store& store, const DocOptions& options, uint32_t epoch, bool local,
             Transaction* previous = nullptr, bool track = false);

  // Of the memory that is kept.
  size_t memory_bytes() const;

  // Steps that grow with the document may be so many: DocLimits::work_max.
  void limit_work(uint64_t steps) { work_left_ = steps; }
  // They were more: what has been done so far is of no use, and the store is to be set back.
  bool exhausted() const { return work_left_ == 0; }

  // Integrates a struct whose dependencies are all known, leaving out its first `offset` clocks (known
  // already).
  void integrate(const Incoming& in, uint32_t offset);

  // Integrates an item of this document's own, with the next clock of its client.
  ItemIndex insert(const NewItem& item);

  // Typing: `text` right behind `left`, if that would merge with it. False if not; nothing is then changed.
  bool extend(Slot slot, ItemIndex left, ItemIndex right, Bytes text, uint32_t units, bool ascii);

  // Cuts `diff` clocks off the beginning of an item that is longer; the rest.
  ItemIndex cut(ItemIndex item, uint32_t diff);

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
  // Whether that does something for an item (but a subdocument) of the list of `parent`.
  bool minds(TypeIndex parent) const {
    const Type& type = store_->types[parent];
    return track_ || type.has_formatting || type.owner != kNil;
  }
  void become_gc(ItemIndex index, Slot slot);
  void expect_deleted(size_t structs) { set_capacity(deletes_, structs); }
  void add_deleted(Slot slot, uint32_t clock, uint32_t len) { deletes_.push_back({slot, clock, len}); }

  // Sorts and joins the delete set; call once, when all changes are made.
  void finish_changes();
  bool finished() const { return finished_; }

  // Whether a remote change touched a nested text that has formatting (transaction._needFormattingCleanup).
  bool needs_format_cleanup() const;

  // Collects what was deleted and merges what can be merged. The delete set must be finished.
  void clean_up();

  // The structs and deletes of this transaction as an update; empty if there are none. After clean_up().
  Buffer encode() const;
  // The same into memory that is used again; false if there is nothing.
  bool encode(Encoder& out) const;

  const std::vector<SlotRange>& deletes() const { return deletes_; }
  // Clients that got new structs, in the order of the first.
  std::span<const Slot> changed_clients() const { return {changed_clients_.data(), own_clients()}; }
  // The client's state before the transaction (transaction.beforeState).
  uint32_t before(Slot slot) const {
    const Client& client = store_->clients[slot];
    if (client.before_epoch == epoch_) return client.before;
    return superseded_ ? recorded_before(slot) : client.state;
  }
  // Whether items were cut: that may change a text without changing the document, inside a surrogate pair.
  bool has_cut() const { return !merge_structs_.empty(); }
  // And when its changes were made (transaction.afterState).
  uint32_t after(Slot slot) const;
  // Whether the delete set of the document is another one now: something was deleted, or came as GC struct.
  bool changed_deletes() const { return !deletes_.empty() || brought_gc_; }
  bool changed() const { return own_clients() > 0 || !deletes_.empty(); }

  // transaction.changed, in order, if tracked. Types that were deleted later are still in it.
  const std::vector<Change>& changes() const { return changes_; }
  const SubdocChanges& subdocs() const { return subdocs_; }
  SubdocChanges& subdocs() { return subdocs_; }
  // Whether the transaction made what has this id (event.adds) and deleted it (event.deletes). The delete set
  // must be finished.
  bool adds(Slot slot, uint32_t clock) const { return clock >= before(slot); }
  bool deletes(Slot slot, uint32_t clock) const;

 private:
  ItemIndex split(Slot slot, StructList::Position at, uint32_t diff);
  bool extend_last(const Incoming& in);
  void append(Slot slot, ItemIndex last, TypeIndex parent, Bytes text, uint32_t units, bool ascii);
  void add_struct(Slot slot, ItemIndex index);
  ItemIndex resolve_conflicts(const Item& item, const Lineage& own, ItemIndex left, ItemIndex right);
  // Steps whose number a peer can drive up without sending more. False if there were too many.
  bool spend(uint64_t steps) {
    work_left_ -= std::min(work_left_, steps);
    return work_left_ > 0;
  }
  void link(ItemIndex index, const Lineage& lineage, ItemIndex left);
  void integrate_content(const Incoming& in, uint32_t offset, ItemIndex index, const Lineage& lineage);
  void set_new_content(ItemIndex index, uint8_t ref, Bytes bytes, bool ascii, const Lineage& lineage);
  void add_changed(TypeIndex type, EntryIndex entry);
  size_t own_clients() const { return finished_ ? own_clients_ : changed_clients_.size(); }
  uint32_t recorded_before(Slot slot) const;
  void note_later_change(Slot slot, uint32_t state);
  void collect(ItemIndex index);
  void collect_deleted();
  void merge_deleted();
  void merge_new();
  void merge_split();
  uint32_t merge_with_lefts(Slot slot, StructList::Position& at);
  bool can_merge(ItemIndex left, ItemIndex right) const;
  void merge(ItemIndex left, ItemIndex right);

  Store* store_ = nullptr;
  const DocOptions* options_ = nullptr;
  uint32_t epoch_ = 0;
  bool local_ = false;
  uint64_t work_left_ = kNoLimit;
  bool brought_gc_ = false;
  bool collectable_ = false;  // something was deleted that had a content
  bool track_ = false;
  bool finished_ = false;
  bool superseded_ = false;          // a later transaction began before this one was cleaned up
  Transaction* previous_ = nullptr;  // ended but not cleaned up
  std::vector<Slot> changed_clients_;
  std::vector<uint32_t> before_;  // of each of them
  std::vector<uint32_t> after_;   // of those changed before the end
  size_t own_clients_ = 0;        // changed before the end; those behind were changed by follow-ups
  std::vector<Change> changes_;
  std::unordered_set<uint64_t> seen_changes_;  // once there are many
  SubdocChanges subdocs_;
  std::vector<SlotRange> deletes_;
  std::vector<SlotRange> merge_structs_;  // transaction._mergeStructs, by id
  std::vector<TypeIndex> changed_texts_;  // nested texts among transaction.changed
};

}  // namespace symphony::crdt
