#include "room/room.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "room/restore.h"
#include "room/room_impl.h"

namespace symphony {
namespace {

// Above it, laying the document to rest would hold up the loop for longer than other rooms should notice.
constexpr size_t kRestBytesMax = 16u << 20;
constexpr size_t kRestBytesPerSecond = 1u << 20;

constexpr uint64_t kFinalTries = 3;  // of a snapshot; then a closing room leaves its log, which is as safe

DocOptions doc_options(const RoomOptions& options, uint64_t seed) {
  DocOptions doc = options.doc;
  doc.seed = seed;
  return doc;
}

}  // namespace

Room::Impl::Impl(std::string room_id, const RoomOptions& room_options, uint64_t seed)
    : id(std::move(room_id)),
      options(room_options),
      prng(seed),
      doc(doc_options(room_options, prng.next())),
      log(options, effects, prng),
      presence(options, prng.next()),
      load_backoff(options.store_retry_min, options.store_retry_max) {
  load_in_flight = true;
  effects.push(Load{0, false});
}

// --- peers

void Room::Impl::on_open(PeerId peer_id, const PeerOptions& peer_options, Time now) {
  ASSERT(peers.find(peer_id) == nullptr);
  const auto refuse_open = [&](Code code, const char* reason) {
    effects.push(Close{peer_id, row_of(code).close_code, reason});
  };
  if (state == RoomState::kGone || draining)
    return refuse_open(Code::kConflict, "the room is closing; reconnect");
  if (peers.size() >= options.peers_max)
    return refuse_open(Code::kUnavailable, "the room is full; try again later");

  if (state == RoomState::kClosing) state = RoomState::kLive;
  close_at = kNever;
  Peer& peer = peers.insert(peer_id);
  peer.options = peer_options;
  peer.last_sent = now;
  peer.missing = true;
  presence.open(peer_id);
  keep_alive_at = std::min(keep_alive_at, now + options.keep_alive);
  if (state == RoomState::kLive) catch_up(peer, now);
}

void Room::Impl::on_close(PeerId peer_id, Time now) {
  if (peers.find(peer_id) == nullptr) return;
  forget(peer_id, now);
  settle();
}

void Room::Impl::forget(PeerId peer_id, Time now) {
  if (state == RoomState::kLoading) held_bytes -= peers.find(peer_id)->state_vector.size();
  peers.erase(peer_id);
  presence.close(peer_id, now);
  schedule_presence(now);
  if (!peers.empty()) return;
  close_at = now + options.grace;
  keep_alive_at = kNever;
}

void Room::Impl::refuse(PeerId peer_id, const Error& error, Time now) {
  effects.push(Close{peer_id, row_of(error.code).close_code, error.message});
  forget(peer_id, now);
}

void Room::Impl::close_all(Code code, const std::string& reason, Time now) {
  for (const Peer& peer : peers) {
    effects.push(Close{peer.id, row_of(code).close_code, reason});
    presence.close(peer.id, now);
  }
  peers.clear();
  schedule_presence(now);
  keep_alive_at = kNever;
}

// --- loading

void Room::Impl::on_loaded(Loaded loaded, Time now) {
  if (!load_in_flight || state != RoomState::kLoading) return;
  load_in_flight = false;
  epoch = loaded.epoch;
  take_failed = epoch == 0 && !loaded.holder;
  if (loaded.holder) return lose_room(now);
  if (!loaded.room) {
    ++load_failures;
    load_error = loaded.room.error().message;
    load_retry_at = now + load_backoff.next(prng);
    return;
  }
  load_error.clear();
  doc = std::move(loaded.room->doc);
  poison = std::move(loaded.room->poison);
  log.start(epoch, loaded.room->log, !poison.empty());
  if (std::exchange(lapsed_while_loading, false)) log.append(share(Buffer()));
  edited(now);
  go_live(now);
  settle();
}

// What was held comes first, so that one answer to each peer's sync step 1 brings everything.
void Room::Impl::go_live(Time now) {
  state = RoomState::kLive;
  const std::vector<Held> play = std::move(held);
  held.clear();
  held_bytes = 0;
  for (const Held& message : play) {
    const auto ok = take_update(message.from, message.update, message.documents, now);
    if (!ok && peers.find(message.from) != nullptr) refuse(message.from, ok.error(), now);
  }
  for (Peer& peer : peers) catch_up(peer, now);
  presence.take_delta();  // everybody has just been told everything
}

// --- storage

void Room::Impl::on_stored(StoreToken token, const Result<void>& outcome, Time now) {
  if (state != RoomState::kGone) act_on(log.on_stored(token, outcome, now), now);
}

void Room::Impl::on_compacted(StoreToken token, const Result<size_t>& state_bytes, Time now) {
  if (state != RoomState::kGone) act_on(log.on_compacted(token, state_bytes, now), now);
}

void Room::Impl::act_on(UpdateLog::Outcome outcome, Time now) {
  if (outcome == UpdateLog::Outcome::kLost) return lose_room(now);
  if (outcome == UpdateLog::Outcome::kDurable) pay_all(now);
  settle();
}

void Room::Impl::on_lease_lapsed(Time) {
  if (state == RoomState::kLoading) lapsed_while_loading = true;
  if (state == RoomState::kLive || state == RoomState::kClosing) log.append(share(Buffer()));
}

// Somebody else owns the room now. What was not acknowledged is with the clients, who bring it to the new
// owner.
void Room::Impl::lose_room(Time now) {
  close_all(Code::kConflict, "the room is served elsewhere now; reconnect", now);
  end();
}

// --- closing

void Room::Impl::on_drain(Time now) {
  if (state == RoomState::kGone) return;
  draining = true;
  close_all(Code::kConflict, "the server restarts; reconnect", now);
  start_closing(now);
  settle();
}

void Room::Impl::end() {
  state = RoomState::kGone;
  effects.push(Gone{epoch, epoch == 0 && (load_in_flight || take_failed)});
}

void Room::Impl::start_closing(Time now) {
  close_at = kNever;
  // Updates that came while loading were never promised anything; but as long as the room may wait, it does.
  if (state == RoomState::kLoading && !held.empty() && !draining) {
    close_at = now + options.grace;
    return;
  }
  if (state == RoomState::kLoading) {
    end();
    return;
  }
  state = RoomState::kClosing;
  if (log.worth_compacting()) lay_to_rest();  // others may be before it
}

// --- rest

void Room::Impl::edited(Time now) {
  edited_at = now;
  rest_at = std::min(rest_at, now + options.rest_after);
}

// Looks at the document when the shortest time is over, not at each edit.
void Room::Impl::rest_if_due(Time now) {
  if (now < rest_at) return;
  rest_at = kNever;
  if (state != RoomState::kLive) return;
  const size_t bytes = doc.memory_bytes();
  const Time due = edited_at + options.rest_after + std::chrono::seconds(bytes / kRestBytesPerSecond);
  if (now < due) {
    rest_at = due;
  } else {
    lay_to_rest();
  }
}

// Not if something waits for updates that are missing.
void Room::Impl::lay_to_rest() {
  effects.trim();
  log.trim();
  presence.trim();
  if (doc.memory_bytes() <= kRestBytesMax) doc.rest(Doc::Rest::kQuickest);
}

void Room::Impl::settle() {
  if (state != RoomState::kLive && state != RoomState::kClosing) return;
  const bool closing = state == RoomState::kClosing;
  if (closing && !log.all_durable()) return;
  // A drain does not wait for a snapshot: the log is as safe, and the next start will not take long for it.
  const bool wanted = closing ? !draining && log.worth_compacting() && log.compaction_failures() < kFinalTries
                              : log.compaction_due();
  if (wanted && log.compaction_possible()) log.compact();
  if (!closing || wanted || (log.compaction_in_flight() && !draining)) return;
  end();
}

// --- time

void Room::Impl::on_deadline(Time now) {
  if (state == RoomState::kGone) return;
  if (now >= load_retry_at) {
    load_retry_at = kNever;
    load_in_flight = true;
    effects.push(Load{epoch, true});
  }
  log.on_deadline(now);
  presence.expire(now);
  schedule_presence(now);
  if (now >= presence_at) send_presence(now);
  if (now >= keep_alive_at) send_keep_alives(now);
  if (now >= close_at) start_closing(now);
  rest_if_due(now);
  settle();
}

Time Room::Impl::next_deadline() const {
  if (state == RoomState::kGone) return kNever;
  return std::min({load_retry_at, log.next_deadline(), presence.next_expiry(), presence_at, keep_alive_at,
                   close_at, rest_at});
}

void Room::Impl::send_keep_alives(Time now) {
  keep_alive_at = kNever;
  for (Peer& peer : peers) {
    if (peer.last_sent + options.keep_alive <= now) {
      if (!peer.backlogged) effects.push(Send{peer.id, keep_alive_frame()});
      peer.last_sent = now;
    }
    keep_alive_at = std::min(keep_alive_at, peer.last_sent + options.keep_alive);
  }
}

// --- the public face

Room::Room(std::string id, const RoomOptions& options, uint64_t seed)
    : impl_(std::make_unique<Impl>(std::move(id), options, seed)) {}
Room::~Room() = default;

const std::string& Room::id() const { return impl_->id; }
void Room::on_open(PeerId peer, const PeerOptions& options, Time now) { impl_->on_open(peer, options, now); }
void Room::on_close(PeerId peer, Time now) { impl_->on_close(peer, now); }
Result<void> Room::on_message(PeerId peer, Bytes message, Time now) {
  return impl_->on_message(peer, message, now);
}
void Room::on_loaded(Loaded loaded, Time now) { impl_->on_loaded(std::move(loaded), now); }
void Room::on_stored(StoreToken token, Result<void> outcome, Time now) {
  impl_->on_stored(token, outcome, now);
}
void Room::on_compacted(StoreToken token, Result<size_t> state_bytes, Time now) {
  impl_->on_compacted(token, state_bytes, now);
}
void Room::on_lease_lapsed(Time now) { impl_->on_lease_lapsed(now); }
void Room::on_backlog(PeerId peer, bool over, Time now) { impl_->on_backlog(peer, over, now); }
void Room::on_drain(Time now) { impl_->on_drain(now); }
void Room::on_deadline(Time now) { impl_->on_deadline(now); }
Time Room::next_deadline() const { return impl_->next_deadline(); }
std::optional<Effect> Room::poll() { return impl_->effects.poll(); }

RoomStats Room::stats() const {
  const Impl& room = *impl_;
  RoomStats stats;
  stats.state = room.state;
  stats.peers = room.peers.size();
  stats.presence_clients = room.presence.size();
  stats.document_bytes = room.doc.memory_bytes();
  stats.unstored_updates = room.log.unstored_updates();
  stats.log_entries = room.log.updates();
  stats.log_bytes = room.log.bytes();
  stats.updates_applied = room.updates_applied;
  stats.updates_refused = room.updates_refused;
  stats.storage_failures = room.log.failures() + room.load_failures;
  stats.poisoned_updates = room.poison.size();
  return stats;
}

bool Room::rests() const { return impl_->doc.rests(); }
size_t Room::unstored_bytes() const { return impl_->log.unstored_bytes(); }

const std::vector<Poison>& Room::poison() const { return impl_->poison; }

const std::string& Room::storage_error() const {
  return impl_->load_error.empty() ? impl_->log.error() : impl_->load_error;
}

std::string Room::check_invariants() const {
  const Impl& room = *impl_;
  if (auto broken = room.presence.check_invariants(); !broken.empty()) return broken;
  // The check would wake it.
  if (auto broken = room.doc.rests() ? std::string() : room.doc.check_invariants(); !broken.empty()) {
    return broken;
  }
  for (const Peer& peer : room.peers) {
    if (room.state == RoomState::kLoading && !peer.missing)
      return "a peer was greeted before the room had loaded";
    if (peer.backlogged && !peer.missing) return "a peer with a full queue gets broadcasts";
    if (!std::ranges::is_sorted(peer.due, {}, &Peer::Due::seq)) return "what a peer is owed is out of order";
    if (peer.documents_durable > peer.documents) return "a peer was told of more than it sent";
  }
  if (room.state == RoomState::kGone && room.peers.size() > 0) return "a room that is gone has peers";
  return {};
}

}  // namespace symphony
