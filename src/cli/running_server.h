// A Server with everything under it: loops on threads, the storage workers, the store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/stores.h"
#include "io/posix/threads.h"
#include "server/server.h"

namespace symphony {

class RunningServer {
 public:
  // Listens and serves at once. The error is one line for the operator.
  static Result<std::unique_ptr<RunningServer>> start(const ServerOptions& options, size_t loops,
                                                      StaticFiles files, OpenedStore store);
  ~RunningServer();  // stops

  uint16_t port() const { return server_->port(); }

  // As Server::drain: any thread, once; `done` runs on a loop and must not stop the server itself.
  void drain(std::function<void(bool stored)> done) { server_->drain(std::move(done)); }

  // Ends all threads, and this owner's lease. What was not stored is lost: drain first.
  void stop();

 private:
  RunningServer() = default;

  OpenedStore store_;
  std::vector<std::unique_ptr<io::posix::WorkerThread>> workers_;
  std::vector<std::unique_ptr<io::posix::LoopThread>> loops_;
  std::unique_ptr<Server> server_;
};
}  // namespace symphony
