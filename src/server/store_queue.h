// Storage calls leave the event loops here, and their results come back as events.
//
// One worker makes the calls, because a Store takes one thread at a time. All appends that wait, of all rooms
// on all loops, become one durable commit: while a commit is on its way to the disk the next one gathers, and
// commits begin at least kCommitInterval apart, so that a steady trickle from many rooms does not cost one
// each. An edit that comes after a pause is committed at once. Loads and snapshots go between commits, one
// each, so that none of them waits for long.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/loop.h"
#include "room/room.h"
#include "server/metrics.h"
#include "storage/store.h"

namespace symphony {

using RoomName = std::shared_ptr<const std::string>;

// Who gets results, on its own loop. `room_key` is what the call came with.
class StoreClient {
 public:
  virtual ~StoreClient() = default;
  virtual void on_loaded(uint64_t room_key, Result<StoredRoom> stored) = 0;
  virtual void on_stored(uint64_t room_key, StoreToken token, size_t bytes, Result<void> outcome) = 0;
};

struct AppendCall {
  uint64_t room_key;
  RoomName room;
  StoreToken token;
  uint64_t seq;
  SharedBuffer update;
};

class StoreQueue {
 public:
  // `store` and `worker` outlive the queue's last call. Clients outlive the worker.
  StoreQueue(Store& store, io::Executor& worker);

  // Any loop. `loop` is where `client` lives.
  void load(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room);
  void append(io::Loop& loop, StoreClient& client, std::vector<AppendCall> calls);
  void put_snapshot(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room,
                    const Snapshot& snapshot);
  void ping(io::Loop& loop, std::function<void(Result<void>)> done);

  // Any thread.
  StoreMetrics metrics() const;

 private:
  struct Append {
    io::Loop* loop;
    StoreClient* client;
    AppendCall call;
    Time queued_at;
  };
  using Call = std::function<void()>;  // made by the worker, delivers by itself

  void wake();  // with mutex_ held
  void run();   // the worker: one round
  void commit(std::vector<Append>& appends);
  void deliver(io::Loop& loop, io::Task task);

  Store& store_;
  io::Executor& worker_;
  Time next_commit_{};  // not before then; the worker's own
  mutable std::mutex mutex_;
  std::condition_variable arrived_;  // something else than an append
  std::deque<Append> appends_;
  std::deque<Call> loads_;
  std::deque<Call> snapshots_;
  std::deque<Call> pings_;
  bool running_ = false;  // a round is posted or under way
  StoreMetrics metrics_;
};

}  // namespace symphony
