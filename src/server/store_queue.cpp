#include "server/store_queue.h"

#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "server/log.h"
#include "server/memory.h"
#include "storage/errors.h"

namespace symphony {
namespace {

// Of one commit: it must not hold back what comes after it for long.
constexpr size_t kCommitAppendsMax = 4096;
constexpr size_t kCommitBytesMax = 32u << 20;

// From one commit's beginning to the next: what an acknowledgement may wait for the sake of fewer commits. It
// is some times what a commit takes on a disk or in a database nearby, so that a steady trickle keeps either
// busy for a small part of the time; a medium that is slower than this sets the pace by itself.
constexpr Duration kCommitInterval = std::chrono::milliseconds(4);

constexpr std::chrono::milliseconds kConnectionsKept = std::chrono::days(30);
constexpr std::chrono::milliseconds kForgetEvery = std::chrono::hours(1);

}  // namespace

StoreQueue::StoreQueue(Store& store, const StoreWorkers& workers, const CompactorOptions& compaction)
    : store_(store),
      workers_(workers),
      commits_(*workers.commits),
      doc_options_(compaction.doc),
      loads_(workers.loads),
      compactor_worker_(*workers.compactions),
      care_({workers.care}),
      compactor_(store, compaction) {}

// Without mutex_, for which the worker would wait as soon as it wakes.
void StoreQueue::wake() {
  io::Task round = [this] { run(); };
  // At most one round is ever posted, so the worker's mailbox has room for it.
  commits_.post(std::move(round));
}

void StoreQueue::load(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room,
                      const Load& load) {
  loads_.add([this, &loop, &client, room_key, room = std::move(room), load] {
    const Time begin = commits_.now();
    Loaded loaded = load_room(store_, *room, load.epoch, load.cautious, doc_options_);
    {
      const std::lock_guard lock(mutex_);
      ++metrics_.loads;
      if (loaded.holder) {
        ++metrics_.held_elsewhere;
      } else if (!loaded.room) {
        ++metrics_.load_failures;
      }
      metrics_.load.observe(commits_.now() - begin);
    }
    deliver(loop, [&client, room_key, room, loaded = std::move(loaded)]() mutable {
      client.on_loaded(room_key, room, std::move(loaded));
    });
  });
}

void StoreQueue::append(io::Loop& loop, StoreClient& client, std::vector<AppendCall> calls) {
  const Time now = commits_.now();
  {
    const std::lock_guard lock(mutex_);
    for (AppendCall& call : calls) appends_.push_back({&loop, &client, std::move(call), now});
    if (std::exchange(running_, true)) return;
  }
  wake();
}

void StoreQueue::compact(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room,
                         const Compact& compact) {
  auto done = [this, &loop, &client, room_key, token = compact.token](Result<Compacted> outcome,
                                                                      Duration took) {
    {
      const std::lock_guard lock(mutex_);
      ++metrics_.snapshots;
      metrics_.snapshot.observe(took);
      if (outcome) {
        metrics_.snapshot_bytes += outcome->state_bytes;
        metrics_.quarantined += outcome->quarantined;
      } else {
        ++metrics_.snapshot_failures;
      }
    }
    deliver(loop, [&client, room_key, token, outcome = std::move(outcome)]() mutable {
      client.on_compacted(room_key, token,
                          outcome.map([](const Compacted& compacted) { return compacted.state_bytes; }));
    });
  };
  const std::lock_guard lock(mutex_);
  compactions_.push_back({std::move(room), compact.epoch, compact.seq, std::move(done)});
  wake_compactor();
}

void StoreQueue::wake_compactor() {
  if (compacting_) return;
  compacting_ = true;
  compactor_worker_.post([this] { run_compactions(); });  // at most one is ever posted
}

// One batch: as many as wait now and go into it.
void StoreQueue::run_compactions() {
  const auto next = [this]() -> std::optional<Compaction> {
    const std::lock_guard lock(mutex_);
    if (compactions_.empty()) return std::nullopt;
    Compaction first = std::move(compactions_.front());
    compactions_.pop_front();
    return first;
  };
  for (auto compaction = next(); compaction; compaction = next()) {
    if (!compactor_.add(std::move(*compaction))) break;
  }
  compactor_.flush();
  const std::lock_guard lock(mutex_);
  compacting_ = false;
  if (!compactions_.empty()) wake_compactor();
}

void StoreQueue::release(io::Loop& loop, RoomName room, uint64_t epoch, std::function<void(uint64_t)> retry) {
  care_.add([this, &loop, room = std::move(room), epoch, retry = std::move(retry)] {
    uint64_t held = epoch;
    Result<void> released;
    if (held == 0) {
      released = store_.take(*room).map([&](const Claim& claim) { held = claim.epoch; });
      if (released && held == 0) return;  // another has it
    }
    if (released) released = store_.release(*room, held);
    if (released) return;
    log_line(LogLevel::kWarning, "releasing a room failed, which keeps it from other servers: " +
                                     released.error().message + " room=" + in_quotes(*room));
    {
      const std::lock_guard lock(mutex_);
      ++metrics_.release_failures;
    }
    if (released.error().code == Code::kUnavailable) deliver(loop, [retry, held] { retry(held); });
  });
}

void StoreQueue::record_connections(std::vector<ConnectionRecord> connections) {
  care_.add([this, connections = std::move(connections)] {
    auto recorded = store_.record_connections(connections);
    const int64_t now = storage::unix_ms();
    const int64_t old = now - kConnectionsKept.count();
    if (recorded && old - forgotten_until_ > kForgetEvery.count()) {
      forgotten_until_ = old;
      recorded = store_.forget_connections(old);
    }
    if (recorded) return;
    const std::lock_guard lock(mutex_);
    ++metrics_.connection_failures;
  });
}

void StoreQueue::ping(io::Loop& loop, std::function<void(Result<void>)> done) {
  const std::lock_guard lock(mutex_);
  pings_.emplace_back(&loop, std::move(done));
  if (pings_.size() > 1) return;
  care_.add([this] {
    decltype(pings_) waiting;
    {
      const std::lock_guard relock(mutex_);
      waiting.swap(pings_);
    }
    const Result<void> outcome = store_.ping();
    for (auto& [to, answer] : waiting)
      deliver(*to, [answer = std::move(answer), outcome] { answer(outcome); });
  });
}

// The store's caches first: their memory is in the heaps of all workers.
void StoreQueue::give_back_memory(bool caches) {
  if (caches) trimming_ = true;
  if (giving_back_.exchange(true)) return;
  care_.add([this] {
    giving_back_ = false;
    if (trimming_.exchange(false)) store_.trim();
    for (io::Executor* worker : workers_.all()) worker->post([] { symphony::give_back_memory(); });
  });
}

StoreMetrics StoreQueue::metrics() const {
  const std::lock_guard lock(mutex_);
  StoreMetrics copy = metrics_;
  copy.queued = appends_.size() + loads_.queued() + compactions_.size() + care_.queued();
  return copy;
}

void StoreQueue::run() {
  std::vector<Append> appends;
  {
    const std::lock_guard lock(mutex_);
    size_t bytes = 0;
    while (!appends_.empty() && appends.size() < kCommitAppendsMax && bytes < kCommitBytesMax) {
      bytes += appends_.front().call.update->size();
      appends.push_back(std::move(appends_.front()));
      appends_.pop_front();
    }
  }
  const Time next = commits_.now() + kCommitInterval;
  commit(appends);
  // Asleep behind a commit rather than before one: what comes meanwhile need wake nobody.
  if (const Duration early = next - commits_.now(); early > Duration::zero()) {
    std::this_thread::sleep_for(early);
  }
  {
    const std::lock_guard lock(mutex_);
    running_ = !appends_.empty();
    if (!running_) return;
  }
  wake();
}

void StoreQueue::commit(std::vector<Append>& appends) {
  std::vector<AppendRequest> requests;
  requests.reserve(appends.size());
  for (const Append& append : appends) {
    requests.push_back({*append.call.room, append.call.epoch, append.call.seq, *append.call.update});
  }
  const Time begin = commits_.now();
  std::vector<Result<void>> outcomes = store_.append(requests);
  const Time end = commits_.now();

  struct Stored {
    uint64_t room_key;
    StoreToken token;
    Result<void> outcome;
  };
  std::map<std::pair<io::Loop*, StoreClient*>, std::vector<Stored>> by_client;
  {
    const std::lock_guard lock(mutex_);
    ++metrics_.commits;
    metrics_.commit.observe(end - begin);
    metrics_.appends += appends.size();
    for (size_t i = 0; i < appends.size(); ++i) {
      const Append& append = appends[i];
      if (!outcomes[i]) ++metrics_.append_failures;
      if (outcomes[i]) metrics_.append_bytes += append.call.update->size();
      metrics_.append.observe(end - append.queued_at);
      by_client[{append.loop, append.client}].push_back(
          {append.call.room_key, append.call.token, std::move(outcomes[i])});
    }
  }
  for (auto& [to, stored] : by_client) {
    deliver(*to.first, [client = to.second, stored = std::move(stored)]() mutable {
      for (Stored& each : stored) {
        client->on_stored(each.room_key, each.token, std::move(each.outcome));
      }
    });
  }
}

// A result must not be lost. A loop whose mailbox is full is far behind: storage waits for it.
void StoreQueue::deliver(io::Loop& loop, io::Task task) {
  while (!loop.post(std::move(task))) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace symphony
