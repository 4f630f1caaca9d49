// A queue in one array, for queues that are empty nearly always: it holds nothing then (std::deque holds 576
// bytes), and what a burst has grown goes back when the queue is next empty.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace symphony {

template <class T>
class VectorQueue {
 public:
  bool empty() const { return head_ == items_.size(); }
  size_t size() const { return items_.size() - head_; }
  T& front() { return items_[head_]; }
  T& back() { return items_.back(); }
  auto begin() { return items_.begin() + static_cast<ptrdiff_t>(head_); }
  auto end() { return items_.end(); }

  template <class... From>
  void emplace_back(From&&... from) {
    items_.emplace_back(std::forward<From>(from)...);
  }

  // Amortised constant.
  T pop_front() {
    T item = std::move(items_[head_++]);
    if (empty()) {
      if (items_.capacity() > kKept) items_ = {};
      items_.clear();
      head_ = 0;
    } else if (head_ >= kKept && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), begin());
      head_ = 0;
    }
    return item;
  }

  // Gives back all memory if the queue is empty.
  void trim() {
    if (empty()) items_ = {};
  }

 private:
  static constexpr size_t kKept = 16;  // items for which an empty queue keeps memory

  std::vector<T> items_;
  size_t head_ = 0;  // of the first one
};

}  // namespace symphony
