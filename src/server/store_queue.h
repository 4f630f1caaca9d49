// Storage calls leave the event loops here, and their results come back as events.
//
//   appends      of all rooms on all loops become one durable commit: while one is on its way the next
//                gathers, and commits begin at least kCommitInterval apart, so that a steady trickle from
//                many rooms does not cost one each. An edit that comes after a pause is committed at once.
//   loads        a few at a time, and never in front of a commit: a large document on its way from far away,
//                or being rebuilt, holds up nobody
//   compactions  in batches (compactor.h)
//   care         releases, pings, statistics: one at a time, in front of nobody and behind no load
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/loop.h"
#include "room/room.h"
#include "server/blocking_calls.h"
#include "server/compactor.h"
#include "server/metrics.h"
#include "storage/store.h"

namespace symphony {

using RoomName = std::shared_ptr<const std::string>;

// Who gets results, on its own loop. `room_key` is what the call came with.
class StoreClient {
 public:
  virtual ~StoreClient() = default;
  virtual void on_loaded(uint64_t room_key, const RoomName& room, Loaded loaded) = 0;
  virtual void on_stored(uint64_t room_key, StoreToken token, Result<void> outcome) = 0;
  virtual void on_compacted(uint64_t room_key, StoreToken token, Result<size_t> state_bytes) = 0;
};

struct AppendCall {
  uint64_t room_key;
  RoomName room;
  StoreToken token;
  uint64_t epoch;
  uint64_t seq;
  SharedBuffer update;
};

// The threads on which storage calls are made, each of its own. They outlive the queue's last call.
struct StoreWorkers {
  io::Executor* commits = nullptr;
  std::vector<io::Executor*> loads;
  io::Executor* compactions = nullptr;
  io::Executor* care = nullptr;  // what must not wait for a load: releases, pings, statistics
  io::Executor* lease = nullptr;

  std::vector<io::Executor*> all() const {
    std::vector<io::Executor*> workers = loads;
    workers.insert(workers.end(), {commits, compactions, care, lease});
    return workers;
  }
};

class StoreQueue {
 public:
  // `store` outlives the queue's last call. Clients outlive the workers.
  StoreQueue(Store& store, const StoreWorkers& workers, const CompactorOptions& compaction);

  // Any loop. `loop` is where `client` lives. load() carries out a room's Load.
  void load(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room, const Load& load);
  void append(io::Loop& loop, StoreClient& client, std::vector<AppendCall> calls);
  void compact(io::Loop& loop, StoreClient& client, uint64_t room_key, RoomName room, const Compact& compact);
  // Lets the room go. `epoch` 0: a take failed and may have happened all the same, so it is taken for certain
  // first. `retry` runs on `loop` if that fails for now, with the epoch if it is known.
  void release(io::Loop& loop, RoomName room, uint64_t epoch, std::function<void(uint64_t epoch)> retry);
  // Nobody waits for it: a failure is counted.
  void record_connections(std::vector<ConnectionRecord> connections);
  // Whoever asks while a ping waits shares its answer.
  void ping(io::Loop& loop, std::function<void(Result<void>)> done);

  // Any thread: every worker gives back its free memory when it has nothing else to do; with `caches`, the
  // store what it keeps only to be faster.
  void give_back_memory(bool caches);

  // Any thread: the process ends, compactions make no pauses from now on.
  void hurry() { compactor_.hurry(); }

  // Any thread.
  StoreMetrics metrics() const;

 private:
  struct Append {
    io::Loop* loop;
    StoreClient* client;
    AppendCall call;
    Time queued_at;
  };

  void wake();
  void run();  // the commits' worker: one round
  void commit(std::vector<Append>& appends);
  void wake_compactor();  // with mutex_ held
  void run_compactions();
  void deliver(io::Loop& loop, io::Task task);

  Store& store_;
  const StoreWorkers workers_;
  io::Executor& commits_;
  const DocOptions doc_options_;
  BlockingCalls loads_;
  io::Executor& compactor_worker_;
  BlockingCalls care_;
  Compactor compactor_;
  // Asked for and not carried out yet: to give back memory, and the store's caches with it.
  std::atomic<bool> giving_back_ = false;
  std::atomic<bool> trimming_ = false;
  std::atomic<int64_t> forgotten_until_ =
      0;  // connections older than this were forgotten, in Unix milliseconds
  mutable std::mutex mutex_;
  std::deque<Append> appends_;
  std::deque<Compaction> compactions_;
  std::vector<std::pair<io::Loop*, std::function<void(Result<void>)>>> pings_;  // who waits for the next one
  bool running_ = false;     // a round of commits is posted or under way
  bool compacting_ = false;  // likewise of compactions
  StoreMetrics metrics_;
};

}  // namespace symphony
