// An open-addressing index over entries that live elsewhere in a dense array: from a hash to the entry's
// position. Nothing is ever removed. The owner hashes (with a seed: keys come from peers) and compares.
//
// Up to kLinear entries nothing is allocated and the owner's array is searched from the front.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "base/prng.h"
#include "symphony/types.h"

namespace symphony::crdt {

inline constexpr uint32_t kNil = 0xffffffff;

class DenseIndex {
 public:
  // The position for which `equal(position)` holds among entries with `hash`, or kNil. `size`: entries in
  // all.
  template <class Equal>
  uint32_t find(uint64_t hash, uint32_t size, Equal equal) const {
    if (cells_.empty()) {
      for (uint32_t i = 0; i < size; ++i) {
        if (equal(i)) return i;
      }
      return kNil;
    }
    const size_t mask = cells_.size() - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
      const uint32_t position = cells_[at];
      if (position == kNil || equal(position)) return position;
    }
  }

  // Adds the entry at position size - 1, the newest. `hash_of(position)` gives any entry's hash.
  template <class HashOf>
  void added(uint32_t size, HashOf hash_of) {
    if (size <= kLinear) return;
    if (size * uint64_t{2} > cells_.size()) {
      cells_.assign(std::bit_ceil(size_t{size} * 3), kNil);
      for (uint32_t i = 0; i < size; ++i) insert(hash_of(i), i);
    } else {
      insert(hash_of(size - 1), size - 1);
    }
  }

  size_t memory_bytes() const { return cells_.capacity() * sizeof(uint32_t); }

 private:
  static constexpr uint32_t kLinear = 8;

  void insert(uint64_t hash, uint32_t position) {
    const size_t mask = cells_.size() - 1;
    size_t at = hash & mask;
    while (cells_[at] != kNil) at = (at + 1) & mask;
    cells_[at] = position;
  }

  std::vector<uint32_t> cells_;  // a power of two, at most half full
};

// A seeded hash of bytes, strong enough that a peer who does not know the seed cannot aim at one cell.
inline uint64_t hash_bytes(Bytes bytes, uint64_t seed) {
  uint64_t hash = Prng::mix(seed ^ bytes.size());
  uint64_t word = 0;
  unsigned filled = 0;
  for (const uint8_t byte : bytes) {
    word = word << 8 | byte;
    if (++filled == 8) {
      hash = Prng::mix(hash ^ word) + seed;
      word = 0;
      filled = 0;
    }
  }
  return Prng::mix(hash ^ word);
}

}  // namespace symphony::crdt
