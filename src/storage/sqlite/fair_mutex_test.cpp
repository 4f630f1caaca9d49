#include "storage/sqlite/fair_mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace symphony::sqlite {
namespace {

// A thread that holds the mutex nearly all the time lets one that waits in between; std::mutex would not.
TEST(FairMutex, whoever_waits_is_next) {
  constexpr int kRounds = 100;
  FairMutex mutex;
  std::atomic<bool> started = false, ended = false;
  int granted = 0;
  std::thread other([&] {
    started = true;
    while (!ended) {
      const std::lock_guard lock(mutex);
      ++granted;
    }
  });
  while (!started) std::this_thread::yield();
  int rounds_between = 0;
  for (int round = 0, before = 0; round < kRounds; ++round) {
    const std::lock_guard lock(mutex);
    if (granted != before) ++rounds_between;
    before = granted;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // long enough for the other to ask
  }
  ended = true;
  other.join();
  EXPECT_GT(rounds_between, kRounds / 2);
}

}  // namespace
}  // namespace symphony::sqlite
