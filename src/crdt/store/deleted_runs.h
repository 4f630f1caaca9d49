// Long stretches of a client's clocks of which everything is known to be deleted, so that deleting them again
// does not walk them again. What is deleted stays deleted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "crdt/store/copied_ptr.h"
#include "crdt/store/item.h"

namespace symphony::crdt {

class DeletedRuns {
 public:
  static constexpr uint32_t kLong = 64;  // structs that are worth an entry

  // The first clock from `clock` on that may be live. Cost: logarithmic.
  uint32_t skip(Slot slot, uint32_t clock) const {
    if (runs_ == nullptr) return clock;
    const auto after = runs_->upper_bound({slot, clock});
    if (after == runs_->begin()) return clock;
    const auto& [begin, end] = *std::prev(after);
    return begin.first == slot ? std::max(clock, end) : clock;
  }

  // Clocks [begin, end) are deleted. Call for long stretches only.
  void add(Slot slot, uint32_t begin, uint32_t end) {
    if (runs_ == nullptr) runs_ = std::make_unique<Runs>();
    auto at = runs_->upper_bound({slot, begin});
    if (at != runs_->begin()) {
      if (const auto before = std::prev(at); before->first.first == slot && before->second >= begin) {
        begin = before->first.second;
        end = std::max(end, before->second);
        at = before;
      }
    }
    while (at != runs_->end() && at->first.first == slot && at->first.second <= end) {
      end = std::max(end, at->second);
      at = runs_->erase(at);
    }
    runs_->emplace_hint(at, std::pair(slot, begin), end);
  }

  // Calls `visit(slot, begin, end)` for every stretch.
  template <class Visit>
  void visit(Visit visit) const {
    if (runs_ == nullptr) return;
    for (const auto& [begin, end] : *runs_) visit(begin.first, begin.second, end);
  }

  size_t memory_bytes() const {
    return runs_ == nullptr ? 0 : runs_->size() * (sizeof(Runs::value_type) + 4 * sizeof(void*));
  }

 private:
  using Runs = std::map<std::pair<Slot, uint32_t>, uint32_t>;  // first clock -> the clock behind the last
  CopiedPtr<Runs> runs_;
};

}  // namespace symphony::crdt
