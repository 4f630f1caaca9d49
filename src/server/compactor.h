// Replaces a room's log by a snapshot, away from the event loops: reads what is stored, rebuilds the
// document, writes its state, and puts aside what the engine refuses.
//
// One room at a time, so the memory is that of one document, whatever waits; at most `bytes_per_second` of
// state on average, so that a start after a long outage does not storm the store. What a crash interrupts is
// done anew: until the snapshot is current, the log is.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "storage/store.h"
#include "symphony/doc.h"

namespace symphony {

struct CompactorOptions {
  DocOptions doc{};
  size_t bytes_per_second = 64u << 20;  // 0: no limit
};

struct Compacted {
  size_t state_bytes = 0;
  size_t quarantined = 0;
};

class Compactor {
 public:
  Compactor(Store& store, const CompactorOptions& options) : store_(store), options_(options) {}

  // Replaces slots up to `seq` by a snapshot, for the owner of `epoch`. Blocks, also for the pause that the
  // rate asks for; one thread at a time. Errors as put_snapshot(), and as restore_document(), after which
  // nothing was written.
  Result<Compacted> compact(const std::string& room, uint64_t epoch, uint64_t seq);

  // Any thread: from now on there are no pauses, because the process ends.
  void hurry();

 private:
  void pause();
  void sweep();

  Store& store_;
  const CompactorOptions options_;
  uint64_t compacted_ = 0;
  std::mutex mutex_;
  std::condition_variable hurried_;
  bool hurry_ = false;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace symphony
