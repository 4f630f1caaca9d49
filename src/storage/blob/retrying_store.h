// Any ObjectStore, with every call that is kUnavailable repeated for a while.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include "storage/blob/object_store.h"

namespace symphony {

struct RetryOptions {
  std::chrono::milliseconds first_wait{100};  // doubles each time; a random part from half of it up is waited
  std::chrono::milliseconds wait_max{5'000};
  std::chrono::milliseconds total{60'000};  // no wait ends later than this after the call began
};

// The time as a RetryingStore sees it: real, or a test's.
class RetryClock {
 public:
  virtual ~RetryClock() = default;
  virtual std::chrono::milliseconds now();
  virtual void sleep(std::chrono::milliseconds duration);
};

class RetryingStore final : public ObjectStore {
 public:
  // `clock` must outlive the store and may be called by any thread.
  RetryingStore(std::unique_ptr<ObjectStore> store, const RetryOptions& options, RetryClock& clock,
                uint64_t seed);

  // Each blocks the calling thread as long as `total` and one call of the store beneath.
  Result<void> put_new(std::string_view key, Bytes bytes) override;
  Result<Buffer> get(std::string_view key) override;
  Result<void> remove(std::string_view key) override;
  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after,
                                        size_t limit) override;

 private:
  template <class T>
  Result<T> repeated(const std::function<Result<T>()>& call);

  std::unique_ptr<ObjectStore> store_;
  const RetryOptions options_;
  RetryClock& clock_;
  std::atomic<uint64_t> seed_;  // a new number for each wait
};

}  // namespace symphony
