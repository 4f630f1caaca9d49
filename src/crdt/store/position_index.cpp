#include "crdt/store/position_index.h"

#include <algorithm>

#include "base/assert.h"
#include "crdt/store/store.h"

namespace symphony::crdt {
namespace {

constexpr int kNearSteps = 8;  // how far find() walks from the last place before it asks the tree

}  // namespace

// --- building

void PositionIndex::ensure(TypeIndex type) {
  if (has(type)) return;
  if (root_of_.size() <= type) root_of_.resize(store_.types.size(), kNil);
  if (leaf_of_.size() < store_.items.size()) leaf_of_.resize(store_.items.size(), kNil);
  const uint32_t root = new_inner(true);
  root_of_[type] = root;
  ++trees_;
  // Leaves are filled to three quarters: the next edits are likely to put items between these.
  uint32_t leaf = kNil;
  for (ItemIndex at = store_.types[type].start; at != kNil; at = store_.items[at].right) {
    if (leaf == kNil || leaves_[leaf].count >= kLeafMax * 3 / 4) {
      uint32_t inner = root;
      while (!inners_[inner].over_leaves) inner = inners_[inner].child[inners_[inner].count - 1];
      make_room(inner);
      inner = leaf == kNil ? inner : leaves_[leaf].parent;
      leaf = new_leaf();
      leaves_[leaf].first = at;
      insert_child(inner, inners_[inner].count, leaf, {});
    }
    leaf_of_[at] = leaf;
    ++leaves_[leaf].count;
    add(leaf, weight(store_.items[at]));
  }
}

void PositionIndex::free_tree(uint32_t inner) {
  const Inner& node = inners_[inner];
  for (uint32_t i = 0; i < node.count; ++i) {
    if (node.over_leaves) {
      free_leaves_.push_back(node.child[i]);
    } else {
      free_tree(node.child[i]);
    }
  }
  free_inners_.push_back(inner);
}

void PositionIndex::drop(TypeIndex type) {
  if (!has(type)) return;
  for (ItemIndex at = store_.types[type].start; at != kNil; at = store_.items[at].right) leaf_of_[at] = kNil;
  free_tree(root_of_[type]);
  root_of_[type] = kNil;
  near_type_ = kNil;
  --trees_;
}

void PositionIndex::clear() {
  root_of_ = {};
  leaf_of_ = {};
  leaves_ = {};
  inners_ = {};
  free_leaves_ = {};
  free_inners_ = {};
  trees_ = 0;
  near_type_ = kNil;
}

// --- questions

// Walks a few items from the last place.
bool PositionIndex::find_near(TypeIndex type, uint32_t index) {
  if (near_type_ != type) return false;
  for (int steps = 0; steps < kNearSteps && near_.item != kNil; ++steps) {
    const uint32_t units = weight(store_.items[near_.item]).units;
    if (index >= near_.start && index - near_.start < units) {
      near_.offset = index - near_.start;
      return true;
    }
    if (index >= near_.start) {
      near_.start += units;
      near_.item = store_.items[near_.item].right;
    } else {
      near_.item = store_.items[near_.item].left;
      if (near_.item != kNil) near_.start -= weight(store_.items[near_.item]).units;
    }
  }
  return false;
}

PositionIndex::Place PositionIndex::find(TypeIndex type, uint32_t index) {
  if (find_near(type, index)) return near_;
  uint32_t rest = index;
  uint32_t node = root_of_[type];
  for (bool leaf = false; !leaf;) {
    const Inner& inner = inners_[node];
    uint32_t slot = 0;
    while (rest >= inner.sum[slot].units) rest -= inner.sum[slot++].units;
    leaf = inner.over_leaves;
    node = inner.child[slot];
  }
  ItemIndex at = leaves_[node].first;
  for (;; at = store_.items[at].right) {
    const uint32_t units = weight(store_.items[at]).units;
    if (rest < units) break;
    rest -= units;
  }
  near_type_ = type;
  near_ = {at, rest, index - rest};
  return near_;
}

ItemIndex PositionIndex::live_from(ItemIndex item) const {
  if (item == kNil || !store_.items[item].deleted) return item;
  const uint32_t leaf = leaf_of_[item];
  for (; item != kNil && leaf_of_[item] == leaf; item = store_.items[item].right) {
    if (!store_.items[item].deleted) return item;
  }
  if (item == kNil || !store_.items[item].deleted) return item;
  // Up to the first subtree to the right that holds something live, and down to it.
  uint32_t child = leaf;
  uint32_t node = leaves_[leaf].parent;
  const auto live = [&](const Sum& sum) { return sum.units > 0 || sum.marks > 0; };
  uint32_t slot = 0;
  for (; node != kNil; child = node, node = inners_[node].parent) {
    slot = slot_in(node, child) + 1;
    while (slot < inners_[node].count && !live(inners_[node].sum[slot])) ++slot;
    if (slot < inners_[node].count) break;
  }
  if (node == kNil) return kNil;
  while (!inners_[node].over_leaves) {
    node = inners_[node].child[slot];
    slot = 0;
    while (!live(inners_[node].sum[slot])) ++slot;
  }
  item = leaves_[inners_[node].child[slot]].first;
  while (store_.items[item].deleted) item = store_.items[item].right;
  return item;
}

uint32_t PositionIndex::index_of(ItemIndex item) const {
  uint32_t child = leaf_of_[item];
  uint32_t units = 0;
  for (ItemIndex at = leaves_[child].first; at != item; at = store_.items[at].right) {
    units += weight(store_.items[at]).units;
  }
  for (uint32_t node = leaves_[child].parent; node != kNil; child = node, node = inners_[node].parent) {
    for (uint32_t slot = 0; inners_[node].child[slot] != child; ++slot)
      units += inners_[node].sum[slot].units;
  }
  return units;
}

ItemIndex PositionIndex::last(TypeIndex type) const {
  uint32_t node = root_of_[type];
  if (inners_[node].count == 0) return kNil;
  while (!inners_[node].over_leaves) node = inners_[node].child[inners_[node].count - 1];
  ItemIndex at = leaves_[inners_[node].child[inners_[node].count - 1]].first;
  while (store_.items[at].right != kNil) at = store_.items[at].right;
  return at;
}

bool PositionIndex::has_marks(TypeIndex type) const {
  const Inner& root = inners_[root_of_[type]];
  return std::any_of(root.sum, root.sum + root.count, [](const Sum& sum) { return sum.marks > 0; });
}

// `path`: the nodes above the end and its leaf, from the leaf up; nothing behind them is visited.
void PositionIndex::collect_marks(uint32_t inner, std::span<const uint32_t> path, ItemIndex end,
                                  std::vector<ItemIndex>& marks) const {
  const Inner& node = inners_[inner];
  for (uint32_t slot = 0; slot < node.count; ++slot) {
    const uint32_t child = node.child[slot];
    const bool holds_end = !path.empty() && child == path.back();
    if (node.sum[slot].marks > 0 && !node.over_leaves) {
      collect_marks(child, holds_end ? path.first(path.size() - 1) : std::span<const uint32_t>(), end, marks);
    } else if (node.sum[slot].marks > 0) {
      ItemIndex at = leaves_[child].first;
      for (uint32_t i = 0; i < leaves_[child].count && at != end; ++i, at = store_.items[at].right) {
        if (!store_.items[at].deleted && store_.items[at].ref == kFormat) marks.push_back(at);
      }
    }
    if (holds_end) return;
  }
}

void PositionIndex::marks_before(TypeIndex type, ItemIndex end, std::vector<ItemIndex>& marks) const {
  std::vector<uint32_t> path;
  if (end != kNil) {
    path.push_back(leaf_of_[end]);
    for (uint32_t node = leaves_[path[0]].parent; inners_[node].parent != kNil; node = inners_[node].parent) {
      path.push_back(node);
    }
  }
  collect_marks(root_of_[type], path, end, marks);
}

// --- what happened

void PositionIndex::divide(uint32_t leaf) {
  make_room(leaves_[leaf].parent);
  const uint32_t right = new_leaf();
  Leaf& from = leaves_[leaf];
  Leaf& to = leaves_[right];
  const uint32_t keep = from.count / 2;
  ItemIndex at = from.first;
  for (uint32_t i = 0; i < keep; ++i) at = store_.items[at].right;
  to.first = at;
  to.count = from.count - keep;
  from.count = keep;
  for (uint32_t i = 0; i < to.count; ++i, at = store_.items[at].right) {
    leaf_of_[at] = right;
    const Sum sum = weight(store_.items[at]);
    to.sum.units += sum.units;
    to.sum.marks += sum.marks;
  }
  from.sum.units -= to.sum.units;
  from.sum.marks -= to.sum.marks;
  const uint32_t parent = from.parent;
  const uint32_t slot = slot_in(parent, leaf);
  inners_[parent].sum[slot] = from.sum;
  insert_child(parent, slot + 1, right, to.sum);
}

void PositionIndex::put_into(uint32_t leaf, ItemIndex item, Sum sum) {
  if (leaf_of_.size() <= item) leaf_of_.resize(store_.items.capacity(), kNil);
  leaf_of_[item] = leaf;
  ++leaves_[leaf].count;
  if (sum.units != 0 || sum.marks != 0) add(leaf, sum);
  if (leaves_[leaf].count > kLeafMax) divide(leaf);
}

void PositionIndex::linked(TypeIndex type, ItemIndex item) {
  if (!has(type)) return;
  near_type_ = kNil;
  const Item& linked = store_.items[item];
  uint32_t leaf;
  if (linked.left != kNil) {
    leaf = leaf_of_[linked.left];
  } else if (linked.right != kNil) {
    leaf = leaf_of_[linked.right];
    leaves_[leaf].first = item;
  } else {
    leaf = new_leaf();
    leaves_[leaf].first = item;
    insert_child(root_of_[type], 0, leaf, {});
  }
  put_into(leaf, item, weight(linked));
}

void PositionIndex::split(ItemIndex left, ItemIndex right) {
  if (leaf_of_.size() <= left || leaf_of_[left] == kNil) return;
  put_into(leaf_of_[left], right, {});  // the leaf holds the same as before
}

void PositionIndex::merging(ItemIndex left, ItemIndex right) {
  if (leaf_of_.size() <= left || leaf_of_[left] == kNil) return;
  if (near_.item == right) near_ = {left, 0, near_.start - weight(store_.items[left]).units};
  const uint32_t to = leaf_of_[left];
  const uint32_t from = leaf_of_[right];
  leaf_of_[right] = kNil;
  if (from != to) {
    const Sum sum = weight(store_.items[right]);
    add(to, sum);
    add(from, {0 - sum.units, 0 - sum.marks});
    if (leaves_[from].first == right) leaves_[from].first = store_.items[right].right;
  }
  if (--leaves_[from].count == 0) remove_child(leaves_[from].parent, from);
}

void PositionIndex::hidden(ItemIndex item) {
  if (leaf_of_.size() <= item || leaf_of_[item] == kNil) return;
  if (near_.item != item) near_type_ = kNil;
  const Item& gone = store_.items[item];
  if (gone.ref == kFormat) {
    add(leaf_of_[item], {0, 0u - 1});
  } else if (gone.countable()) {
    add(leaf_of_[item], {0 - gone.len(), 0});
  }
}

void PositionIndex::grown(ItemIndex item, uint32_t units) {
  if (leaf_of_.size() <= item || leaf_of_[item] == kNil) return;
  if (near_.item != item) near_type_ = kNil;
  add(leaf_of_[item], {units, 0});
}

size_t PositionIndex::memory_bytes() const {
  const auto held = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return held(root_of_) + held(leaf_of_) + held(leaves_) + held(inners_) + held(free_leaves_) +
         held(free_inners_);
}

// --- invariants

std::string PositionIndex::check_inner(uint32_t inner, ItemIndex& expected, Sum& total) const {
  const Inner& node = inners_[inner];
  for (uint32_t slot = 0; slot < node.count; ++slot) {
    const uint32_t child = node.child[slot];
    Sum sum;
    if (!node.over_leaves) {
      if (inners_[child].parent != inner || inners_[child].count == 0)
        return "a node of a position index is lost";
      if (std::string broken = check_inner(child, expected, sum); !broken.empty()) return broken;
    } else {
      const Leaf& leaf = leaves_[child];
      if (leaf.parent != inner || leaf.count == 0 || leaf.first != expected) {
        return "a leaf of a position index is lost";
      }
      for (uint32_t i = 0; i < leaf.count; ++i) {
        if (expected == kNil || leaf_of_[expected] != child)
          return "an item is not in its leaf of a position index";
        const Sum own = weight(store_.items[expected]);
        sum.units += own.units;
        sum.marks += own.marks;
        expected = store_.items[expected].right;
      }
    }
    if (sum.units != node.sum[slot].units || sum.marks != node.sum[slot].marks) {
      return "a sum of a position index is off";
    }
    total.units += sum.units;
    total.marks += sum.marks;
  }
  return {};
}

std::string PositionIndex::check() const {
  for (TypeIndex type = 0; type < root_of_.size(); ++type) {
    if (!has(type)) continue;
    ItemIndex expected = store_.types[type].start;
    Sum total;
    if (std::string broken = check_inner(root_of_[type], expected, total); !broken.empty()) return broken;
    if (expected != kNil) return "a position index misses the end of its list";
  }
  return {};
}

}  // namespace symphony::crdt
