// Who is in the room, and the newest state of each: the server's side of y-protocols' awareness.
//
// Clients renew their own state every 15 s by raising its clock, drop what is not renewed for 30 s, and
// repeat to the server every state that they receive. So most messages say nothing new, and must cost next to
// nothing.
//
// Rules
// - A state counts if its clock is newer, or if it is null, the clock is the same and the client is present.
// - Each client id has an owner: the connection that introduced it. When that goes, the id is removed (null
// at the
//   same clock, as y-protocols does it, so that the client's next state is newer again).
// - The first thing that a connection says is its own id ("home"), said before it can have heard of any
// other. A
//   home connection takes its id over from any other connection (a reconnect while the old connection is half
//   open), and from then on nobody else may change or remove it: what others say about it is repetition.
// - After a reconnect a client repeats its state with an unchanged clock, which peers who saw it leave would
// not
//   take. So what a home says counts even then, and goes out with the clock raised by one past what peers may
//   know; the client hears of it, adopts the clock, and is visible at once instead of after its next renewal.
//   (By one and no more: a client that has moved on meanwhile then ignores it instead of falling back to its
//   old state.)
// - A removed id keeps its clock for twice the expiry, so that late repetitions cannot bring it back.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/prng.h"
#include "base/shared_buffer.h"
#include "base/time.h"
#include "crdt/awareness/awareness_codec.h"
#include "room/room.h"

namespace symphony {

class Presence {
 public:
  // `options` outlive it.
  Presence(const RoomOptions& options, uint64_t seed);

  void open(PeerId peer);

  // The peer has received messages from us: what it says from now on may repeat others, so it no longer says
  // home.
  void seal(PeerId peer);

  // The payload of an awareness message. kInvalid, kLimit: the peer broke the rules; entries before the
  // offending one stand.
  Result<void> apply(PeerId peer, Bytes payload, Time now);

  // Removes what the peer owns.
  void close(PeerId peer, Time now);

  // Removes what was not renewed, and forgets what was removed long ago.
  void expire(Time now);
  Time next_expiry() const { return next_scan_; }

  // What changed since the last call, in one frame for everybody.
  struct Delta {
    SharedBuffer frame;
    std::optional<PeerId> sole_source;  // the one peer that all of it came from, and that need not hear it
  };
  bool changed() const { return !dirty_.empty(); }
  Delta take_delta();

  // Everybody present; with `removed`, also who left recently (for a peer that missed deltas). Null if there
  // is nothing to say.
  SharedBuffer everybody(bool removed);

  size_t size() const { return present_; }

  // Gives back memory that nothing needs now.
  void trim();

  // The first broken invariant, or empty. Linear.
  std::string check_invariants() const;

 private:
  struct Client {
    uint64_t id = 0;
    uint64_t clock = 0;   // the newest that goes out
    Buffer state;         // JSON; empty if not present
    PeerId owner = 0;     // if present
    PeerId source = 0;    // if dirty: who changed it since the last delta ...
    bool to_all = false;  // ... and whether the source has to hear of it, too
    bool dirty = false;
    bool used = false;  // the slot holds a client
    bool present = false;
    Time touched;  // present: last renewal; otherwise: removal
  };

  struct Owner {
    PeerId peer = 0;
    std::optional<uint64_t> home;
    size_t clients = 0;  // present clients it owns
    bool sealed = false;
  };

  struct SeededHash {
    uint64_t seed;
    size_t operator()(uint64_t id) const { return Prng::mix(id ^ seed); }
  };

  Owner* find_owner(PeerId peer);
  Result<void> apply_entry(PeerId peer, Owner& owner, const AwarenessEntry& entry, bool announces, Time now);
  Result<void> check_state(Bytes state) const;
  Client& introduce(uint64_t id, Time now);
  void own(Client& client, PeerId peer, Owner& owner);
  void remove(Client& client, Time now);
  void forget(uint32_t slot);
  bool is_elsewhere(const Client& client, PeerId peer) const;
  void mark(Client& client, std::optional<PeerId> source);
  static void add_entry(std::vector<AwarenessEntry>& entries, const Client& client);
  static SharedBuffer frame_entries(const std::vector<AwarenessEntry>& entries);

  const RoomOptions& options_;
  std::vector<Client> clients_;  // slots; freed ones are listed in free_
  std::vector<uint32_t> free_;
  std::unordered_map<uint64_t, uint32_t, SeededHash> index_;
  std::vector<Owner> owners_;    // ascending by peer
  std::vector<uint32_t> dirty_;  // slots, in the order of their first change
  size_t present_ = 0;
  Time next_scan_ = kNever;
};

}  // namespace symphony
