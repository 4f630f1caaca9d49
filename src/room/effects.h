// What a room wants done, in order, until its caller polls it.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "room/room.h"

namespace symphony {

class EffectQueue {
 public:
  template <class E>
  void push(E effect) {
    effects_.emplace_back(std::move(effect));
  }

  std::optional<Effect> poll() {
    if (head_ == effects_.size()) return std::nullopt;
    std::optional<Effect> effect(std::move(effects_[head_++]));
    if (head_ == effects_.size()) {
      effects_.clear();  // the memory stays for the next event
      head_ = 0;
    }
    return effect;
  }

 private:
  std::vector<Effect> effects_;
  size_t head_ = 0;  // of the next one to give out
};

}  // namespace symphony
