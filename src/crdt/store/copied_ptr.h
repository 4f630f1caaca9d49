#pragma once

#include <memory>

namespace symphony::crdt {

// A unique_ptr that takes a copy of what it points to when its owner is copied.
template <class T>
class CopiedPtr : public std::unique_ptr<T> {
 public:
  CopiedPtr() = default;
  CopiedPtr(CopiedPtr&&) noexcept = default;
  CopiedPtr(const CopiedPtr& other)
      : std::unique_ptr<T>(other == nullptr ? nullptr : std::make_unique<T>(*other)) {}
  CopiedPtr& operator=(CopiedPtr&&) noexcept = default;
  CopiedPtr& operator=(const CopiedPtr&) = delete;
  using std::unique_ptr<T>::operator=;
};

}  // namespace symphony::crdt
