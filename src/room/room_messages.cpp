#include <algorithm>

#include "base/assert.h"
#include "room/room_impl.h"

namespace symphony {
namespace {

// The state vector of an empty document: who sends it knows nothing, so it has nothing unconfirmed either.
bool knows_nothing(Bytes state_vector) {
  return state_vector.empty() || (state_vector.size() == 1 && state_vector[0] == 0);
}

Result<void> check_state_vector(Bytes state_vector) {
  const auto encoded = Doc().encode_state_as_update(state_vector);
  return encoded ? Result<void>() : tl::unexpected(encoded.error());
}

}  // namespace

// --- what peers say

Result<void> Room::Impl::on_message(PeerId peer_id, Bytes frame, Time now) {
  Peer* const peer = peers.find(peer_id);
  if (peer == nullptr) return {};
  MessageReader reader(frame);
  for (;;) {
    const auto message = reader.next();
    if (!message) return tl::unexpected(message.error());
    if (!*message) break;
    // Only clients that put several messages in a frame wait for the echo of their own updates.
    if (!reader.at_end()) peer->options.echo = true;
    if (auto ok = on_one(*peer, **message, now); !ok) return ok;
  }
  settle();
  return {};
}

Result<void> Room::Impl::on_one(Peer& peer, const SyncMessage& message, Time now) {
  switch (message.type) {
    case MessageType::kSyncStep1:
      return on_sync_step1(peer, message.payload, now);
    case MessageType::kSyncStep2:
    case MessageType::kUpdate:
      return on_document(peer, message, now);
    case MessageType::kAwareness: {
      auto ok = presence.apply(peer.id, message.payload, now);
      schedule_presence(now);
      return ok;
    }
    case MessageType::kQueryAwareness:
      if (peer.missing) return {};  // it gets everybody anyway
      if (auto everybody = presence.everybody(false)) send(peer, std::move(everybody), now);
      return {};
    case MessageType::kPermissionDenied:
    case MessageType::kDurable:
    case MessageType::kUnknown:
      return {};  // as the reference server does
  }
  ASSERT(false);
}

Result<void> Room::Impl::on_sync_step1(Peer& peer, Bytes state_vector, Time now) {
  if (!peer.missing) return answer_step1(peer, state_vector, now);
  if (auto ok = check_state_vector(state_vector); !ok) return ok;
  if (state == RoomState::kLoading) {
    held_bytes -= peer.state_vector.size();
    peer.state_vector.clear();
    if (auto ok = hold_room_for(state_vector.size()); !ok) return ok;
  }
  peer.asked = true;
  peer.state_vector.assign(state_vector.begin(), state_vector.end());
  return {};
}

Result<void> Room::Impl::on_document(Peer& peer, const SyncMessage& message, Time now) {
  if (!peer.sealed && message.type == MessageType::kSyncStep2) {
    peer.sealed = true;
    presence.seal(peer.id);
  }
  ++peer.documents;
  const Bytes update = message.payload;
  if (peer.options.read_only) {
    // A sync step 2 comes from every client by itself; only an update is an attempt to write.
    if (message.type == MessageType::kUpdate && !peer.told_read_only && !peer.missing) {
      peer.told_read_only = true;
      send(peer, share(frame_permission_denied("this connection may only read; its changes are not kept")),
           now);
    }
    return {};
  }
  if (state == RoomState::kLoading) {
    if (auto ok = hold_room_for(update.size()); !ok) return ok;
    held.push_back({peer.id, peer.documents, Buffer(update.begin(), update.end())});
    return {};
  }
  return take_update(peer.id, update, peer.documents, now);
}

Result<void> Room::Impl::hold_room_for(size_t bytes) {
  if (held_bytes + bytes > options.loading_bytes_max) {
    return fail(Code::kUnavailable,
                "the room is still loading and holds all the messages it can; reconnect later");
  }
  held_bytes += bytes;
  return {};
}

// --- the life of one update

Result<void> Room::Impl::take_update(PeerId from, Bytes update, uint64_t documents, Time now) {
  if (!log.all_durable() && log.unstored_bytes() + update.size() > options.unstored_bytes_max) {
    return fail(Code::kUnavailable,
                "storage is behind and the room holds all the updates it can; reconnect later");
  }
  const bool had_pending = doc.has_pending();
  auto applied = doc.apply_update(update);
  if (!applied) {
    ++updates_refused;
    return tl::unexpected(std::move(applied.error()));
  }
  ++updates_applied;
  if (!doc.rests()) edited(now);
  Peer* const sender = peers.find(from);
  const bool echo = sender != nullptr && sender->options.echo;
  SharedBuffer own;  // the sender's operations, framed

  if (applied->changed || applied->forward) {
    last_step1.reset();
    last_diff.reset();
    if (applied->forward) own = broadcast(update, sender, now);
    for (size_t i = 0; i < applied->updates.size(); ++i) {
      // The first one that is not forwarded is a part of the input, and of what waited for it. What follows
      // is the engine's own work (cleaned formatting), which is news to the sender, too.
      const bool from_input = i == 0 && !applied->forward;
      const bool sender_knows = from_input && !had_pending;
      const bool later = from_input && had_pending && echo;
      auto frame = broadcast(applied->updates[i], sender_knows || later ? sender : nullptr, now);
      if (!later || sender->missing) continue;
      if (frame == nullptr) frame = share(frame_message(MessageType::kUpdate, applied->updates[i]));
      sender->due.push_back({log.appended_seq() + 1, documents - 1, std::move(frame)});
    }
  }
  // What presence has gathered rides along: the sockets are written to in this turn anyway.
  if (applied->changed && presence_at != kNever) send_presence(now);
  if (applied->changed || applied->pending) {
    log.append(share(Buffer(update.begin(), update.end())));
    // The log must rebuild this state by itself, so what the engine added goes there, too.
    for (size_t i = applied->forward ? 0 : 1; i < applied->updates.size(); ++i) {
      log.append(share(std::move(applied->updates[i])));
    }
  }
  if (sender == nullptr) return {};
  if (applied->pending && !sender->missing && now >= sender->resync_after) {
    sender->resync_after = now + options.resync_interval;
    send(*sender, step1_frame(), now);
  }
  if (echo && !sender->missing && own == nullptr) own = share(frame_message(MessageType::kUpdate, update));
  owe(*sender, documents, echo && !sender->missing ? std::move(own) : nullptr);
  pay_due(*sender, now);
  return {};
}

// One frame for all receivers; null if there is none.
SharedBuffer Room::Impl::broadcast(Bytes update, const Peer* except, Time now) {
  SharedBuffer frame;
  for (Peer& peer : peers) {
    if (&peer == except || peer.missing) continue;
    if (frame == nullptr) frame = share(frame_message(MessageType::kUpdate, update));
    send(peer, frame, now);
  }
  return frame;
}

// --- what peers are told once it is durable

void Room::Impl::owe(Peer& peer, uint64_t documents, SharedBuffer echo) {
  if (!peer.options.acks && !peer.options.echo) return;
  const uint64_t seq = log.appended_seq();
  if (!peer.due.empty() && echo == nullptr) {
    Peer::Due& last = peer.due.back();
    if (last.seq == seq || (last.seq <= log.durable_seq() && seq == log.durable_seq())) {
      last.documents = documents;
      return;
    }
  }
  peer.due.push_back({seq, documents, std::move(echo)});
}

void Room::Impl::pay_due(Peer& peer, Time now) {
  if (peer.missing) return;
  size_t paid = 0;
  for (; paid < peer.due.size() && peer.due[paid].seq <= log.durable_seq(); ++paid) {
    peer.documents_durable = peer.due[paid].documents;
    if (peer.due[paid].echo != nullptr) send(peer, std::move(peer.due[paid].echo), now);
  }
  if (paid > 0) {
    peer.due.erase(peer.due.begin(), peer.due.begin() + static_cast<ptrdiff_t>(paid));
    if (peer.options.acks) send(peer, share(frame_durable(peer.documents_durable)), now);
  }
  if (peer.confirm_all && log.all_durable()) {
    peer.confirm_all = false;
    send(peer, *diff_frame(MessageType::kUpdate, {}), now);
  }
}

void Room::Impl::pay_all(Time now) {
  for (Peer& peer : peers) {
    if (peer.missing) catch_up(peer, now);
    if (!peer.due.empty() || peer.confirm_all) pay_due(peer, now);
  }
}

// --- bringing a peer up to date

// An echo peer takes its own operations in a sync message for "stored". A minimal answer would not repeat
// those that the server knows and the peer never saw confirmed, so it gets the whole document, as soon as all
// of it is stored.
Result<void> Room::Impl::answer_step1(Peer& peer, Bytes state_vector, Time now) {
  const bool confirm = peer.options.echo && !knows_nothing(state_vector);
  if (confirm && log.all_durable()) {
    if (auto ok = check_state_vector(state_vector); !ok) return ok;
    state_vector = {};
  }
  auto frame = diff_frame(MessageType::kSyncStep2, state_vector);
  if (!frame) return tl::unexpected(std::move(frame.error()));
  send(peer, std::move(*frame), now);
  peer.confirm_all = confirm && !log.all_durable();
  return {};
}

// The first words to a peer of a live room, as the reference server says them; while the room was loading,
// the peer may have asked already.
void Room::Impl::greet(Peer& peer, Time now) {
  peer.greeted = true;
  peer.missing = false;
  send(peer, step1_frame(), now);
  if (peer.asked) {
    const auto ok = answer_step1(peer, peer.state_vector, now);
    ASSERT(ok);  // the vector was checked when it came
    peer.asked = false;
    Buffer().swap(peer.state_vector);
  }
  if (auto everybody = presence.everybody(false)) send(peer, std::move(everybody), now);
  pay_due(peer, now);
}

void Room::Impl::on_backlog(PeerId peer_id, bool over, Time now) {
  Peer* const peer = peers.find(peer_id);
  if (peer == nullptr || peer->backlogged == over) return;
  peer->backlogged = over;
  if (!over) {
    if (state == RoomState::kLive) catch_up(*peer, now);
  } else if (!peer->missing) {
    peer->missing = true;
    peer->state_vector = doc.encode_state_vector();
  }
}

// One merged difference instead of everything that the peer missed. For an echo peer it may hold operations
// of its own, so there it waits until all is durable.
void Room::Impl::catch_up(Peer& peer, Time now) {
  if (!peer.missing || peer.backlogged) return;
  if (!peer.greeted) return greet(peer, now);
  if (peer.options.echo && !log.all_durable()) return;
  peer.missing = false;
  if (peer.asked) {
    const auto ok = answer_step1(peer, peer.state_vector, now);
    ASSERT(ok);  // the vector was checked when it came
    peer.asked = false;
  } else {
    auto frame = diff_frame(MessageType::kUpdate, peer.state_vector);
    ASSERT(frame);
    send(peer, std::move(*frame), now);
  }
  Buffer().swap(peer.state_vector);
  if (auto everybody = presence.everybody(true)) send(peer, std::move(everybody), now);
  pay_due(peer, now);
}

SharedBuffer Room::Impl::step1_frame() {
  if (auto frame = last_step1.lock()) return frame;
  SharedBuffer frame = share(frame_message(MessageType::kSyncStep1, doc.encode_state_vector()));
  last_step1 = frame;
  return frame;
}

Result<SharedBuffer> Room::Impl::diff_frame(MessageType type, Bytes state_vector) {
  if (auto frame = last_diff.lock();
      frame != nullptr && last_diff_type == type && std::ranges::equal(last_diff_vector, state_vector)) {
    return frame;
  }
  auto update = doc.encode_state_as_update(state_vector);
  if (!update) return tl::unexpected(std::move(update.error()));
  SharedBuffer frame = share(frame_around(type, std::move(*update)));
  last_diff = frame;
  last_diff_type = type;
  last_diff_vector.assign(state_vector.begin(), state_vector.end());
  return frame;
}

// --- sending

void Room::Impl::send(Peer& peer, SharedBuffer frame, Time now) {
  effects.push(Send{peer.id, std::move(frame)});
  peer.last_sent = now;
}

void Room::Impl::schedule_presence(Time now) {
  if (!presence.changed() || presence_at != kNever || state == RoomState::kLoading) return;
  if (peers.empty()) {
    presence.take_delta();  // nobody to tell
  } else {
    presence_at = now + options.presence_tick;
  }
}

void Room::Impl::send_presence(Time now) {
  presence_at = kNever;
  if (!presence.changed()) return;
  const Presence::Delta delta = presence.take_delta();
  for (Peer& peer : peers) {
    if (peer.missing || delta.sole_source == peer.id) continue;
    send(peer, delta.frame, now);
  }
}

}  // namespace symphony
