// Lineages, each once. Nothing is ever removed: their number is bounded by the combinations that occurred.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "crdt/store/dense_index.h"
#include "crdt/store/item.h"

namespace symphony::crdt {

class LineageTable {
 public:
  explicit LineageTable(uint64_t seed) : seed_(seed) {}

  // Finds or adds; there may be kLineagesMax (checked before an update is applied). Runs of items share one,
  // so the last answer is tried first.
  uint32_t add(const Lineage& wanted) {
    if (last_ < all_.size() && same(all_[last_], wanted)) return last_;
    return add_other(wanted);
  }

  void shrink() { all_.shrink_to_fit(); }  // gives back what growing left over

  const Lineage& operator[](uint32_t index) const { return all_[index]; }
  uint32_t size() const { return static_cast<uint32_t>(all_.size()); }
  size_t memory_bytes() const { return all_.capacity() * sizeof(Lineage) + index_.memory_bytes(); }

 private:
  __attribute__((noinline)) uint32_t add_other(const Lineage& wanted) {
    last_ = index_.find(hash(wanted), size(), [&](uint32_t i) { return same(all_[i], wanted); });
    if (last_ == kNil) {
      ASSERT(all_.size() < kLineagesMax);
      last_ = size();
      all_.push_back(wanted);
      index_.added(size(), [&](uint32_t i) { return hash(all_[i]); });
    }
    return last_;
  }

  static bool same(const Lineage& a, const Lineage& b) {
    return a.slot == b.slot && a.origin_slot == b.origin_slot && a.right_origin_slot == b.right_origin_slot &&
           a.place == b.place;
  }
  uint64_t hash(const Lineage& l) const {
    const uint64_t who = uint64_t{l.slot} << 32 | l.origin_slot;
    const uint64_t where = uint64_t{l.right_origin_slot} << 32 | l.place;
    return Prng::mix(Prng::mix(who ^ seed_) ^ where);
  }

  uint64_t seed_;
  uint32_t last_ = 0;
  std::vector<Lineage> all_;
  DenseIndex index_;
};

}  // namespace symphony::crdt
