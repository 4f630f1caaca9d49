#include "crdt/pending.h"

#include <algorithm>

#include "base/assert.h"
#include "crdt/merge.h"

namespace symphony::crdt {
namespace {

constexpr size_t kMergeAfter = 4 << 10;  // bytes that may wait without being merged

}  // namespace

void Pending::add(Buffer structs, const std::vector<Id>& missing) {
  part_bytes_ += structs.size();
  parts_.push_back(std::move(structs));
  if (part_bytes_ > merged_bytes_ * 2 + kMergeAfter) merged();

  for (const Id& id : missing) {
    const auto [at, added] = missing_.try_emplace(id.client, id.clock);
    if (!added) at->second = std::min(at->second, id.clock);
  }
}

uint32_t Pending::missing_of(uint64_t client) const {
  const auto at = missing_.find(client);
  return at != missing_.end() ? at->second : kNil;
}

bool Pending::concerns(uint64_t client, uint32_t state) const {
  if (missing_of(client) < state) return true;
  const auto range = deletes_of(client);
  return range != deletes_.end() && range->client == client && range->clock < state;
}

const Buffer& Pending::merged() const {
  static const Buffer kNone;
  if (parts_.empty()) return kNone;
  if (parts_.size() > 1) {
    Result<Buffer> all = merge_v1(std::vector<Bytes>(parts_.begin(), parts_.end()), no_limits());
    ASSERT(all.has_value());
    parts_.clear();
    parts_.push_back(std::move(*all));
    part_bytes_ = merged_bytes_ = parts_.front().size();
  }
  return parts_.front();
}

Buffer Pending::take() {
  merged();
  Buffer all = std::move(parts_.front());
  parts_.clear();
  part_bytes_ = merged_bytes_ = 0;
  missing_.clear();
  return all;
}

std::vector<DeleteRange>::const_iterator Pending::deletes_of(uint64_t client) const {
  return std::lower_bound(deletes_.begin(), deletes_.end(), client,
                          [](const DeleteRange& range, uint64_t c) { return range.client > c; });
}

void Pending::add_deletes(std::vector<DeleteRange>& ranges) {
  if (ranges.empty()) return;
  deletes_.insert(deletes_.end(), ranges.begin(), ranges.end());
  ensure_joined(deletes_);
}

void Pending::take_deletes(uint64_t client, uint32_t state, std::vector<DeleteRange>& out) {
  const auto first = deletes_.begin() + (deletes_of(client) - deletes_.begin());
  auto at = first;
  for (; at != deletes_.end() && at->client == client && at->clock < state; ++at) {
    out.push_back(*at);
    if (at->end() <= state) continue;
    out.back().len = state - at->clock;
    at->len = at->end() - state;
    at->clock = state;
    break;
  }
  deletes_.erase(first, at);
}

}  // namespace symphony::crdt
