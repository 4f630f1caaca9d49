// What a run measures: when each update left, when each peer had it, and what the server process used
// meanwhile.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace symphony::bench {

// Microseconds of CLOCK_MONOTONIC.
int64_t now_us();

// Delivery latencies of document updates. An update of (room, person, tick) is expected once by each other
// person of the room; what comes twice counts once.
class Meter {
 public:
  Meter(size_t rooms, size_t people, size_t ticks)
      : people_(people), ticks_(ticks), sent_us_(rooms * people * ticks), received_(rooms * people * ticks) {}

  // Updates sent while `counted` are the measured ones.
  void sent(size_t room, size_t person, size_t tick, int64_t at_us, bool counted);
  void received(size_t room, size_t person, size_t tick, size_t by, int64_t at_us);

  uint64_t expected() const { return expected_; }
  uint64_t delivered() const { return latencies_us_.size(); }

  // The latency that the fraction `part` of all expected deliveries stayed within, in milliseconds. A
  // delivery that never came counts as later than any other; -1 if the quantile falls among those.
  double quantile_ms(double part);

 private:
  size_t at(size_t room, size_t person, size_t tick) const {
    return (room * people_ + person) * ticks_ + tick;
  }

  size_t people_, ticks_;
  std::vector<int64_t> sent_us_;    // 0: not sent, or not counted
  std::vector<uint32_t> received_;  // one bit a person
  std::vector<uint32_t> latencies_us_;
  uint64_t expected_ = 0;
  bool sorted_ = false;
};

// CPU seconds (user and system, all threads) that a process has used; -1 if there is no such process.
double cpu_seconds(pid_t pid);

// Resident bytes of a process now; 0 if there is no such process.
uint64_t resident_bytes(pid_t pid);

}  // namespace symphony::bench
