#include "crdt/store/struct_list.h"

#include <algorithm>
#include <cstring>

#include "base/huge_pages.h"

namespace symphony::crdt {

// The chunk that covers `clock`.
uint32_t StructList::chunk_of(uint32_t clock) const {
  const auto newest = static_cast<uint32_t>(chunks_.size() - 1);  // is looked for most of all
  if (clock >= chunks_.back().first_clock) return newest;
  const bool hit =
      hint_ < newest && chunks_[hint_].first_clock <= clock && clock < chunks_[hint_ + 1].first_clock;
  if (!hit) {
    const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), clock,
                                        [](uint32_t c, const Chunk& k) { return c < k.first_clock; });
    hint_ = static_cast<uint32_t>(after - chunks_.begin()) - 1;
  }
  return hint_;
}

StructList::Position StructList::find(uint32_t clock, const std::vector<Item>& items) const {
  const uint32_t chunk_index = chunk_of(clock);
  // Branch-free search for the last clock <= `clock`.
  const Chunk& chunk = chunks_[chunk_index];
  uint32_t count = chunk.count;
  if (chunk.dense()) {
    const Item* const first = items.data() + chunk.first_item;
    if (first[count - 1].clock <= clock) return {chunk_index, count - 1};
    const Item* base = first;
    while (count > 1) {
      const uint32_t half = count / 2;
      base = base[half].clock <= clock ? base + half : base;
      count -= half;
    }
    return {chunk_index, static_cast<uint32_t>(base - first)};
  }
  const uint32_t* const first = chunk.clocks();
  if (first[count - 1] <= clock) return {chunk_index, count - 1};
  const uint32_t* base = first;
  while (count > 1) {
    const uint32_t half = count / 2;
    base = base[half] <= clock ? base + half : base;
    count -= half;
  }
  return {chunk_index, static_cast<uint32_t>(base - first)};
}

void StructList::Chunk::copy_list(const Chunk& from, uint32_t room) {
  std::unique_ptr<uint32_t[]> fresh(new uint32_t[size_t{room} * 2]);
  if (!from.dense()) {
    std::copy_n(from.clocks(), from.count, fresh.get());
    std::copy_n(from.items(), from.count, fresh.get() + room);
  }
  list = std::move(fresh);
  capacity = static_cast<uint16_t>(room);
}

void StructList::make_listed(Chunk& chunk, const std::vector<Item>& items) {
  if (!chunk.dense()) return;
  chunk.grow(std::min(kChunkMax, std::max(8u, chunk.count + chunk.count / 2u)));
  for (uint32_t i = 0; i < chunk.count; ++i) {
    chunk.clocks()[i] = items[chunk.first_item + i].clock;
    chunk.items()[i] = chunk.first_item + i;
  }
}

// Puts the clocks at which deleted begins or ends behind the `count` bounds; how many there are then.
size_t StructList::add_bounds(const Chunk& chunk, const std::vector<Item>& items, uint32_t* bounds,
                              size_t count) {
  // Without a branch: what is deleted and what is not is hard to foretell.
  bool deleted = count % 2 != 0;
  bool any = false;
  const auto look_at = [&](const Item& item) {
    bounds[count] = item.clock;
    count += item.deleted != deleted;
    deleted = item.deleted;
    any = any || deleted;
  };
  if (chunk.dense()) {
    const Item* const first = items.data() + chunk.first_item;
    for (const Item* item = first; item != first + chunk.count; ++item) look_at(*item);
  } else {
    for (uint32_t i = 0; i < chunk.count; ++i) look_at(items[chunk.items()[i]]);
  }
  chunk.all_live = !any;
  return count;
}

void StructList::note_deleted(uint32_t clock, uint32_t end) {
  for (size_t i = chunk_of(clock); i < chunks_.size() && chunks_[i].first_clock < end; ++i) {
    chunks_[i].all_live = false;
  }
}

void StructList::append_range(ItemIndex first, uint32_t count, const std::vector<Item>& items) {
  chunks_.reserve(chunks_.size() + count / kChunkMax + 1);
  size_ += count;
  for (uint32_t done = 0; done < count;) {
    Chunk& chunk = chunks_.emplace_back();
    chunk.first_item = first + done;
    chunk.first_clock = items[chunk.first_item].clock;
    chunk.count = static_cast<uint16_t>(std::min(kChunkMax, count - done));
    done += chunk.count;
  }
}

void StructList::push_back(uint32_t clock, ItemIndex item, const std::vector<Item>& items) {
  ++size_;
  if (!chunks_.empty() && chunks_.back().count < kChunkMax) {
    Chunk& chunk = chunks_.back();
    chunk.all_live = false;
    if (chunk.dense() && item == chunk.first_item + chunk.count) {
      ++chunk.count;
      return;
    }
    make_listed(chunk, items);
    if (chunk.count == chunk.capacity) chunk.grow(std::min(kChunkMax, chunk.count * 2u));
    chunk.clocks()[chunk.count] = clock;
    chunk.items()[chunk.count] = item;
    ++chunk.count;
    return;
  }
  Chunk& chunk = chunks_.emplace_back();
  chunk.first_clock = clock;
  chunk.first_item = item;
  chunk.count = 1;
}

StructList::Position StructList::insert_after(Position at, uint32_t clock, ItemIndex item,
                                              const std::vector<Item>& items) {
  ++size_;
  if (chunks_[at.chunk].count >= kChunkMax) {
    // Split the chunk in two halves.
    Chunk& full = chunks_[at.chunk];
    const auto half = static_cast<uint32_t>(full.count / 2);
    Chunk right;
    const uint32_t moved = full.count - half;
    if (full.dense()) {
      right.first_item = full.first_item + half;
      right.first_clock = items[right.first_item].clock;
    } else {
      right.grow(kChunkMax);
      std::copy_n(full.clocks() + half, moved, right.clocks());
      std::copy_n(full.items() + half, moved, right.items());
      right.first_clock = right.clocks()[0];
    }
    right.count = static_cast<uint16_t>(moved);
    right.all_live = full.all_live;
    full.count = static_cast<uint16_t>(half);
    chunks_.insert(chunks_.begin() + at.chunk + 1, std::move(right));
    if (at.index >= half) {
      ++at.chunk;
      at.index -= half;
    }
  }
  Chunk& chunk = chunks_[at.chunk];
  if (chunk.dense() && at.index + 1u == chunk.count && item == chunk.first_item + chunk.count) {
    ++chunk.count;
    return {at.chunk, at.index + 1};
  }
  make_listed(chunk, items);
  if (chunk.count == chunk.capacity) chunk.grow(std::min(kChunkMax, chunk.count * 2u));
  const uint32_t behind = chunk.count - at.index - 1;
  uint32_t* const clocks = chunk.clocks() + at.index + 1;
  uint32_t* const listed = chunk.items() + at.index + 1;
  std::memmove(clocks + 1, clocks, behind * sizeof(uint32_t));
  std::memmove(listed + 1, listed, behind * sizeof(uint32_t));
  *clocks = clock;
  *listed = item;
  ++chunk.count;
  return {at.chunk, at.index + 1};
}

StructList::Position StructList::erase(Position at, const std::vector<Item>& items) {
  Position before = at;
  previous(before);
  --size_;
  Chunk& chunk = chunks_[at.chunk];
  if (chunk.count == 1) {
    chunks_.erase(chunks_.begin() + at.chunk);
    return before;
  }
  if (chunk.dense() && at.index + 1u == chunk.count) {
    --chunk.count;
    return before;
  }
  if (chunk.dense() && at.index == 0) {
    ++chunk.first_item;
    --chunk.count;
    chunk.first_clock = items[chunk.first_item].clock;
    return before;
  }
  make_listed(chunk, items);
  const uint32_t behind = chunk.count - at.index - 1;
  std::memmove(chunk.clocks() + at.index, chunk.clocks() + at.index + 1, behind * sizeof(uint32_t));
  std::memmove(chunk.items() + at.index, chunk.items() + at.index + 1, behind * sizeof(uint32_t));
  --chunk.count;
  chunk.first_clock = chunk.clocks()[0];
  return before;
}

size_t StructList::memory_bytes() const {
  size_t bytes = chunks_.capacity() * sizeof(Chunk);
  for (const Chunk& chunk : chunks_) bytes += size_t{chunk.capacity} * 2 * sizeof(uint32_t);
  return bytes;
}

}  // namespace symphony::crdt
