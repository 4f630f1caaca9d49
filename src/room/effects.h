// What a room wants done, in order, until its caller polls it.
#pragma once

#include <optional>
#include <utility>

#include "base/vector_queue.h"
#include "room/room.h"

namespace symphony {

class EffectQueue {
 public:
  template <class E>
  void push(E effect) {
    effects_.emplace_back(std::move(effect));
  }

  std::optional<Effect> poll() {
    if (effects_.empty()) return std::nullopt;
    return effects_.pop_front();
  }

  void trim() { effects_.trim(); }

 private:
  VectorQueue<Effect> effects_;
};

}  // namespace symphony
