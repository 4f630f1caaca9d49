// Observers of one kind of event, in the order in which they came (Yjs: EventHandler).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "symphony/events.h"

namespace symphony::crdt {

template <class... Args>
class Listeners {
 public:
  using Function = std::function<void(Args...)>;

  bool empty() const { return all_ == nullptr || all_->empty(); }

  Subscription add(Function function) {
    if (all_ == nullptr) all_ = std::make_shared<All>();
    auto added = std::make_shared<Function>(std::move(function));
    all_->push_back(added);
    return Subscription([all = std::weak_ptr<All>(all_), one = std::weak_ptr<Function>(added)] {
      if (const auto list = all.lock()) std::erase(*list, one.lock());
    });
  }

  // Calls those that are there now, but for the ones that an earlier one cancels.
  template <class... Given>
  void call(const Given&... args) const {
    if (empty()) return;
    if (all_->size() == 1) {
      const auto only = all_->front();
      return (*only)(args...);
    }
    const All now = *all_;
    for (const auto& one : now) {
      if (std::find(all_->begin(), all_->end(), one) != all_->end()) (*one)(args...);
    }
  }

 private:
  using All = std::vector<std::shared_ptr<Function>>;

  std::shared_ptr<All> all_;
};

}  // namespace symphony::crdt
