// From an index in a list to the item there, and back: for the types that are edited by index.
//
// The items of a type, in list order, in leaves of up to kLeafMax; a B+-tree of sums over the leaves.
//
//   inner          [ units marks | units marks | .. ]        visible units and live format marks below each
//   child leaf           first item, how many items, their units and marks leaf_of_[item] the leaf of every
//   item of an indexed type
//
// Invariants (check): a leaf's items are linked one behind the other and all name it; sums are right.
// A type is indexed when it is first edited or read by index, and from then on kept up with every change by
// the transaction. Nothing here is part of the document: dropping it costs only time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "crdt/store/item.h"

namespace symphony::crdt {

class Store;

class PositionIndex {
 public:
  explicit PositionIndex(const Store& store) : store_(store) {}

  // A visible item and an offset into it, and where in the type the item begins.
  struct Place {
    ItemIndex item = kNil;
    uint32_t offset = 0;
    uint32_t start = 0;
  };

  // Whether there is nothing to keep up.
  bool empty() const { return trees_ == 0; }
  bool has(TypeIndex type) const { return type < root_of_.size() && root_of_[type] != kNil; }

  // Indexes a type unless it is. Linear in its items, once.
  void ensure(TypeIndex type);
  // Forgets a type (its items must still be linked), or all.
  void drop(TypeIndex type);
  void clear();

  // --- questions; the type must be indexed. Logarithmic, and constant near the last place asked for.

  // The visible item that holds element `index`, which must exist.
  Place find(TypeIndex type, uint32_t index);
  // The first item that is not deleted at or behind `item`; kNil if there is none.
  ItemIndex live_from(ItemIndex item) const;
  // How many elements come before `item`.
  uint32_t index_of(ItemIndex item) const;
  // The last item of the list; kNil if there is none.
  ItemIndex last(TypeIndex type) const;
  // Whether the list holds a live format mark.
  bool has_marks(TypeIndex type) const;
  // Appends every live format mark before `end` (kNil: of the whole list), in order. Linear in them.
  void marks_before(TypeIndex type, ItemIndex end, std::vector<ItemIndex>& marks) const;

  // Where the next find() is likely to be.
  void remember(TypeIndex type, ItemIndex item, uint32_t start) {
    near_type_ = type;
    near_ = {item, 0, start};
  }

  // --- what happened, told by the transaction while empty() is false

  void linked(TypeIndex type, ItemIndex item);    // into a list; a visible item counts from now on
  void split(ItemIndex left, ItemIndex right);    // `right` was cut off `left`
  void merging(ItemIndex left, ItemIndex right);  // `right` is about to become part of `left`
  void hidden(ItemIndex item);                    // it was live and is deleted now
  void grown(ItemIndex item, uint32_t units);     // a visible item got longer

  size_t memory_bytes() const;
  // The first broken invariant, or empty (tests only, linear).
  std::string check() const;

 private:
  static constexpr uint32_t kLeafMax = 16;
  static constexpr uint32_t kFanMax = 16;

  struct Sum {
    uint32_t units = 0;
    uint32_t marks = 0;
  };
  struct Leaf {
    ItemIndex first = kNil;
    uint32_t count = 0;
    uint32_t parent = kNil;
    Sum sum;
  };
  struct Inner {
    uint32_t parent = kNil;
    uint16_t count = 0;
    bool over_leaves = false;
    uint32_t child[kFanMax];
    Sum sum[kFanMax];
  };

  Sum weight(const Item& item) const;
  uint32_t new_leaf();
  uint32_t new_inner(bool over_leaves);
  uint32_t slot_in(uint32_t inner, uint32_t child) const;
  void set_parent(const Inner& node, uint32_t child, uint32_t parent);
  void add(uint32_t leaf, Sum sum);
  void put_into(uint32_t leaf, ItemIndex item, Sum sum);
  void divide(uint32_t leaf);
  void insert_child(uint32_t inner, uint32_t at, uint32_t child, Sum sum);
  void make_room(uint32_t inner);
  void remove_child(uint32_t inner, uint32_t child);
  void collect_marks(uint32_t inner, std::span<const uint32_t> path, ItemIndex end,
                     std::vector<ItemIndex>& marks) const;
  bool find_near(TypeIndex type, uint32_t index);
  void free_tree(uint32_t inner);
  std::string check_inner(uint32_t inner, ItemIndex& expected, Sum& total) const;

  const Store& store_;
  std::vector<uint32_t> root_of_;  // of each type; an inner node
  std::vector<uint32_t> leaf_of_;  // of each item; kNil: its type is not indexed
  std::vector<Leaf> leaves_;
  std::vector<Inner> inners_;
  std::vector<uint32_t> free_leaves_;
  std::vector<uint32_t> free_inners_;
  size_t trees_ = 0;
  TypeIndex near_type_ = kNil;
  Place near_;
};

}  // namespace symphony::crdt
