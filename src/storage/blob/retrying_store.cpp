#include "storage/blob/retrying_store.h"

#include <algorithm>
#include <thread>

#include "base/prng.h"

namespace symphony {

using std::chrono::milliseconds;

milliseconds RetryClock::now() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

void RetryClock::sleep(milliseconds duration) { std::this_thread::sleep_for(duration); }

RetryingStore::RetryingStore(std::unique_ptr<ObjectStore> store, const RetryOptions& options,
                             RetryClock& clock, uint64_t seed)
    : store_(std::move(store)), options_(options), clock_(clock), seed_(seed) {}

template <class T>
Result<T> RetryingStore::repeated(const std::function<Result<T>()>& call) {
  const milliseconds end = clock_.now() + options_.total;
  milliseconds wait = std::min(options_.first_wait, options_.wait_max);
  for (int tries = 1;; ++tries) {
    auto result = call();
    if (result || result.error().code != Code::kUnavailable) return result;
    const uint64_t half = static_cast<uint64_t>(wait.count() / 2);
    const milliseconds chosen{half + Prng(seed_.fetch_add(1)).below(half + 1)};
    if (clock_.now() + chosen > end) {
      if (tries > 1) result.error().message += " (after " + std::to_string(tries) + " tries)";
      return result;
    }
    clock_.sleep(chosen);
    wait = std::min(wait * 2, options_.wait_max);
  }
}

Result<void> RetryingStore::put_new(std::string_view key, Bytes bytes) {
  return repeated<void>([&] { return store_->put_new(key, bytes); });
}

Result<Buffer> RetryingStore::get(std::string_view key) {
  return repeated<Buffer>([&] { return store_->get(key); });
}

Result<void> RetryingStore::remove(std::string_view key) {
  return repeated<void>([&] { return store_->remove(key); });
}

Result<std::vector<std::string>> RetryingStore::list(std::string_view prefix, std::string_view after,
                                                     size_t limit) {
  return repeated<std::vector<std::string>>([&] { return store_->list(prefix, after, limit); });
}

}  // namespace symphony
