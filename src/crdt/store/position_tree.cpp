// The tree of PositionIndex: nodes with room for a few children, each with the sum of what is below it.
#include "crdt/store/position_index.h"
#include "crdt/store/store.h"

namespace symphony::crdt {
namespace {

template <class T>
uint32_t take(std::vector<uint32_t>& free, std::vector<T>& all) {
  if (free.empty()) {
    all.emplace_back();
    return static_cast<uint32_t>(all.size() - 1);
  }
  const uint32_t index = free.back();
  free.pop_back();
  all[index] = T{};
  return index;
}

}  // namespace

PositionIndex::Sum PositionIndex::weight(const Item& item) const {
  if (item.deleted) return {};
  return item.ref == kFormat ? Sum{0, 1} : Sum{item.countable() ? item.len() : 0, 0};
}

uint32_t PositionIndex::new_leaf() { return take(free_leaves_, leaves_); }

uint32_t PositionIndex::new_inner(bool over_leaves) {
  const uint32_t inner = take(free_inners_, inners_);
  inners_[inner].over_leaves = over_leaves;
  return inner;
}

uint32_t PositionIndex::slot_in(uint32_t inner, uint32_t child) const {
  const Inner& node = inners_[inner];
  uint32_t slot = 0;
  while (node.child[slot] != child) ++slot;
  return slot;
}

void PositionIndex::set_parent(const Inner& node, uint32_t child, uint32_t parent) {
  if (node.over_leaves) {
    leaves_[child].parent = parent;
  } else {
    inners_[child].parent = parent;
  }
}

// Adds a sum to a leaf and everything above it. Unsigned arithmetic: a negative sum is one that wraps.
void PositionIndex::add(uint32_t leaf, Sum sum) {
  leaves_[leaf].sum.units += sum.units;
  leaves_[leaf].sum.marks += sum.marks;
  uint32_t child = leaf;
  for (uint32_t inner = leaves_[leaf].parent; inner != kNil; inner = inners_[inner].parent) {
    Sum& at = inners_[inner].sum[slot_in(inner, child)];
    at.units += sum.units;
    at.marks += sum.marks;
    child = inner;
  }
}

// Makes sure that `inner` has room for one more child. The root keeps its number: it gets a level below.
void PositionIndex::make_room(uint32_t inner) {
  if (inners_[inner].count < kFanMax) return;
  if (inners_[inner].parent == kNil) {
    const uint32_t below = new_inner(inners_[inner].over_leaves);
    Inner& root = inners_[inner];
    Inner& moved = inners_[below];
    moved = root;
    moved.parent = inner;
    Sum total;
    for (uint32_t i = 0; i < moved.count; ++i) {
      set_parent(moved, moved.child[i], below);
      total.units += moved.sum[i].units;
      total.marks += moved.sum[i].marks;
    }
    root.over_leaves = false;
    root.count = 1;
    root.child[0] = below;
    root.sum[0] = total;
    return make_room(below);
  }
  const uint32_t parent = inners_[inner].parent;
  make_room(parent);
  const uint32_t up = inners_[inner].parent;  // making room may have moved it
  const uint32_t right = new_inner(inners_[inner].over_leaves);
  Inner& from = inners_[inner];
  Inner& to = inners_[right];
  constexpr uint16_t kHalf = kFanMax / 2;
  Sum moved;
  for (uint32_t i = kHalf; i < kFanMax; ++i) {
    to.child[to.count] = from.child[i];
    to.sum[to.count++] = from.sum[i];
    set_parent(from, from.child[i], right);
    moved.units += from.sum[i].units;
    moved.marks += from.sum[i].marks;
  }
  from.count = kHalf;
  const uint32_t slot = slot_in(up, inner);
  inners_[up].sum[slot].units -= moved.units;
  inners_[up].sum[slot].marks -= moved.marks;
  insert_child(up, slot + 1, right, moved);
}

// Puts a child at slot `at` of a node with room. The sums above are the caller's.
void PositionIndex::insert_child(uint32_t inner, uint32_t at, uint32_t child, Sum sum) {
  Inner& node = inners_[inner];
  std::copy_backward(node.child + at, node.child + node.count, node.child + node.count + 1);
  std::copy_backward(node.sum + at, node.sum + node.count, node.sum + node.count + 1);
  node.child[at] = child;
  node.sum[at] = sum;
  ++node.count;
  set_parent(node, child, inner);
}

// Removes an empty child, and the nodes above that it leaves empty.
void PositionIndex::remove_child(uint32_t inner, uint32_t child) {
  Inner& node = inners_[inner];
  const uint32_t slot = slot_in(inner, child);
  std::copy(node.child + slot + 1, node.child + node.count, node.child + slot);
  std::copy(node.sum + slot + 1, node.sum + node.count, node.sum + slot);
  --node.count;
  (node.over_leaves ? free_leaves_ : free_inners_).push_back(child);
  if (node.count > 0) return;
  if (node.parent != kNil) {
    remove_child(node.parent, inner);
  } else {
    node.over_leaves = true;  // an empty tree begins anew
  }
}

}  // namespace symphony::crdt
