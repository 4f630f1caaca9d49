#include "server/store_queue.h"

#include <map>
#include <thread>

namespace symphony {
namespace {

// Of one commit: it must not hold back what comes after it for long.
constexpr size_t kCommitAppendsMax = 4096;
constexpr size_t kCommitBytesMax = 32u << 20;

// What an acknowledgement may wait for the sake of fewer commits. Below what a person notices; above it
// little is saved.
constexpr Duration kCommitInterval = std::chrono::milliseconds(20);

}  // namespace

StoreQueue::StoreQueue(Store& store, io::Executor& worker) : store_(store), worker_(worker) {}

void StoreQueue::wake() {
  arrived_.notify_one();
  if (running_) return;
  running_ = true;
  io::Task round = [this] { run(); };
  // At most one round is ever posted, so the worker's mailbox has room for it.
  worker_.post(std::move(round));
}

void StoreQueue::load(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room) {
  const std::lock_guard lock(mutex_);
  loads_.emplace_back([this, &loop, &client, room_key, room = std::move(room)] {
    const Time begin = worker_.now();
    auto stored = store_.load(*room);
    {
      const std::lock_guard relock(mutex_);
      ++metrics_.loads;
      if (!stored) ++metrics_.load_failures;
      metrics_.load.observe(worker_.now() - begin);
    }
    deliver(loop, [&client, room_key, stored = std::move(stored)]() mutable {
      client.on_loaded(room_key, std::move(stored));
    });
  });
  wake();
}

void StoreQueue::append(io::Loop& loop, StoreClient& client, std::vector<AppendCall> calls) {
  const Time now = worker_.now();
  const std::lock_guard lock(mutex_);
  for (AppendCall& call : calls) appends_.push_back({&loop, &client, std::move(call), now});
  wake();
}

void StoreQueue::put_snapshot(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room,
                              const Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  snapshots_.emplace_back([this, &loop, &client, room_key, room = std::move(room), snapshot] {
    auto outcome = store_.put_snapshot(*room, snapshot.seq, *snapshot.state);
    {
      const std::lock_guard relock(mutex_);
      ++metrics_.snapshots;
      if (!outcome) ++metrics_.snapshot_failures;
    }
    deliver(loop, [&client, room_key, token = snapshot.token, outcome = std::move(outcome)]() mutable {
      client.on_stored(room_key, token, 0, std::move(outcome));
    });
  });
  wake();
}

void StoreQueue::ping(io::Loop& loop, std::function<void(Result<void>)> done) {
  const std::lock_guard lock(mutex_);
  pings_.emplace_back([this, &loop, done = std::move(done)] {
    deliver(loop, [done, outcome = store_.ping()] { done(outcome); });
  });
  wake();
}

StoreMetrics StoreQueue::metrics() const {
  const std::lock_guard lock(mutex_);
  StoreMetrics copy = metrics_;
  copy.queued = appends_.size() + loads_.size() + snapshots_.size();
  return copy;
}

void StoreQueue::run() {
  std::vector<Append> appends;
  std::vector<Call> calls;
  {
    std::unique_lock lock(mutex_);
    const auto others = [&] { return !(loads_.empty() && snapshots_.empty() && pings_.empty()); };
    if (const Duration early = next_commit_ - worker_.now(); early > Duration::zero()) {
      arrived_.wait_for(lock, early, others);
    }
    size_t bytes = 0;
    while (!appends_.empty() && appends.size() < kCommitAppendsMax && bytes < kCommitBytesMax) {
      bytes += appends_.front().call.update->size();
      appends.push_back(std::move(appends_.front()));
      appends_.pop_front();
    }
    for (std::deque<Call>* queue : {&pings_, &loads_, &snapshots_}) {
      if (queue->empty()) continue;
      calls.push_back(std::move(queue->front()));
      queue->pop_front();
    }
  }
  if (!appends.empty()) {
    next_commit_ = worker_.now() + kCommitInterval;
    commit(appends);
  }
  for (const Call& call : calls) call();
  const std::lock_guard lock(mutex_);
  running_ = false;
  if (!(appends_.empty() && loads_.empty() && snapshots_.empty() && pings_.empty())) wake();
}

void StoreQueue::commit(std::vector<Append>& appends) {
  std::vector<AppendRequest> requests;
  requests.reserve(appends.size());
  for (const Append& append : appends) {
    requests.push_back({*append.call.room, append.call.seq, *append.call.update});
  }
  const Time begin = worker_.now();
  std::vector<Result<void>> outcomes = store_.append(requests);
  const Time end = worker_.now();

  struct Stored {
    uint64_t room_key;
    StoreToken token;
    size_t bytes;
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
      metrics_.append.observe(end - append.queued_at);
      by_client[{append.loop, append.client}].push_back(
          {append.call.room_key, append.call.token, append.call.update->size(), std::move(outcomes[i])});
    }
  }
  for (auto& [to, stored] : by_client) {
    deliver(*to.first, [client = to.second, stored = std::move(stored)]() mutable {
      for (Stored& each : stored) {
        client->on_stored(each.room_key, each.token, each.bytes, std::move(each.outcome));
      }
    });
  }
}

// A result must not be lost. A loop whose mailbox is full is far behind: storage waits for it.
void StoreQueue::deliver(io::Loop& loop, io::Task task) {
  while (!loop.post(std::move(task))) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace symphony
