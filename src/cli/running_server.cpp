#include "cli/running_server.h"

#include "server/log.h"

namespace symphony {
namespace {

// Rooms whose documents are fetched at the same time: enough to hide the way to a far store, few enough for
// its connections.
constexpr size_t kLoadWorkers = 4;

}  // namespace

Result<std::unique_ptr<RunningServer>> RunningServer::start(const ServerOptions& options, size_t loops,
                                                            StaticFiles files, OpenedStore store) {
  std::unique_ptr<RunningServer> made(new RunningServer());
  made->store_ = std::move(store);
  std::vector<io::Loop*> loop_pointers;
  for (size_t i = 0; i < loops; ++i) {
    io::posix::LoopOptions loop_options;
    loop_options.name = "loop-" + std::to_string(i);
    made->loops_.push_back(std::make_unique<io::posix::LoopThread>(loop_options));
    loop_pointers.push_back(&made->loops_.back()->loop());
  }
  const auto worker = [&](const std::string& name) {
    return made->workers_.emplace_back(std::make_unique<io::posix::WorkerThread>(name)).get();
  };
  StoreWorkers workers;
  workers.commits = worker("commits");
  for (size_t i = 0; i < kLoadWorkers; ++i) workers.loads.push_back(worker("load-" + std::to_string(i)));
  workers.compactions = worker("compaction");
  workers.care = worker("care");
  workers.lease = worker("lease");
  made->server_ =
      std::make_unique<Server>(options, std::move(files), loop_pointers, *made->store_.store, workers);
  if (auto listening = made->server_->listen(); !listening) return tl::unexpected(listening.error());
  for (const auto& loop : made->loops_) loop->start();
  return made;
}

RunningServer::~RunningServer() { stop(); }

// The lease ends first, so that nobody waits for what the workers still do; and once more at the end, because
// a room that was being taken extends it. The workers deliver to loops, so they go before those; the server's
// objects go when no thread touches them any more.
void RunningServer::stop() {
  if (!server_) return;
  server_->hurry();
  static_cast<void>(store_.store->retire());
  for (const auto& worker : workers_) worker->stop();
  for (const auto& loop : loops_) loop->stop();
  server_.reset();
  if (const auto retired = store_.store->retire(); !retired) {
    log_line(LogLevel::kWarning,
             "ending the lease failed, so rooms move to other servers only when it has run out: " +
                 retired.error().message);
  }
}

}  // namespace symphony
