// Who is here, and a small JSON state of each (cursor, name, selection): the class Awareness of y-protocols
// 1.0.7, with the same clocks, the same events and the same bytes.
//
// It never reads a clock: every call that needs the time takes `now_ms`, milliseconds of any clock that does
// not go backwards. It sends nothing either: what a call changed comes back as an AwarenessEvent, and
// encode_update(event.clients()) is what peers need to hear.
//
// Rules (y-protocols)
// - A state counts if its clock is newer than the known one; a null (the client has left) also if the clock
//   is the same and the client is present. A client never heard of counts as known at clock 0.
// - Nobody but we can remove our own client: a null for it is answered with a raised clock.
// - Our own state is renewed after half the timeout; others that are not renewed in time are removed.
//
// States are JSON text, kept as JSON.stringify would write them. Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "symphony/types.h"

namespace symphony {

inline constexpr int64_t kAwarenessTimeoutMs = 30'000;  // outdatedTimeout

struct AwarenessOptions {
  uint64_t client_id = 0;             // our own: doc.clientID
  size_t clients_max = 4096;          // known clients; of those, who left is forgotten first
  size_t state_bytes_max = 64 << 10;  // of one state as JSON text
  size_t state_depth_max = 64;        // nesting of one state
  uint64_t seed = 0;                  // seeds the hash table that is keyed by a peer's numbers
};

// What one call did, as the 'update' event of y-protocols tells it.
struct AwarenessEvent {
  std::vector<uint64_t> added;
  std::vector<uint64_t> updated;  // renewed, with the same state or another
  std::vector<uint64_t> removed;  // our own, if a peer tried to remove us: then our state stays
  std::vector<uint64_t> changed;  // those of `updated` whose state is a different value

  bool empty() const { return added.empty() && updated.empty() && removed.empty(); }
  // Whether y-protocols would emit 'change', which leaves out mere renewals.
  bool is_change() const { return !added.empty() || !changed.empty() || !removed.empty(); }
  // All of them: added, updated, removed.
  std::vector<uint64_t> clients() const;
};

class Awareness {
 public:
  // new Awareness(doc): our own state is {} at clock 0.
  Awareness(const AwarenessOptions& options, int64_t now_ms);
  ~Awareness();
  Awareness(Awareness&&) noexcept;
  Awareness& operator=(Awareness&&) noexcept;

  uint64_t client_id() const;

  // setLocalState. `json` is any JSON text; "null" says that we leave, and may be said again. kInvalid if it
  // is not JSON, kLimit if it is too long; then nothing changed.
  Result<AwarenessEvent> set_local_state(std::string_view json, int64_t now_ms);

  // setLocalStateField. Does nothing while our state is null. kInvalid also if our state is not an object.
  Result<AwarenessEvent> set_local_state_field(std::string_view field, std::string_view json, int64_t now_ms);

  // getLocalState and getStates().get(client): the state's JSON text, nullopt if the client is not present.
  // Valid until the next call that changes something.
  // Like y-protocols, local_state() gives nullopt also for a state that JavaScript takes for false (0, false,
  // ""): such a state goes out as null.
  std::optional<std::string_view> local_state() const;
  std::optional<std::string_view> state(uint64_t client) const;

  // meta.get(client).clock; nullopt if the client was never heard of.
  std::optional<uint64_t> clock(uint64_t client) const;

  // Array.from(getStates().keys()): who is present, in the order of their coming. Cost: n log n.
  std::vector<uint64_t> clients() const;

  // applyAwarenessUpdate. kInvalid if the update is malformed, a state is not JSON or a clock is absurd (past
  // 2^53 - 2^32); kLimit beyond a limit. It is applied whole or not at all. Cost: linear in the update.
  Result<AwarenessEvent> apply_update(Bytes update, int64_t now_ms);

  // encodeAwarenessUpdate; for all that are present: encode_update(clients()). kNotFound if one of them was
  // never heard of.
  Result<Buffer> encode_update(std::span<const uint64_t> clients) const;

  // removeAwarenessStates: marks clients as gone, for instance when their connection closed.
  AwarenessEvent remove_states(std::span<const uint64_t> clients, int64_t now_ms);

  // What the interval timer of y-protocols does every three seconds: renews our own state and removes who was
  // not heard of in time. Cost: linear in the known clients.
  AwarenessEvent tick(int64_t now_ms);

  // When tick() will next have something to do; INT64_MAX if never. Linear.
  int64_t next_tick_ms() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace symphony
