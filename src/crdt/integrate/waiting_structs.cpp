#include "crdt/integrate/waiting_structs.h"

#include <algorithm>

#include "base/assert.h"
#include "crdt/wire/encoder.h"
#include "crdt/wire/merge.h"
#include "crdt/wire/struct_reader.h"

namespace symphony::crdt {
namespace {

constexpr size_t kMergeAfter = 4 << 10;  // bytes that may wait without being merged

}  // namespace

void WaitingStructs::add(Buffer structs, const std::vector<Block>& blocks, const std::vector<Need>& needs) {
  const auto part = static_cast<uint32_t>(parts_.size());
  as_merged_ = parts_.empty();
  for (const Block& block : blocks) {
    blocks_.emplace(Key(block.client, part), Place{block.at, block.bytes});
    part_bytes_ += block.bytes;
    Waiting& waiting = waiting_[block.client];
    waiting.clock = std::min(waiting.clock, block.clock);
  }
  for (const Need& one : needs) need(one);
  stored_bytes_ += structs.size();
  parts_.push_back(std::move(structs));
  tidy();
}

// Of several clocks of one client the lowest is kept: whoever is woken too early is tried in vain.
void WaitingStructs::need(const Need& need) {
  const Id& missing = need.missing;
  const auto [known, added] = waiting_[need.client].missing.try_emplace(missing.client, missing.clock);
  if (!added) {
    if (missing.clock >= known->second) return;
    waits_.erase({missing.client, known->second, need.client});
    known->second = missing.clock;
  }
  waits_.emplace(missing.client, missing.clock, need.client);
}

// Merges when the parts have doubled, or when half of their bytes were taken.
void WaitingStructs::tidy() {
  if (stored_bytes_ > std::min(merged_bytes_, part_bytes_) * 2 + kMergeAfter) merged();
}

bool WaitingStructs::waits_for(uint64_t client, uint32_t state) const {
  const auto first = waits_.lower_bound({client, 0, 0});
  return first != waits_.end() && std::get<0>(*first) == client && std::get<1>(*first) < state;
}

size_t WaitingStructs::structs_max(uint64_t client) const {
  constexpr size_t kStructBytes = 2;  // at least
  size_t structs = 0;
  for (auto block = blocks_.lower_bound({client, 0}); block != blocks_.end() && block->first.first == client;
       ++block) {
    structs += block->second.bytes / kStructBytes;
  }
  return structs;
}

// Updates of these blocks (ascending by client), one for each part that has some.
std::vector<Buffer> WaitingStructs::updates_of(const std::vector<BlockAt>& blocks) const {
  std::map<uint32_t, std::vector<Bytes>> of_part;
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    const auto& [key, place] = **block;
    of_part[key.second].push_back(Bytes(parts_[key.second]).subspan(place.at, place.bytes));
  }
  std::vector<Buffer> updates;
  for (const auto& [part, written] : of_part) {
    Encoder out;
    out.var_uint(written.size());
    for (const Bytes block : written) out.bytes(block);
    out.var_uint(0);
    updates.push_back(out.take());
  }
  return updates;
}

const Buffer& WaitingStructs::merged() const {
  static const Buffer kNone;
  if (parts_.empty()) return kNone;
  if (as_merged_) return parts_.front();

  std::vector<BlockAt> all;
  for (auto block = blocks_.cbegin(); block != blocks_.cend(); ++block) all.push_back(block);
  const std::vector<Buffer> updates = updates_of(all);
  Result<Buffer> one = merge_v1(std::vector<Bytes>(updates.begin(), updates.end()), no_limits());
  ASSERT(one.has_value());
  parts_.clear();
  parts_.push_back(std::move(*one));
  stored_bytes_ = merged_bytes_ = parts_.front().size();
  as_merged_ = true;
  blocks_.clear();
  part_bytes_ = 0;
  StructReader in(parts_.front(), no_limits());
  for (size_t begin = in.position(); in.next_block(); begin = in.position()) {
    for (ParsedStruct s; in.next_struct(s);) {
    }
    const size_t bytes = in.position() - begin;
    blocks_.emplace(Key(in.client(), 0), Place{static_cast<uint32_t>(begin), static_cast<uint32_t>(bytes)});
    part_bytes_ += bytes;
  }
  return parts_.front();
}

void WaitingStructs::note_known(const std::vector<Arrived>& arrived) {
  for (const Arrived& of : arrived) {
    const auto waiting = waiting_.find(of.client);
    if (waiting != waiting_.end() && waiting->second.clock < of.state) known_.insert(of.client);
  }
}

std::set<uint64_t> WaitingStructs::woken_by(const std::vector<Arrived>& arrived) const {
  std::set<uint64_t> woken;
  std::vector<uint64_t> queue;
  const auto wake = [&](uint64_t client) {
    if (woken.insert(client).second) queue.push_back(client);
  };
  const auto wake_waiting = [&](uint64_t client, uint64_t state) {
    for (auto wait = waits_.lower_bound({client, 0, 0});
         wait != waits_.end() && std::get<0>(*wait) == client && std::get<1>(*wait) < state; ++wait) {
      wake(std::get<2>(*wait));
    }
  };
  for (const Arrived& of : arrived) wake_waiting(of.client, of.state);
  if (woken.empty()) return woken;
  for (const uint64_t client : known_) wake(client);
  while (!queue.empty()) {
    const uint64_t client = queue.back();
    queue.pop_back();
    wake_waiting(client, ~uint64_t{0});
  }
  return woken;
}

Buffer WaitingStructs::take(const std::vector<Arrived>& arrived) {
  std::vector<BlockAt> taken;
  for (const uint64_t client : woken_by(arrived)) {
    for (auto block = blocks_.lower_bound({client, 0});
         block != blocks_.end() && block->first.first == client; ++block) {
      taken.push_back(block);
    }
    const auto waiting = waiting_.find(client);
    for (const auto& [of, clock] : waiting->second.missing) waits_.erase({of, clock, client});
    waiting_.erase(waiting);
  }
  known_.clear();
  std::vector<Buffer> updates = updates_of(taken);
  for (const BlockAt block : taken) {
    part_bytes_ -= block->second.bytes;
    blocks_.erase(block);
  }
  as_merged_ = false;
  if (blocks_.empty()) {
    parts_.clear();
    stored_bytes_ = merged_bytes_ = 0;
  } else {
    tidy();
  }
  if (updates.size() == 1) return std::move(updates.front());
  Result<Buffer> one = merge_v1(std::vector<Bytes>(updates.begin(), updates.end()), no_limits());
  ASSERT(one.has_value());
  return std::move(*one);
}

}  // namespace symphony::crdt
