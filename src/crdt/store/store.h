// The memory of a document: items, types, map entries, clients, and one arena for all contents.
//
// Everything is an array element; nothing is allocated per item. Freed elements are reused, and given back
// when most are free. Contents live in one append-only arena of bytes that is compacted when more than half
// of it is dead.
//
// Invariants (check_invariants): each client's structs cover [0, state) without gaps; list links are mutual;
// the length of a type is what its list adds up to; no two neighbours that Yjs would have merged stay apart,
// but for what Yjs itself leaves apart.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/store/bulk_index.h"
#include "crdt/store/deleted_runs.h"
#include "crdt/store/dense_index.h"
#include "crdt/store/element_index.h"
#include "crdt/store/free_list.h"
#include "crdt/store/item.h"
#include "crdt/store/lineage_table.h"
#include "crdt/store/position_index.h"
#include "crdt/store/redone_items.h"
#include "crdt/store/struct_list.h"
#include "crdt/wire/update.h"
#include "symphony/types.h"

namespace symphony::crdt {

struct Client {
  uint64_t id = 0;
  uint32_t state = 0;         // the next clock expected
  uint32_t before = 0;        // the state before the current transaction ...
  uint32_t before_epoch = 0;  // ... valid if this is the transaction's epoch
  StructList structs;
};

// A copy of a store has none until it is needed.
struct Positions : std::unique_ptr<PositionIndex> {
  Positions() = default;
  Positions(Positions&&) = default;
  Positions& operator=(Positions&&) = default;
  Positions(const Positions& /*other*/) : std::unique_ptr<PositionIndex>() {}
  Positions& operator=(const Positions&) = delete;
  using std::unique_ptr<PositionIndex>::operator=;
};

class Store {
 public:
  explicit Store(const DocOptions& options);

  // --- clients

  Slot find_client(uint64_t id) const;
  Slot add_client(uint64_t id);  // finds or adds
  uint64_t client_id(Slot slot) const { return clients[slot].id; }
  uint32_t state(Slot slot) const { return slot == kNil ? 0 : clients[slot].state; }
  // Slots in descending order of client id, the order of everything that is encoded.
  const std::vector<Slot>& descending() const;

  // --- items

  ItemIndex new_item();
  void reserve(const ParsedUpdate& update);  // room for a bulk of structs; does nothing for a few
  void shrink();                             // gives back what growing left over
  void free_item(ItemIndex index);
  // The item that covers `clock` of `slot`; it must be known.
  ItemIndex find(Slot slot, uint32_t clock) const;

  const Lineage& lineage_of(const Item& item) const { return lineages[item.lineage]; }
  Slot slot(const Item& item) const { return lineage_of(item).slot; }
  TypeIndex type_of(const Lineage& lineage) const {
    return lineage.in_map() ? entries[lineage.parent()].type : lineage.parent();
  }
  bool in_map(const Item& item) const { return lineage_of(item).in_map(); }
  EntryIndex entry_of(const Item& item) const { return lineage_of(item).parent(); }  // only if in_map
  TypeIndex parent_type(const Item& item) const { return type_of(lineage_of(item)); }

  // --- types and entries

  TypeIndex find_root(std::string_view name) const;
  TypeIndex add_root(std::string_view name);  // finds or adds
  TypeIndex new_type();
  void free_type(TypeIndex index);  // and its entries
  // Gives a fresh item of ref kType its type, from the payload on the wire.
  void set_type(ItemIndex item, Bytes payload);
  EntryIndex find_entry(TypeIndex type, std::string_view key) const;
  EntryIndex add_entry(TypeIndex type, std::string_view key);  // finds or adds
  std::string_view text(Span span) const {
    return {reinterpret_cast<const char*>(arena.data()) + span.at, span.bytes};
  }

  // --- contents

  // The bytes of an item's content: a string's text, the elements of kJson and kAny, else the payload on the
  // wire. Empty for kDeleted, kGc and kType. Valid until contents or items change.
  Bytes content(const Item& item) const;
  // Of kJson and kAny: the elements behind the first `offset`. Cost: ElementIndex::size_of.
  Bytes elements_from(const Item& item, uint32_t offset) const;
  // Gives a fresh item its content (not for kType).
  void set_content(Item& item, Bytes bytes, bool ascii);
  // Cuts the content of `left` at `diff` clocks; `right` gets the tail. Cutting inside a surrogate pair
  // leaves U+FFFD on both sides, as in Yjs.
  void split_content(Item& left, Item& right, uint32_t diff);
  // Joins the content of `right` to `left`; `right` has none afterwards. Both have the same mergeable ref.
  void merge_content(Item& left, Item& right);
  // Puts text or elements behind what a mergeable item has; its length is the caller's to raise.
  void append_content(Item& item, Bytes more, bool more_ascii);
  void drop_content(Item& item);
  Span store_bytes(Bytes bytes);
  // Moves what is alive together if more than half of the arena is dead.
  void compact_if_worthwhile();

  // Numbers items, entries, lineages and, unless `keep_types`, types afresh if most of them are free, as a
  // big update may leave them. Cost: linear, paid for by what became free.
  void pack_if_worthwhile(bool keep_types);

  size_t memory_bytes() const;
  std::string check_invariants() const;

  // The arrays. Indices are stable until pack_if_worthwhile(); references are not (any call that adds may
  // move them).
  std::vector<Client> clients;
  std::vector<Item> items;
  LineageTable lineages;
  std::vector<Type> types;
  std::vector<Entry> entries;
  std::vector<TypeIndex> roots;  // in the order of their creation
  Buffer arena;
  const BulkIndex* bulk = nullptr;  // while a whole state is loaded: the Loader's

  // Only in documents that are edited here: where indices lead in the types edited by index.
  Positions positions;
  RedoneItems redone;
  DeletedRuns deleted_runs;

 private:
  static constexpr size_t kOutside = ~size_t{0};
  static constexpr uint32_t kChainMax = 8;  // maps of a type up to this size are searched along their chain

  Span span(const Item& item) const;
  void set_span(Item& item, Span span, bool ascii);
  size_t offset_in_arena(Bytes bytes) const;
  void copy_to_arena(size_t to, Bytes bytes, size_t from);
  uint32_t allocate(size_t bytes);
  uint64_t entry_hash(TypeIndex type, std::string_view key) const;
  void place_entry(EntryIndex entry);
  void reserve_cells(size_t entries);
  std::vector<ItemIndex> pack_items(const std::vector<TypeIndex>& moved_types,
                                    const std::vector<EntryIndex>& moved_entries);

  uint64_t seed_;
  DenseIndex client_index_;
  DenseIndex root_index_;
  std::vector<uint32_t> entry_cells_;  // open addressing; entries are removed, so with tombstones
  std::vector<Span> spans_;
  FreeList<Span, &Span::at> free_spans_;
  FreeList<Item, &Item::left> free_items_;
  FreeList<Type, &Type::start> free_types_;
  FreeList<Entry, &Entry::next> free_entries_;
  uint64_t dead_bytes_ = 0;
  mutable ElementIndex elements_;
  mutable std::vector<Slot> descending_;
  mutable Slot last_client_ = 0;
  uint32_t entry_cells_used_ = 0;  // full or tombstone
};

}  // namespace symphony::crdt
