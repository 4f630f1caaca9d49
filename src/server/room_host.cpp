#include "server/room_host.h"

#include <algorithm>

#include "base/prng.h"
#include "server/log.h"
#include "server/memory.h"
#include "storage/errors.h"

namespace symphony {
namespace {

constexpr Duration kTimerGrid = std::chrono::milliseconds(5);
// When storage is down every room fails again and again: one line says it.
constexpr Duration kFailureLineEvery = std::chrono::seconds(5);

Time round_up(Time at) {
  const Duration past = at.time_since_epoch() % kTimerGrid;
  return past == Duration::zero() ? at : at + (kTimerGrid - past);
}

}  // namespace

struct RoomHost::Hosted {
  Hosted(uint64_t room_key, const std::string& id, const RoomOptions& options, uint64_t seed)
      : key(room_key), name(std::make_shared<const std::string>(id)), room(id, options, seed) {}

  const uint64_t key;
  const RoomName name;
  Room room;
  bool loading = true;
  bool gone = false;
  Time scheduled = kNever;   // of this room's newest entry in the heap
  std::vector<PeerId> held;  // peers that are not read
};

RoomHost::RoomHost(io::Loop& loop, StoreQueue& store, const ServerOptions& options, size_t rooms_max,
                   uint64_t seed, LoopMetrics& metrics)
    : loop_(loop),
      store_(store),
      options_(options),
      rooms_max_(rooms_max),
      next_seed_(seed),
      metrics_(metrics),
      timer_(loop.make_timer([this] { on_timer(); })) {}

RoomHost::~RoomHost() = default;

RoomHost::Hosted* RoomHost::find(uint64_t room_key) {
  const auto found = rooms_.find(room_key);
  return found == rooms_.end() ? nullptr : found->second.get();
}

RoomHost::Hosted* RoomHost::find_or_make(const std::string& room) {
  if (const auto found = by_name_.find(room); found != by_name_.end()) return found->second;
  if (rooms_.size() >= rooms_max_) return nullptr;
  const uint64_t key = next_key_++;
  auto made = std::make_unique<Hosted>(key, room, options_.room, Prng::mix(next_seed_++));
  Hosted* hosted = made.get();
  rooms_.emplace(key, std::move(made));
  by_name_.emplace(*hosted->name, hosted);
  return hosted;
}

Result<void> RoomHost::join(const std::string& room, PeerId peer, PeerConnection& connection,
                            const PeerOptions& options) {
  if (draining_) return fail(Code::kUnavailable, "the server is shutting down; try again in a moment");
  Hosted* hosted = find_or_make(room);
  if (hosted == nullptr) {
    return fail(Code::kUnavailable,
                "this server already holds as many rooms as it may (--rooms-max); try again later");
  }
  members_.emplace(peer, Member{hosted, &connection});
  connections_.push_back({room, storage::unix_ms()});
  // What a client sends before its room is loaded waits in its socket.
  if (hosted->loading) hold(*hosted, peer, connection);
  hosted->room.on_open(peer, options, loop_.now());
  settle(*hosted);
  return {};
}

void RoomHost::leave(PeerId peer) {
  const auto found = members_.find(peer);
  if (found == members_.end()) return;
  Hosted& hosted = *found->second.hosted;
  members_.erase(found);
  hosted.room.on_close(peer, loop_.now());
  settle(hosted);
}

Result<void> RoomHost::message(PeerId peer, Bytes bytes) {
  const auto found = members_.find(peer);
  if (found == members_.end()) return {};
  const Member member = found->second;
  Hosted& hosted = *member.hosted;
  Result<void> outcome = hosted.room.on_message(peer, bytes, loop_.now());
  if (!outcome) {
    members_.erase(peer);
    hosted.room.on_close(peer, loop_.now());
  } else if (hosted.room.unstored_bytes() > options_.unstored_high_bytes) {
    ++metrics_.holds;
    hold(hosted, peer, *member.connection);
  }
  settle(hosted);
  return outcome;
}

void RoomHost::backlog(PeerId peer, bool over) {
  const auto found = members_.find(peer);
  if (found == members_.end()) return;
  Hosted& hosted = *found->second.hosted;
  hosted.room.on_backlog(peer, over, loop_.now());
  settle(hosted);
}

void RoomHost::hold(Hosted& hosted, PeerId peer, PeerConnection& connection) {
  hosted.held.push_back(peer);
  connection.hold(true);
}

void RoomHost::release_held(Hosted& hosted) {
  for (const PeerId peer : std::exchange(hosted.held, {})) {
    const auto found = members_.find(peer);
    if (found != members_.end()) found->second.connection->hold(false);
  }
}

void RoomHost::on_loaded(uint64_t room_key, const RoomName& room, Loaded loaded) {
  Hosted* hosted = find(room_key);
  if (hosted == nullptr) {
    if (loaded.epoch != 0) release(room, loaded.epoch);  // nobody waited for it
    return;
  }
  if (loaded.holder) {
    log_line(LogLevel::kInfo,
             "a room is held by another server: " + *loaded.holder + " room=" + in_quotes(*hosted->name));
  } else if (!loaded.room) {
    log_failure(*hosted, "loading", loaded.room.error());
  }
  hosted->loading = !loaded.room;
  hosted->room.on_loaded(std::move(loaded), loop_.now());
  if (!hosted->loading) release_held(*hosted);
  for (const Poison& poison : hosted->room.poison()) {
    log_line(LogLevel::kError,
             "a stored update is refused by the engine and left out, the rest is served: " + poison.reason +
                 " room=" + in_quotes(*hosted->name) + " seq=" + std::to_string(poison.seq));
  }
  settle(*hosted);
}

void RoomHost::on_stored(uint64_t room_key, StoreToken token, Result<void> outcome) {
  Hosted* hosted = find(room_key);
  if (hosted == nullptr) return;
  if (!outcome) log_failure(*hosted, "storing", outcome.error());
  hosted->room.on_stored(token, std::move(outcome), loop_.now());
  if (!hosted->loading && hosted->room.unstored_bytes() <= options_.unstored_high_bytes / 2)
    release_held(*hosted);
  settle(*hosted);
}

void RoomHost::on_compacted(uint64_t room_key, StoreToken token, Result<size_t> state_bytes) {
  Hosted* hosted = find(room_key);
  if (hosted == nullptr) return;
  if (!state_bytes) log_failure(*hosted, "compacting", state_bytes.error());
  hosted->room.on_compacted(token, std::move(state_bytes), loop_.now());
  settle(*hosted);
}

void RoomHost::on_lease_lapsed() {
  for (const uint64_t key : room_keys()) {
    Hosted& hosted = *find(key);
    hosted.room.on_lease_lapsed(loop_.now());
    settle(hosted);
  }
}

void RoomHost::release(const RoomName& room, uint64_t epoch) {
  store_.release(loop_, room, epoch, [this, room](uint64_t held) { unreleased_.emplace_back(room, held); });
}

void RoomHost::on_tick() {
  for (const auto& [room, epoch] : std::exchange(unreleased_, {})) {
    if (!by_name_.contains(*room)) release(room, epoch);  // else taking it anew ends that epoch
  }
  if (!connections_.empty()) store_.record_connections(std::exchange(connections_, {}));
  if (std::exchange(freed_, false)) {
    give_back_memory();
    store_.give_back_memory(rooms_.empty());
  }
}

void RoomHost::settle(Hosted& hosted) {
  while (auto effect = hosted.room.poll()) carry_out(hosted, *effect);
  if (hosted.gone) return erase(hosted);
  schedule(hosted);
}

void RoomHost::carry_out(Hosted& hosted, Effect& effect) {
  if (auto* send = std::get_if<Send>(&effect)) {
    const auto found = members_.find(send->peer);
    if (found == members_.end()) return;
    ++metrics_.messages_sent;
    metrics_.sent_bytes += send->frame->size();
    found->second.connection->send(std::move(send->frame));
  } else if (auto* append = std::get_if<Append>(&effect)) {
    if (appends_.empty()) loop_.defer([this] { submit_appends(); });
    appends_.push_back(
        {hosted.key, hosted.name, append->token, append->epoch, append->seq, std::move(append->update)});
  } else if (const auto* close = std::get_if<Close>(&effect)) {
    const auto found = members_.find(close->peer);
    if (found == members_.end()) return;
    PeerConnection* connection = found->second.connection;
    members_.erase(found);
    hosted.room.on_close(close->peer, loop_.now());
    connection->close(close->code, close->reason);
  } else if (const auto* load = std::get_if<Load>(&effect)) {
    hosted.loading = true;
    store_.load(loop_, *this, hosted.key, hosted.name, *load);
  } else if (const auto* compact = std::get_if<Compact>(&effect)) {
    store_.compact(loop_, *this, hosted.key, hosted.name, *compact);
  } else if (const auto* gone = std::get_if<Gone>(&effect)) {
    if (gone->epoch != 0) release(hosted.name, gone->epoch);
    // Found out later: the room may be asked for again meanwhile, and that decides.
    if (gone->unsure) unreleased_.emplace_back(hosted.name, 0);
    hosted.gone = true;
  }
}

void RoomHost::submit_appends() { store_.append(loop_, *this, std::exchange(appends_, {})); }

void RoomHost::erase(Hosted& hosted) {
  const RoomStats stats = hosted.room.stats();
  gone_.updates_applied += stats.updates_applied;
  gone_.updates_refused += stats.updates_refused;
  gone_.storage_failures += stats.storage_failures;
  gone_.poisoned_updates += stats.poisoned_updates;
  by_name_.erase(*hosted.name);
  rooms_.erase(hosted.key);
  freed_ = true;
  if (draining_ && rooms_.empty() && drained_) std::exchange(drained_, nullptr)();
}

void RoomHost::drain(std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  on_tick();
  for (const uint64_t key : room_keys()) {
    Hosted& hosted = *find(key);
    hosted.room.on_drain(loop_.now());
    settle(hosted);
  }
  if (rooms_.empty() && drained_) std::exchange(drained_, nullptr)();
}

std::vector<uint64_t> RoomHost::room_keys() const {
  std::vector<uint64_t> keys;
  keys.reserve(rooms_.size());
  for (const auto& [key, hosted] : rooms_) keys.push_back(key);
  return keys;
}

// A room's entry in the heap may be earlier than its deadline has become: then it is looked at in vain, once.
// It is never later, and there is at most one entry a room that counts.
void RoomHost::schedule(Hosted& hosted) {
  const Time deadline = hosted.room.next_deadline();
  if (deadline == kNever) return;
  const Time at = round_up(deadline);
  if (at >= hosted.scheduled) return;
  hosted.scheduled = at;
  deadlines_.push({at, hosted.key});
  if (at < timer_at_) {
    timer_at_ = at;
    timer_->set(at);
  }
}

void RoomHost::on_timer() {
  timer_at_ = kNever;
  const Time now = loop_.now();
  while (!deadlines_.empty() && deadlines_.top().at <= now) {
    const Deadline due = deadlines_.top();
    deadlines_.pop();
    Hosted* hosted = find(due.room_key);
    if (hosted == nullptr || hosted->scheduled != due.at) continue;
    hosted->scheduled = kNever;
    if (hosted->room.next_deadline() <= now) {
      const bool rested = hosted->room.rests();
      hosted->room.on_deadline(now);
      freed_ |= hosted->room.rests() && !rested;
    }
    settle(*hosted);
  }
  if (!deadlines_.empty() && deadlines_.top().at < timer_at_) {
    timer_at_ = deadlines_.top().at;
    timer_->set(timer_at_);
  }
}

void RoomHost::add_metrics(LoopMetrics& to) const {
  to.rooms += rooms_.size();
  to.peers += members_.size();
  to.updates_applied += gone_.updates_applied;
  to.updates_refused += gone_.updates_refused;
  to.storage_failures += gone_.storage_failures;
  to.poisoned_updates += gone_.poisoned_updates;
  for (const auto& [key, hosted] : rooms_) {
    const RoomStats stats = hosted->room.stats();
    to.presence_clients += stats.presence_clients;
    to.document_bytes += stats.document_bytes;
    to.unstored_updates += stats.unstored_updates;
    to.updates_applied += stats.updates_applied;
    to.updates_refused += stats.updates_refused;
    to.storage_failures += stats.storage_failures;
    to.poisoned_updates += stats.poisoned_updates;
    to.troubled_rooms += hosted->room.storage_error().empty() ? 0 : 1;
  }
}

void RoomHost::log_failure(const Hosted& hosted, const char* what, const Error& error) {
  if (loop_.now() < next_failure_line_) return;
  next_failure_line_ = loop_.now() + kFailureLineEvery;
  log_line(row_of(error.code).log_level,
           std::string(what) + " a room failed: " + error.message + " room=" + in_quotes(*hosted.name));
}

}  // namespace symphony
