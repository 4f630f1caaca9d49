// Keeps this process's lease alive (storage/store.h), and notices when it was not.
//
// The lease is renewed every third of its length by a worker of its own, so that no load or commit stands
// before it. A renewal that fails is tried again at the next turn; when one succeeds after the lease had run
// out, others may have taken rooms meanwhile, and `on_lapse` is called.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "io/loop.h"
#include "server/metrics.h"
#include "storage/store.h"

namespace symphony {

class LeaseKeeper {
 public:
  // All references outlive the worker's last call. `on_lapse` is called on `loop`.
  LeaseKeeper(Store& store, Duration lease, io::Loop& loop, io::Executor& worker,
              std::function<void()> on_lapse);

  // The loop's thread, or before it runs.
  void start();

  // Any thread: no renewal begins any more.
  void stop() { stopped_ = true; }

  LeaseMetrics metrics() const { return metrics_; }  // the loop's thread

 private:
  void renew();
  void on_renewed(const Result<bool>& alive);

  Store& store_;
  const Duration every_;
  io::Loop& loop_;
  io::Executor& worker_;
  const std::function<void()> on_lapse_;
  const std::unique_ptr<io::Timer> timer_;
  std::atomic<bool> stopped_ = false;
  bool under_way_ = false;
  bool had_lease_ = false;
  LeaseMetrics metrics_;
};

}  // namespace symphony
