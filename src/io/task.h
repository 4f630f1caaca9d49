// A move-only callable: what loops and workers pass to each other. It may own what must not be copied, such
// as an accepted connection on its way to another loop.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace symphony::io {

class Task {
 public:
  Task() = default;

  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Task> && std::invocable<std::remove_cvref_t<F>&>) Task(F&& f)
      : held_(std::make_unique<Holder<std::remove_cvref_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const { return held_ != nullptr; }
  void operator()() { held_->run(); }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct Holder final : Held {
    explicit Holder(F f) : function(std::move(f)) {}
    void run() override { function(); }
    F function;
  };

  std::unique_ptr<Held> held_;
};

}  // namespace symphony::io
