// Threads of the real world: a loop with its thread, and a worker for calls that block.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "io/loop.h"

namespace symphony::io::posix {

struct LoopOptions {
  std::string name = "loop";  // the thread's name, at most 15 characters
  size_t mailbox_max =
      1u << 16;  // tasks posted and not yet run; connections handed over are the bulk of them
  size_t read_bytes =
      128u << 10;  // one buffer a loop: no connection can hold the loop for longer than this takes
  size_t events_per_turn = 256;  // before what they queued is written
};

// An event loop on a thread of its own.
class LoopThread {
 public:
  explicit LoopThread(const LoopOptions& options);
  ~LoopThread();  // stops

  Loop& loop();
  void start();
  // Ends after the current turn and waits for the thread. What the loop handed out may be destroyed
  // afterwards.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One thread that runs blocking calls in order.
class WorkerThread final : public Executor {
 public:
  explicit WorkerThread(const std::string& name, size_t mailbox_max = 1u << 16);
  ~WorkerThread() override;  // stops

  Time now() const override;
  bool post(Task&& task) override;
  // Runs what has been posted, then ends.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace symphony::io::posix
