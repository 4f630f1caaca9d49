// Connections for several threads: opened when needed, kept while they are used, and not opened in a hurry to
// a database that is gone.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "storage/postgres/postgres.h"

namespace symphony::postgres {

// When to try again to connect: at once after the first failure, then later and later, each process at a
// moment of its own. Until then every call fails with the last reason. For several threads.
class Backoff {
 public:
  Backoff(Duration min, Duration max, uint64_t seed) : min_(min), max_(max), random_(seed) {}
  Result<void> check();
  void failed(const Error& error);
  void succeeded();

 private:
  const Duration min_, max_;
  std::mutex mutex_;
  Prng random_;
  int failures_ = 0;
  Deadline until_;
  Error last_;
};

enum class Size { kSmall, kLarge };

class Pool {
 public:
  // A large call may take long; one connection is always left to the small ones, if there is more than one.
  Pool(const ConnectionOptions& options, size_t size, Backoff& backoff)
      : options_(options), size_(size), backoff_(backoff) {}

  // A connection for as long as it lives. The pool must outlive it.
  class Borrowed {
   public:
    Borrowed(Pool& pool, Size size, std::unique_ptr<Connection> connection)
        : pool_(&pool), size_(size), connection_(std::move(connection)) {}
    ~Borrowed() {
      if (pool_ != nullptr) pool_->give_back(size_, std::move(connection_));
    }
    Borrowed(Borrowed&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          size_(other.size_),
          connection_(std::move(other.connection_)) {}
    Borrowed& operator=(Borrowed&&) = delete;
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    Pool* pool_;
    Size size_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits for one as long as a call may take.
  Result<Borrowed> borrow(Size size);

  Result<Rows> run(Size size, const Statement& statement, const Parameters& parameters = {});

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    Deadline since;
  };
  Result<std::unique_ptr<Connection>> fresh_or_idle();
  void give_back(Size size, std::unique_ptr<Connection> connection);

  const ConnectionOptions options_;
  const size_t size_;
  Backoff& backoff_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Idle> idle_;  // the longest idle first
  size_t used_ = 0;
  size_t used_large_ = 0;
};

}  // namespace symphony::postgres
