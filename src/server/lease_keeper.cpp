#include "server/lease_keeper.h"

#include <chrono>
#include <thread>

#include "server/log.h"

namespace symphony {

LeaseKeeper::LeaseKeeper(Store& store, Duration lease, io::Loop& loop, io::Executor& worker,
                         std::function<void()> on_lapse)
    : store_(store),
      every_(lease / 3),
      loop_(loop),
      worker_(worker),
      on_lapse_(std::move(on_lapse)),
      timer_(loop.make_timer([this] { renew(); })) {}

void LeaseKeeper::start() { renew(); }

void LeaseKeeper::renew() {
  timer_->set(loop_.now() + every_);
  if (under_way_) return;
  under_way_ = true;
  worker_.post([this] {
    if (stopped_) return;
    // A loop whose mailbox is full is far behind: the lease waits for it.
    io::Task answer = [this, alive = store_.renew()] { on_renewed(alive); };
    while (!loop_.post(std::move(answer))) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
}

void LeaseKeeper::on_renewed(const Result<bool>& alive) {
  under_way_ = false;
  if (!alive) {
    ++metrics_.failures;
    log_line(LogLevel::kWarning, "renewing the lease failed: " + alive.error().message);
    return;
  }
  ++metrics_.renewals;
  if (had_lease_ && !*alive) {
    ++metrics_.lapses;
    log_line(LogLevel::kWarning, "the lease had run out; each room asks whether it is still ours");
    on_lapse_();
  }
  had_lease_ = true;
}

}  // namespace symphony
