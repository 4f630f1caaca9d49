// Waiting times between tries of a storage call: doubled each time, jittered so that rooms do not come in
// step.
#pragma once

#include <algorithm>

#include "base/prng.h"
#include "base/time.h"

namespace symphony {

class Backoff {
 public:
  Backoff(Duration min, Duration max) : min_(min), max_(max), next_(min) {}

  // Between half of the current step and all of it.
  Duration next(Prng& prng) {
    const Duration step = next_;
    next_ = std::min(max_, next_ * 2);
    const auto half = static_cast<uint64_t>(step.count() / 2);
    return Duration(static_cast<Duration::rep>(half + prng.below(half + 1)));
  }

  void reset() { next_ = min_; }

 private:
  Duration min_;
  Duration max_;
  Duration next_;
};

}  // namespace symphony
