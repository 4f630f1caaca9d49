#include "storage/postgres/pool.h"

#include <algorithm>

namespace symphony::postgres {

using std::chrono::steady_clock;

namespace {
// A connection costs the server some megabytes; one that was not needed for so long is closed.
constexpr auto kIdleMax = std::chrono::minutes(1);
}  // namespace

Result<void> Backoff::check() {
  const std::lock_guard lock(mutex_);
  if (failures_ > 0 && steady_clock::now() < until_) return tl::unexpected(last_);
  return {};
}

void Backoff::failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  last_ = error;
  Duration wait{0};
  if (failures_ > 0) {
    wait = std::min(max_, min_ * (int64_t{1} << std::min(failures_ - 1, 20)));
    wait =
        wait / 2 + Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(wait.count() / 2 + 1))));
  }
  ++failures_;
  until_ = steady_clock::now() + wait;
}

void Backoff::succeeded() {
  const std::lock_guard lock(mutex_);
  failures_ = 0;
}

Result<Pool::Borrowed> Pool::borrow(Size size) {
  const size_t large_max = std::max<size_t>(1, size_ - 1);
  const bool large = size == Size::kLarge;
  {
    std::unique_lock lock(mutex_);
    const bool free = returned_.wait_for(
        lock, options_.call_timeout, [&] { return used_ < size_ && (!large || used_large_ < large_max); });
    if (!free) {
      return fail(Code::kUnavailable,
                  "all " + std::to_string(size_) +
                      " connections to the database are busy; allow more, or find what is slow");
    }
    ++used_;
    if (large) ++used_large_;
  }
  auto connection = fresh_or_idle();
  if (!connection) {
    give_back(size, nullptr);
    return tl::unexpected(connection.error());
  }
  return Borrowed(*this, size, std::move(*connection));
}

Result<std::unique_ptr<Connection>> Pool::fresh_or_idle() {
  for (;;) {
    std::unique_ptr<Connection> idle;
    {
      const std::lock_guard lock(mutex_);
      if (idle_.empty()) break;
      idle = std::move(idle_.back().connection);
      idle_.pop_back();
    }
    if (idle->still_usable()) return idle;
  }
  if (auto ready = backoff_.check(); !ready) return tl::unexpected(ready.error());
  auto opened = Connection::open(options_);
  if (opened) {
    backoff_.succeeded();
  } else {
    backoff_.failed(opened.error());
  }
  return opened;
}

void Pool::give_back(Size size, std::unique_ptr<Connection> connection) {
  std::vector<Idle> closed;  // outside of the lock
  {
    const std::lock_guard lock(mutex_);
    --used_;
    if (size == Size::kLarge) --used_large_;
    const auto now = steady_clock::now();
    if (connection && connection->usable()) idle_.push_back({std::move(connection), now});
    while (!idle_.empty() && now - idle_.front().since > kIdleMax) {
      closed.push_back(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
  }
  returned_.notify_all();
}

Result<Rows> Pool::run(Size size, const Statement& statement, const Parameters& parameters) {
  auto connection = borrow(size);
  if (!connection) return tl::unexpected(connection.error());
  return (*connection)->run(statement, parameters);
}

}  // namespace symphony::postgres
