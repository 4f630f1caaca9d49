// A bounded queue of tasks from any thread to one.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "io/task.h"

namespace symphony::io::posix {

class Mailbox {
 public:
  enum class Put { kFull, kFirst, kMore };  // kFirst: the owner may be asleep, wake it

  explicit Mailbox(size_t max) : max_(max) {}

  Put put(Task&& task) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      Task dropped = std::move(task);
      return Put::kMore;
    }
    if (tasks_.size() >= max_) return Put::kFull;
    tasks_.push_back(std::move(task));
    return tasks_.size() == 1 ? Put::kFirst : Put::kMore;
  }

  // Everything posted so far, in order. `into` is empty and lends its capacity.
  void take(std::vector<Task>& into) {
    const std::lock_guard lock(mutex_);
    tasks_.swap(into);
  }

  // From now on tasks are dropped.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  const size_t max_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
};

}  // namespace symphony::io::posix
