#include "cli/running_server.h"

#include "storage/memory/memory_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace symphony {

Result<std::unique_ptr<RunningServer>> RunningServer::start(const ServerOptions& options, size_t loops,
                                                            StaticFiles files, std::unique_ptr<Store> store) {
  std::unique_ptr<RunningServer> made(new RunningServer());
  made->store_ = std::move(store);
  std::vector<io::Loop*> loop_pointers;
  for (size_t i = 0; i < loops; ++i) {
    io::posix::LoopOptions loop_options;
    loop_options.name = "loop-" + std::to_string(i);
    made->loops_.push_back(std::make_unique<io::posix::LoopThread>(loop_options));
    loop_pointers.push_back(&made->loops_.back()->loop());
  }
  made->worker_ = std::make_unique<io::posix::WorkerThread>("storage");
  made->server_ =
      std::make_unique<Server>(options, std::move(files), loop_pointers, *made->store_, *made->worker_);
  if (auto listening = made->server_->listen(); !listening) return tl::unexpected(listening.error());
  for (const auto& loop : made->loops_) loop->start();
  return made;
}

RunningServer::~RunningServer() { stop(); }

// The worker delivers to loops, so it goes first; the server's objects go when no thread touches them any
// more.
void RunningServer::stop() {
  if (worker_) worker_->stop();
  for (const auto& loop : loops_) loop->stop();
  server_.reset();
}

Result<std::unique_ptr<Store>> open_store(const std::string& data) {
  if (data == ":memory:") return std::make_unique<MemoryStore>();
  SqliteStoreOptions options;
  options.path = data;
  auto store = SqliteStore::open(options);
  if (!store) return tl::unexpected(store.error());
  return std::unique_ptr<Store>(std::move(*store));
}

}  // namespace symphony
