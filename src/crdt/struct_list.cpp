#include "crdt/struct_list.h"

#include <algorithm>

namespace symphony::crdt {

StructList::Position StructList::find(uint32_t clock) const {
  uint32_t chunk = hint_;
  const bool hit = chunk < chunks_.size() && chunks_[chunk].clocks.front() <= clock &&
                   (chunk + 1 == chunks_.size() || clock < chunks_[chunk + 1].clocks.front());
  if (!hit) {
    const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), clock,
                                        [](uint32_t c, const Chunk& k) { return c < k.clocks.front(); });
    chunk = static_cast<uint32_t>(after - chunks_.begin()) - 1;
    hint_ = chunk;
  }
  // Branch-free search for the last clock <= `clock`.
  const std::vector<uint32_t>& clocks = chunks_[chunk].clocks;
  const uint32_t* base = clocks.data();
  size_t count = clocks.size();
  if (base[count - 1] <= clock) return {chunk, static_cast<uint32_t>(count - 1)};
  while (count > 1) {
    const size_t half = count / 2;
    base = base[half] <= clock ? base + half : base;
    count -= half;
  }
  return {chunk, static_cast<uint32_t>(base - clocks.data())};
}

void StructList::push_back(uint32_t clock, uint32_t item) {
  if (chunks_.empty() || chunks_.back().clocks.size() >= kChunkMax) {
    const bool grown = !chunks_.empty();
    Chunk& chunk = chunks_.emplace_back();
    // A list that filled a chunk is likely to fill the next one.
    if (grown) {
      chunk.clocks.reserve(kChunkMax);
      chunk.items.reserve(kChunkMax);
    }
  }
  chunks_.back().clocks.push_back(clock);
  chunks_.back().items.push_back(item);
  ++size_;
}

StructList::Position StructList::insert_after(Position at, uint32_t clock, uint32_t item) {
  Chunk* chunk = &chunks_[at.chunk];
  if (chunk->clocks.size() >= kChunkMax) {
    // Split the chunk in two halves.
    const auto half = static_cast<uint32_t>(chunk->clocks.size() / 2);
    Chunk right;
    right.clocks.assign(chunk->clocks.begin() + half, chunk->clocks.end());
    right.items.assign(chunk->items.begin() + half, chunk->items.end());
    chunk->clocks.resize(half);
    chunk->items.resize(half);
    chunks_.insert(chunks_.begin() + at.chunk + 1, std::move(right));
    if (at.index >= half) {
      ++at.chunk;
      at.index -= half;
    }
    chunk = &chunks_[at.chunk];
  }
  chunk->clocks.insert(chunk->clocks.begin() + at.index + 1, clock);
  chunk->items.insert(chunk->items.begin() + at.index + 1, item);
  ++size_;
  return {at.chunk, at.index + 1};
}

StructList::Position StructList::erase(Position at) {
  Position before = at;
  previous(before);
  Chunk& chunk = chunks_[at.chunk];
  chunk.clocks.erase(chunk.clocks.begin() + at.index);
  chunk.items.erase(chunk.items.begin() + at.index);
  if (chunk.clocks.empty()) chunks_.erase(chunks_.begin() + at.chunk);
  --size_;
  return before;
}

size_t StructList::memory_bytes() const {
  size_t bytes = chunks_.capacity() * sizeof(Chunk);
  for (const Chunk& chunk : chunks_)
    bytes += (chunk.clocks.capacity() + chunk.items.capacity()) * sizeof(uint32_t);
  return bytes;
}

}  // namespace symphony::crdt
