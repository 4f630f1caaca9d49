#include "crdt/integrate/pending.h"

#include <algorithm>
#include <utility>

namespace symphony::crdt {

size_t Pending::changes_max(const std::vector<WaitingStructs::Arrived>& arrived) const {
  size_t changes = 0;
  const auto add_deletes = [&](uint64_t client, uint64_t state) {
    changes += static_cast<size_t>(deletes_from(client, state) - deletes_from(client, 0));
  };
  for (const WaitingStructs::Arrived& of : arrived) add_deletes(of.client, of.state);
  if (structs_ == nullptr) return changes;
  for (const uint64_t client : structs_->woken_by(arrived)) {
    add_deletes(client, ~uint64_t{0});
    changes += structs_->structs_max(client);
  }
  return changes;
}

void Pending::add(Buffer structs, const std::vector<WaitingStructs::Block>& blocks,
                  const std::vector<WaitingStructs::Need>& needs) {
  if (structs_ == nullptr) structs_ = std::make_unique<WaitingStructs>();
  structs_->add(std::move(structs), blocks, needs);
}

Buffer Pending::take(const std::vector<WaitingStructs::Arrived>& arrived) {
  Buffer taken = structs_->take(arrived);
  if (structs_->empty()) structs_ = nullptr;
  return taken;
}

std::vector<DeleteRange>::const_iterator Pending::deletes_from(uint64_t client, uint64_t clock) const {
  return std::lower_bound(deletes_.begin(), deletes_.end(), client,
                          [&](const DeleteRange& range, uint64_t c) {
                            return range.client != c ? range.client > c : range.clock < clock;
                          });
}

void Pending::add_deletes(std::vector<DeleteRange>& ranges) {
  if (ranges.empty()) return;
  deletes_.insert(deletes_.end(), ranges.begin(), ranges.end());
  ensure_joined(deletes_);
}

void Pending::take_deletes(uint64_t client, uint32_t state, std::vector<DeleteRange>& out) {
  const auto first = deletes_.begin() + (deletes_from(client, 0) - deletes_.begin());
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
