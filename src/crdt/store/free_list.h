// The places of an array that are free, chained through the places themselves: that takes no memory.
#pragma once

#include <cstdint>
#include <vector>

#include "base/make_room.h"
#include "crdt/store/dense_index.h"

namespace symphony::crdt {

// `Link`: the member of a free T that names the next free one.
template <class T, uint32_t T::*Link>
class FreeList {
 public:
  // A fresh T, in the place that became free last or behind the others.
  uint32_t take(std::vector<T>& all) {
    if (first_ == kNil) {
      make_room(all, 1);
      all.emplace_back();
      return static_cast<uint32_t>(all.size() - 1);
    }
    const uint32_t index = first_;
    first_ = all[index].*Link;
    --size_;
    all[index] = T{};
    return index;
  }

  void give(std::vector<T>& all, uint32_t index) {
    all[index].*Link = first_;
    first_ = index;
    ++size_;
  }

  uint32_t size() const { return size_; }

  // Calls `visit(index)` for every free place.
  template <class Visit>
  void visit(const std::vector<T>& all, Visit visit) const {
    for (uint32_t index = first_; index != kNil; index = all[index].*Link) visit(index);
  }

 private:
  uint32_t first_ = kNil;
  uint32_t size_ = 0;
};

}  // namespace symphony::crdt
