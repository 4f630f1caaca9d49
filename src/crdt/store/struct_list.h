// One client's structs in clock order: from a clock to the item that covers it.
//
//   chunks_   [ c0 | c1 | c2 | ... ]          by first clock, searched first
//   dense     items first_item + 0..n-1       as a big update leaves them: nothing is stored but the range
//   listed    clocks[0..n)  items[0..n)       after the first change in the middle
//
// Splitting and merging items insert and erase in the middle, which moves at most one chunk (n <= kChunkMax).
// Invariants: no chunk is empty; clocks ascend strictly over all chunks. `items` is Store::items, where a
// dense chunk has its clocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "crdt/store/item.h"

namespace symphony::crdt {

class StructList {
 public:
  // A place in the list; valid until the list changes.
  struct Position {
    uint32_t chunk = 0;
    uint32_t index = 0;

    friend bool operator==(const Position&, const Position&) = default;
  };

  bool empty() const { return chunks_.empty(); }
  size_t size() const { return size_; }

  // The struct with the greatest clock <= `clock`. The list must not be empty and must begin at or before
  // `clock`.
  Position find(uint32_t clock, const std::vector<Item>& items) const;

  ItemIndex item(Position at) const {
    const Chunk& chunk = chunks_[at.chunk];
    return chunk.dense() ? chunk.first_item + at.index : chunk.items()[at.index];
  }

  // The first of the items before `at` that stand one behind the other up to it (dense), or its own.
  ItemIndex dense_begin(Position at) const {
    const Chunk& chunk = chunks_[at.chunk];
    return chunk.dense() ? chunk.first_item : chunk.items()[at.index];
  }

  Position begin() const { return {0, 0}; }
  Position last() const { return {static_cast<uint32_t>(chunks_.size() - 1), chunks_.back().count - 1u}; }
  bool is_first(Position at) const { return at.chunk == 0 && at.index == 0; }

  // False at the end (begin) of the list; `at` is then unchanged.
  bool next(Position& at) const {
    if (at.index + 1u < chunks_[at.chunk].count) {
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
      at.index = chunks_[at.chunk].count - 1u;
    } else {
      return false;
    }
    return true;
  }

  // Items first .. first + count - 1, in the order of their clocks, behind the others.
  void append_range(ItemIndex first, uint32_t count, const std::vector<Item>& items);

  void push_back(uint32_t clock, ItemIndex item, const std::vector<Item>& items);

  // Puts a struct behind `at`; the position of the new one. Cost: at most one chunk moves.
  Position insert_after(Position at, uint32_t clock, ItemIndex item, const std::vector<Item>& items);

  // Removes the struct at `at`, which must not be the first; the position of the one before it. Both items
  // still have the clocks they had in the list.
  Position erase(Position at, const std::vector<Item>& items);

  // Calls visit(bounds) with where deleted stretches begin and end, by turns, ascending: an even number of
  // clocks at a time. Chunks in which nothing is deleted are passed over from the second time on.
  template <class Visit>
  void visit_deleted(const std::vector<Item>& items, Visit visit) const {
    uint32_t bounds[kChunkMax + 2];
    size_t count = 0;  // odd: the last stretch goes on
    for (const Chunk& chunk : chunks_) {
      if (chunk.all_live && count == 0) continue;
      count = add_bounds(chunk, items, bounds, count);
      const size_t open = count % 2;
      if (count > 1) visit(std::span<const uint32_t>(bounds, count - open));
      if (open == 1) bounds[0] = bounds[count - 1];
      count = open;
    }
    if (count == 0) return;
    bounds[1] = items[item(last())].end();
    visit(std::span<const uint32_t>(bounds, 2));
  }

  // To be told what was deleted or came deleted.
  void note_deleted(uint32_t clock, uint32_t end);

  size_t memory_bytes() const;

 private:
  static constexpr uint32_t kChunkMax = 256;

  struct Chunk {
    uint32_t first_clock = 0;
    ItemIndex first_item = kNil;  // dense: of the range
    uint16_t count = 0;
    mutable bool all_live = false;     // nothing in it is deleted, as far as is known
    uint16_t capacity = 0;             // listed: of each of the two arrays
    std::unique_ptr<uint32_t[]> list;  // listed: clocks, then items; null: dense

    Chunk() = default;
    Chunk(Chunk&&) = default;
    Chunk& operator=(Chunk&&) = default;
    Chunk(const Chunk& other)
        : first_clock(other.first_clock),
          first_item(other.first_item),
          count(other.count),
          all_live(other.all_live) {
      if (!other.dense()) copy_list(other, other.capacity);
    }
    Chunk& operator=(const Chunk& other) { return *this = Chunk(other); }

    bool dense() const { return list == nullptr; }
    uint32_t* clocks() const { return list.get(); }
    uint32_t* items() const { return list.get() + capacity; }
    void grow(uint32_t to) { copy_list(*this, to); }
    void copy_list(const Chunk& from, uint32_t room);
  };

  uint32_t chunk_of(uint32_t clock) const;
  void make_listed(Chunk& chunk, const std::vector<Item>& items);
  static size_t add_bounds(const Chunk& chunk, const std::vector<Item>& items, uint32_t* bounds,
                           size_t count);

  std::vector<Chunk> chunks_;
  uint32_t size_ = 0;
  mutable uint32_t hint_ = 0;  // the chunk of the last hit: edits cluster
};

}  // namespace symphony::crdt
