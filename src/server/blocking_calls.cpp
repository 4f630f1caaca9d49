#include "server/blocking_calls.h"

namespace symphony {

BlockingCalls::BlockingCalls(const std::vector<io::Executor*>& workers) : idle_(workers) {}

void BlockingCalls::add(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
  dispatch();
}

size_t BlockingCalls::queued() const {
  const std::lock_guard lock(mutex_);
  return calls_.size();
}

void BlockingCalls::dispatch() {
  if (calls_.empty() || idle_.empty()) return;
  io::Executor& worker = *idle_.back();
  idle_.pop_back();
  // At most one task a worker is ever posted, so its mailbox has room for it.
  worker.post([this, &worker] { run(worker); });
}

void BlockingCalls::run(io::Executor& worker) {
  std::function<void()> call;
  {
    const std::lock_guard lock(mutex_);
    if (!calls_.empty()) {
      call = std::move(calls_.front());
      calls_.pop_front();
    }
  }
  if (call) call();
  const std::lock_guard lock(mutex_);
  idle_.push_back(&worker);
  dispatch();
}

}  // namespace symphony
