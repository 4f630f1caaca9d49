// Calls that block, made by workers of their own in the order in which they came.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "io/loop.h"

namespace symphony {

class BlockingCalls {
 public:
  // As many calls at a time as there are workers, which outlive the object's last call.
  explicit BlockingCalls(const std::vector<io::Executor*>& workers);

  // Any thread.
  void add(std::function<void()> call);
  size_t queued() const;

 private:
  void dispatch();  // with mutex_ held
  void run(io::Executor& worker);

  mutable std::mutex mutex_;
  std::deque<std::function<void()>> calls_;
  std::vector<io::Executor*> idle_;
};

}  // namespace symphony
