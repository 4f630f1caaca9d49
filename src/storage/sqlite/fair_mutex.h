// A mutex that is granted in the order in which it was asked for. With std::mutex, a thread that unlocks and
// locks again at once wins against those who wait, over and over; here whoever waits is next.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace symphony::sqlite {

class FairMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const uint64_t mine = next_++;
    changed_.wait(lock, [&] { return serving_ == mine; });
  }
  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      ++serving_;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_ = 0;     // the number of the next who comes
  uint64_t serving_ = 0;  // the number of who holds the mutex, or of the next who will
};

}  // namespace symphony::sqlite
