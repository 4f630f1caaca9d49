// One client's structs in clock order: from a clock to the item that covers it.
//
//   chunks_   [ c0 | c1 | c2 | ... ]          first_clock of each, searched first
//   chunk     clocks[0..n)  items[0..n)       n <= kChunkMax; clocks are dense, so a search stays in a few
//   lines
//
// Splitting and merging items insert and erase in the middle, which moves at most one chunk. Invariants: no
// chunk is empty; clocks ascend strictly over all chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace symphony::crdt {

class StructList {
 public:
  // A place in the list; valid until the list changes.
  struct Position {
    uint32_t chunk = 0;
    uint32_t index = 0;

    friend bool operator==(const Position&, const Position&) = default;
  };

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // The struct with the greatest clock <= `clock`. The list must not be empty and must begin at or before
  // `clock`.
  Position find(uint32_t clock) const;

  uint32_t item(Position at) const { return chunks_[at.chunk].items[at.index]; }
  uint32_t clock(Position at) const { return chunks_[at.chunk].clocks[at.index]; }

  Position begin() const { return {0, 0}; }
  Position last() const {
    return {static_cast<uint32_t>(chunks_.size() - 1),
            static_cast<uint32_t>(chunks_.back().clocks.size() - 1)};
  }
  bool is_first(Position at) const { return at.chunk == 0 && at.index == 0; }

  // False at the end (begin) of the list; `at` is then unchanged.
  bool next(Position& at) const {
    if (at.index + 1 < chunks_[at.chunk].clocks.size()) {
      ++at.index;
    } else if (at.chunk + 1 < chunks_.size()) {
      at = {at.chunk + 1, 0};
    } else {
      return false;
    }
    return true;
  }
  bool previous(Position& at) const {
    if (at.index > 0) {
      --at.index;
    } else if (at.chunk > 0) {
      --at.chunk;
      at.index = static_cast<uint32_t>(chunks_[at.chunk].clocks.size() - 1);
    } else {
      return false;
    }
    return true;
  }

  void push_back(uint32_t clock, uint32_t item);

  // Puts a struct behind `at`; the position of the new one. Cost: at most one chunk moves.
  Position insert_after(Position at, uint32_t clock, uint32_t item);

  // Removes the struct at `at`, which must not be the first; the position of the one before it.
  Position erase(Position at);

  size_t memory_bytes() const;

 private:
  static constexpr size_t kChunkMax = 256;

  struct Chunk {
    std::vector<uint32_t> clocks;
    std::vector<uint32_t> items;
  };

  std::vector<Chunk> chunks_;
  size_t size_ = 0;
  mutable uint32_t hint_ = 0;  // the chunk of the last hit: edits cluster
};

}  // namespace symphony::crdt
