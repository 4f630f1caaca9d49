#include "server/server.h"

#include "base/prng.h"
#include "server/log.h"

namespace symphony {
namespace {

// After a drain has stored everything, for clients to hear why they are closed. They hang up at once when
// they have.
constexpr Duration kFarewell = std::chrono::seconds(1);

// Which loop has a room is nobody's business outside, and the same for the whole life of the process.
uint64_t hash_of(std::string_view text, uint64_t seed) {
  uint64_t hash = Prng::mix(seed);
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return Prng::mix(hash);
}

CompactorOptions compaction_of(const ServerOptions& options) {
  CompactorOptions compaction{options.room.doc, options.compaction_bytes_per_second};
  compaction.doc.seed = Prng::mix(options.seed);  // what peers choose the keys of is hashed with a secret
  return compaction;
}

}  // namespace

Server::Server(ServerOptions options, StaticFiles files, std::vector<io::Loop*> loops, Store& store,
               const StoreWorkers& workers)
    : options_(std::move(options)),
      files_(std::move(files)),
      admission_(options_.connections_max, options_.connections_per_ip_max),
      store_(store, workers, compaction_of(options_)),
      lease_(store, options_.lease, *loops.front(), *workers.lease, [this] { on_lease_lapsed(); }) {
  const size_t rooms_max = (options_.rooms_max + loops.size() - 1) / loops.size();
  for (size_t i = 0; i < loops.size(); ++i) {
    shards_.push_back(std::make_unique<Shard>(i, *loops[i], static_cast<ServerServices&>(*this), store_,
                                              rooms_max, Prng::mix(options_.seed + i)));
  }
}

Server::~Server() = default;

Result<void> Server::listen() {
  auto opened = shards_.front()->loop().listen(
      options_.host, options_.port,
      [this](std::unique_ptr<io::Socket> socket) { on_accept(std::move(socket)); });
  if (!opened) return tl::unexpected(opened.error());
  listener_ = std::move(*opened);
  lease_.start();
  return {};
}

void Server::on_lease_lapsed() {
  for (const auto& shard : shards_) {
    post_surely(shards_.front()->loop(), shard->loop(),
                [shard = shard.get()] { shard->rooms().on_lease_lapsed(); });
  }
}

void Server::on_accept(std::unique_ptr<io::Socket> socket) {
  auto ticket = admission_.admit(socket->remote_ip());
  Shard& shard = *shards_[next_shard_++ % shards_.size()];
  // A loop whose mailbox is full has no time for another connection: dropping the task closes it.
  shard.loop().post([&shard, socket = std::move(socket), ticket = std::move(ticket)]() mutable {
    shard.accept(std::move(socket), std::move(ticket));
  });
}

Shard& Server::shard_of(const std::string& room) {
  return *shards_[hash_of(room, options_.seed) % shards_.size()];
}

void Server::hand_over(Upgraded upgraded) {
  Shard& shard = shard_of(upgraded.room);
  shard.loop().post([&shard, upgraded = std::move(upgraded)]() mutable { shard.adopt(std::move(upgraded)); });
}

void Server::post_surely(io::Loop& from, io::Loop& to, io::Task task) {
  if (to.post(std::move(task))) return;
  from.defer([&from, &to, task = std::move(task)]() mutable { post_surely(from, to, std::move(task)); });
}

void Server::collect_metrics(Shard& asking, std::function<void(std::string)> done) {
  struct Scrape {
    ServerMetrics metrics;
    size_t missing;
    std::function<void(std::string)> done;
  };
  auto scrape = std::make_shared<Scrape>();  // touched on the asking loop only
  scrape->metrics.loops.resize(shards_.size());
  scrape->missing = shards_.size();
  scrape->done = std::move(done);
  for (const auto& shard : shards_) {
    post_surely(asking.loop(), shard->loop(), [this, scrape, shard = shard.get(), &asking] {
      const bool first = shard->index() == 0;  // the lease keeper's loop
      post_surely(shard->loop(), asking.loop(),
                  [this, scrape, index = shard->index(), metrics = shard->metrics(),
                   lease = first ? lease_.metrics() : LeaseMetrics{}, first] {
                    scrape->metrics.loops[index] = metrics;
                    if (first) scrape->metrics.lease = lease;
                    if (--scrape->missing != 0) return;
                    scrape->metrics.store = store_.metrics();
                    scrape->metrics.admission = admission_.metrics();
                    scrape->done(format_metrics(scrape->metrics, options_.version));
                  });
    });
  }
}

void Server::check_ready(Shard& asking, std::function<void(Result<void>)> done) {
  if (draining()) return done(fail(Code::kUnavailable, "the server is shutting down"));
  store_.ping(asking.loop(), std::move(done));
}

void Server::drain(std::function<void(bool stored)> done) {
  draining_ = true;
  store_.hurry();
  io::Loop& first = shards_.front()->loop();
  io::Task begin = [this, &first, done = std::move(done)]() mutable {
    listener_.reset();
    drained_ = std::move(done);
    shards_storing_ = shards_draining_ = shards_.size();
    drain_timer_ = first.make_timer([this] {
      if (drained_) std::exchange(drained_, nullptr)(shards_storing_ == 0);
    });
    drain_timer_->set(first.now() + options_.drain_timeout);
    for (const auto& shard : shards_) {
      post_surely(first, shard->loop(), [this, &first, shard = shard.get()] {
        const auto stored = [this, &first, shard] {
          post_surely(shard->loop(), first, [this, &first] {
            if (--shards_storing_ == 0) drain_timer_->set(first.now() + kFarewell);
          });
        };
        const auto ended = [this, &first, shard] {
          post_surely(shard->loop(), first, [this] {
            if (--shards_draining_ == 0 && drained_) std::exchange(drained_, nullptr)(true);
          });
        };
        shard->drain(stored, ended);
      });
    }
  };
  while (!first.post(std::move(begin))) {
  }
}

}  // namespace symphony
