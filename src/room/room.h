// One document and the peers editing it. Single-threaded, no I/O: the caller feeds events in, then drains
// effects with poll(). The same id, options, seed and events give the same effects, byte for byte.
//
//   loading --on_loaded(ok)--> live --last peer gone, grace over--> closing --all durable--> gone
//      |                         ^                                     |
//      +-- failed: retry --+     +------ a peer arrives ---------------+
//
// Until loading has succeeded no update is taken, nothing is stored, and no sync step 2 goes out: an empty
// document is never mistaken for a missing one. Messages that arrive while loading wait, within a bound.
//
// Ownership: loading takes the room in the store (store.h), and everything the room writes names the epoch
// that it got. A room that is held by somebody else, or turns out to have been taken, closes its peers with a
// retryable code and is gone; what was not acknowledged is with the clients, who bring it to the other owner.
//
// Durability: an update is broadcast at once, appended to the log (Append), and counts as acknowledged only
// when on_stored() has reported the append durable. A peer that asked for acknowledgements is told then; to
// all others nothing unknown is ever sent.
//
// Rest: a document that nobody edits for a while is kept as bytes (Doc::rest), from which newcomers are
// answered; so is one whose room only waits for its last snapshot. The next edit wakes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/shared_buffer.h"
#include "base/time.h"
#include "room/restore.h"
#include "storage/store.h"
#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony {

using PeerId = uint64_t;      // chosen by the caller, never reused within a room
using StoreToken = uint64_t;  // chosen by the room, matches an Append or Compact with its answer

struct PeerOptions {
  bool read_only = false;  // updates are ignored and never acknowledged; presence and reading work
  bool acks = false;       // the client asked for acknowledgements (docs/protocol.md)
  bool echo = false;       // the client wants its own updates back once they are durable (docs/protocol.md)
};

struct RoomOptions {
  Duration grace = std::chrono::seconds(30);  // from the last peer's leaving to closing
  Duration presence_tick =
      std::chrono::milliseconds(50);  // presence is merged this long, or until an update goes out
  Duration presence_expiry = std::chrono::seconds(30);  // a state not renewed for this long is dropped
  Duration rest_after = std::chrono::seconds(1);   // from the last edit to the document's resting as bytes; a
                                                   // second more for each MiB, which costs more to wake
  Duration keep_alive = std::chrono::seconds(20);  // a peer hears something at least this often: clients
                                                   // close a connection that was silent for 30 s
  Duration resync_interval =
      std::chrono::seconds(5);          // one peer is asked for what is missing at most this often
  uint64_t snapshot_log_entries = 500;  // a snapshot is due after this many log entries ...
  uint64_t snapshot_log_bytes =
      1u << 20;  // ... or this many log bytes, whichever is first; a large document's
                 // waits until the log is an eighth of it, or 16 times as many entries
  Duration store_retry_min =
      std::chrono::milliseconds(100);  // backoff of failed storage calls, doubled, jittered
  Duration store_retry_max = std::chrono::seconds(10);
  size_t peers_max = 1000;
  size_t presence_clients_per_peer_max = 64;
  size_t presence_state_bytes_max = 64u << 10;
  size_t loading_bytes_max = 16u << 20;    // messages held per room while loading
  size_t unstored_bytes_max = 256u << 20;  // updates not durable yet; beyond it writers are closed
  DocOptions doc{};
};

// Effects, in the order in which they must happen. A Send may name a peer whose on_close() came after it was
// queued.
struct Send {
  PeerId peer;
  SharedBuffer frame;  // one whole WebSocket message, framed for a client (unmasked); shared by all receivers
};
struct Close {
  PeerId peer;
  uint16_t code;  // 4400 to 4499: do not retry; anything else: retry
  std::string reason;
};
struct Load {
  uint64_t epoch;  // 0: take the room and read it; else it is taken: read it again
  bool cautious;   // reading failed before: take the room only if it can be read, for each taking leaves a
                   // fence
};
struct Append {
  StoreToken token;
  uint64_t epoch;
  uint64_t seq;
  SharedBuffer update;  // empty: a fence
};
// Replace the log up to `seq` by a snapshot of the document that is rebuilt from what is stored: the room
// itself need not stop for it, and no snapshot can hold what was never durable.
struct Compact {
  StoreToken token;
  uint64_t epoch;
  uint64_t seq;
};
struct Gone {      // nothing left to do: the caller may destroy the room
  uint64_t epoch;  // to release; 0: the room was never taken, as far as the room knows ...
  bool unsure;     // ... but a Load failed or was not answered: the store may hold the room for us
};
using Effect = std::variant<Send, Close, Load, Append, Compact, Gone>;

enum class RoomState : uint8_t { kLoading, kLive, kClosing, kGone };

struct RoomStats {
  RoomState state = RoomState::kLoading;
  size_t peers = 0;
  size_t presence_clients = 0;
  size_t document_bytes = 0;    // memory of the document
  size_t unstored_updates = 0;  // appended, not durable yet
  uint64_t log_entries = 0;     // updates since the last snapshot
  uint64_t log_bytes = 0;
  uint64_t updates_applied = 0;
  uint64_t updates_refused = 0;
  uint64_t storage_failures = 0;
  uint64_t poisoned_updates = 0;  // left out while loading
};

class Room {
 public:
  // `options` outlive the room: what is the same for all rooms is not kept by each.
  Room(std::string id, const RoomOptions& options, uint64_t seed);
  Room(std::string id, const RoomOptions&& options, uint64_t seed) = delete;
  ~Room();

  const std::string& id() const;

  // Whether the document rests.
  bool rests() const;

  // Of updates that are not durable: waiting, under way or failed.
  size_t unstored_bytes() const;

  // A client connected. It is refused with a Close effect if the room is full.
  void on_open(PeerId peer, const PeerOptions& options, Time now);

  // The client's connection ended (either side). Unknown peers are ignored.
  void on_close(PeerId peer, Time now);

  // One whole binary message. An error: the caller closes the peer with the error's close code; the room has
  // already forgotten nothing and the document is unchanged.
  Result<void> on_message(PeerId peer, Bytes message, Time now);

  // The answer to Load. After an error nothing is served or stored until the room loads. An update of the log
  // that the engine refuses is left out, told of in poison(), and put into quarantine by the next compaction,
  // which is due at once.
  void on_loaded(Loaded loaded, Time now);

  // The answer to Append.
  void on_stored(StoreToken token, Result<void> outcome, Time now);

  // The answer to Compact: the size of the new snapshot.
  void on_compacted(StoreToken token, Result<size_t> state_bytes, Time now);

  // The process's lease had run out: others may have taken the room. It asks by a fence in its next slot.
  void on_lease_lapsed(Time now);

  // The peer's send queue went over (true) or came back under (false) the caller's bound. While it is over,
  // the room queues nothing for the peer; afterwards it sends one merged diff instead of what was missed.
  void on_backlog(PeerId peer, bool over, Time now);

  // Stop for good: peers are closed with a retryable code, everything is stored, then Gone.
  void on_drain(Time now);

  void on_deadline(Time now);
  Time next_deadline() const;  // kNever: nothing is due

  std::optional<Effect> poll();

  RoomStats stats() const;

  // Updates that were left out while loading, for the operator.
  const std::vector<Poison>& poison() const;

  // The newest failure of loading or storing, for the operator; empty while all is well.
  const std::string& storage_error() const;

  // The first broken invariant of the room, its presence and its document, or empty (tests only, linear).
  std::string check_invariants() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace symphony
