// The state of a room. room.cpp: its life (peers, loading, storing, closing). room_messages.cpp: what peers
// say and what they are sent.
#pragma once

#include <string>
#include <vector>

#include "base/code_table.h"
#include "base/prng.h"
#include "protocol/sync.h"
#include "room/backoff.h"
#include "room/effects.h"
#include "room/peer.h"
#include "room/presence.h"
#include "room/room.h"
#include "room/update_log.h"

namespace symphony {

// Invariants
// - While loading: doc_ is empty and untouched, log_ has not started, peers have been sent nothing but
// keep-alives.
// - An update is in doc_ if and only if it changed nothing or log_ has it.
// - A peer with `missing` gets no broadcasts; what it misses is in the difference to its state_vector.
// - Gone: no peers, and no effect after Gone.
struct Room::Impl {
  Impl(std::string room_id, const RoomOptions& room_options, uint64_t seed);

  // --- life (room.cpp)
  void on_open(PeerId id, const PeerOptions& peer_options, Time now);
  void on_close(PeerId id, Time now);
  void on_loaded(Loaded loaded, Time now);
  void on_stored(StoreToken token, const Result<void>& outcome, Time now);
  void on_compacted(StoreToken token, const Result<size_t>& state_bytes, Time now);
  void on_lease_lapsed(Time now);
  void act_on(UpdateLog::Outcome outcome, Time now);
  void on_drain(Time now);
  void on_deadline(Time now);
  Time next_deadline() const;

  void go_live(Time now);
  void lose_room(Time now);
  void close_all(Code code, const std::string& reason, Time now);
  void refuse(PeerId id, const Error& error, Time now);
  void forget(PeerId id, Time now);
  void start_closing(Time now);
  void end();
  void settle();  // at the end of an event: what has become possible by it
  void send_keep_alives(Time now);
  void edited(Time now);
  void rest_if_due(Time now);
  void lay_to_rest();

  // --- messages (room_messages.cpp)
  Result<void> on_message(PeerId id, Bytes frame, Time now);
  void on_backlog(PeerId id, bool over, Time now);

  Result<void> on_one(Peer& peer, const SyncMessage& message, Time now);
  Result<void> on_sync_step1(Peer& peer, Bytes state_vector, Time now);
  Result<void> on_document(Peer& peer, const SyncMessage& message, Time now);
  Result<void> take_update(PeerId from, Bytes update, uint64_t documents, Time now);
  SharedBuffer broadcast(Bytes update, const Peer* except, Time now);
  Result<void> hold_room_for(size_t bytes);

  Result<void> answer_step1(Peer& peer, Bytes state_vector, Time now);
  void greet(Peer& peer, Time now);
  void catch_up(Peer& peer, Time now);
  void owe(Peer& peer, uint64_t documents, SharedBuffer echo);
  void pay_due(Peer& peer, Time now);
  void pay_all(Time now);
  void send(Peer& peer, SharedBuffer frame, Time now);
  void schedule_presence(Time now);
  void send_presence(Time now);
  SharedBuffer step1_frame();
  Result<SharedBuffer> diff_frame(MessageType type, Bytes state_vector);

  const std::string id;
  const RoomOptions& options;
  Prng prng;
  EffectQueue effects;
  RoomState state = RoomState::kLoading;
  bool draining = false;

  Doc doc;
  UpdateLog log;
  PeerTable peers;
  Presence presence;

  // Loading
  struct Held {
    PeerId from;         // may have left: what it sent counts all the same
    uint64_t documents;  // its count of document messages, this one included
    Buffer update;
  };
  std::vector<Held> held;
  size_t held_bytes = 0;  // of held and of the state vectors of peers that asked
  bool load_in_flight = false;
  Time load_retry_at = kNever;
  Backoff load_backoff;
  std::string load_error;
  uint64_t epoch = 0;        // 0: the room is not taken yet
  bool take_failed = false;  // and yet it may have happened
  bool lapsed_while_loading = false;
  std::vector<Poison> poison;

  Time close_at = kNever;       // no peers: the grace period ends then
  Time presence_at = kNever;    // the next merged delta
  Time edited_at{};             // when the document last changed
  Time rest_at = kNever;        // it may rest then
  Time keep_alive_at = kNever;  // a peer may have been sent nothing for too long then

  // Frames that many peers ask for at once; dropped when the document changes.
  std::weak_ptr<const Buffer> last_step1;
  std::weak_ptr<const Buffer> last_diff;
  MessageType last_diff_type = MessageType::kSyncStep2;
  Buffer last_diff_vector;

  uint64_t updates_applied = 0;
  uint64_t updates_refused = 0;
  uint64_t load_failures = 0;
};

}  // namespace symphony
