// `symphony serve` as an object: listens, deals connections to its loops, and drains.
//
// The caller owns loops, workers and store, and runs them in this order: construct everything, listen(),
// start the loops; at the end drain(), hurry(), stop the workers, stop the loops, destroy the Server.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/loop.h"
#include "server/admission.h"
#include "server/lease_keeper.h"
#include "server/options.h"
#include "server/shard.h"
#include "server/static_files.h"
#include "server/store_queue.h"

namespace symphony {

class Server final : private ServerServices {
 public:
  Server(ServerOptions options, StaticFiles files, std::vector<io::Loop*> loops, Store& store,
         const StoreWorkers& workers);
  ~Server() override;

  // Before the loops run. The error is one line for the operator.
  Result<void> listen();

  // The real port, after listen().
  uint16_t port() const { return listener_->port(); }

  // Any thread: the process ends. What makes pauses in the background makes none, and the lease is not
  // renewed.
  void hurry() {
    store_.hurry();
    lease_.stop();
  }

  // Any thread, once. Stops accepting, tells every client to come back later, stores what is not stored.
  // `done` runs on a loop, with false if drain_timeout came first.
  void drain(std::function<void(bool stored)> done);

 private:
  const ServerOptions& options() const override { return options_; }
  const StaticFiles& files() const override { return files_; }
  bool draining() const override { return draining_.load(std::memory_order_relaxed); }
  void hand_over(Upgraded upgraded) override;
  void collect_metrics(Shard& asking, std::function<void(std::string)> done) override;
  void check_ready(Shard& asking, std::function<void(Result<void>)> done) override;

  void on_lease_lapsed();
  Shard& shard_of(const std::string& room);
  void on_accept(std::unique_ptr<io::Socket> socket);
  // Tasks that must run: tried again from `from` each turn while the other mailbox is full.
  static void post_surely(io::Loop& from, io::Loop& to, io::Task task);

  const ServerOptions options_;
  const StaticFiles files_;
  Admission admission_;
  StoreQueue store_;
  LeaseKeeper lease_;  // lives on the first loop
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<io::Listener> listener_;  // lives on the first loop
  std::atomic<bool> draining_ = false;

  // The first loop only.
  size_t next_shard_ = 0;
  size_t shards_storing_ = 0;
  size_t shards_draining_ = 0;
  std::function<void(bool)> drained_;
  std::unique_ptr<io::Timer> drain_timer_;
};

}  // namespace symphony
