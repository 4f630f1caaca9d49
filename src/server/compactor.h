// Replaces rooms' logs by snapshots, away from the event loops: reads what is stored, rebuilds the document,
// writes its state, and puts aside what the engine refuses.
//
// One document at a time is rebuilt, so the memory is that of one, whatever waits; small states gather and
// are written together, so that many rooms that close at once do not cost a commit each. At most
// `bytes_per_second` of state on average, so that a start after a long outage does not storm the store: what
// is faster waits before the next batch. What a crash interrupts is done anew: until the snapshot is current,
// the log is.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "storage/store.h"
#include "symphony/doc.h"

namespace symphony {

struct CompactorOptions {
  DocOptions doc{};
  size_t bytes_per_second = 64u << 20;  // 0: no limit
  // Of states that are written together: memory, and what the first of them waits for the last.
  size_t batch_bytes = 4u << 20;
  size_t batch_rooms = 256;
};

struct Compacted {
  size_t state_bytes = 0;
  size_t quarantined = 0;
};

// Slots up to `seq` are to be replaced by a snapshot, for the owner of `epoch`. `done` is called once, with
// the time that it took from reading the room. Errors as put_snapshots(), and as restore_document(), after
// which nothing was written.
struct Compaction {
  std::shared_ptr<const std::string> room;
  uint64_t epoch = 0;
  uint64_t seq = 0;
  std::function<void(Result<Compacted>, Duration)> done;
};

// add() and flush() block; one thread at a time.
class Compactor {
 public:
  Compactor(Store& store, const CompactorOptions& options) : store_(store), options_(options) {}

  // Reads and rebuilds the room, for the batch that flush() writes; first makes the pause that the rate asks
  // for, if the batch is empty. False: the batch is full.
  bool add(Compaction compaction);
  void flush();

  // Any thread: from now on there are no pauses, because the process ends.
  void hurry();

 private:
  using Clock = std::chrono::steady_clock;
  struct Rebuilt {
    Compaction compaction;
    Clock::time_point begun;
    Buffer state;
    std::vector<Poison> poison;
  };

  Result<Rebuilt> rebuild(const Compaction& compaction);
  void pause();
  void sweep();

  Store& store_;
  const CompactorOptions options_;
  std::vector<Rebuilt> batch_;
  size_t batch_state_bytes_ = 0;
  uint64_t compacted_ = 0;
  std::mutex mutex_;
  std::condition_variable hurried_;
  bool hurry_ = false;
  Clock::time_point next_{};  // no batch begins before
};

}  // namespace symphony
