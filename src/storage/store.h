// Where rooms are kept, and who owns them: per room an append-only update log, a snapshot, and an owner.
//
// A room's log is a row of slots (room, seq), seq = 1, 2, 3, ... without gaps. Only the room's owner appends,
// at last + 1. A snapshot at `seq` is the document after slots 1 to seq; storing it drops those slots in the
// same transaction, so a crash leaves either the slots or the snapshot, never a gap.
//
// Owners. Every store object acts for one owner: one start of one process. take() makes it the room's owner
// if nobody else is, or if the other's lease has run out, and begins a new epoch: a number that the store
// never gave before and that is larger than all before. An owner's lease covers all its rooms and lasts
// OwnerOptions::lease from the last renew() or take(), by the store's own clock; no other clock counts.
//
//   lease   liveness: a room is taken over when its owner has been silent for too long
//   log     safety: take() ends by putting a fence, an entry without an update, into the next slot; a write
//           names its epoch, and one whose epoch is over is refused (kConflict) and leaves nothing
//
// A paused owner that wakes up therefore stores nothing more, whatever its clock says. Refused appends are
// how it learns that it has lost a room; renew() tells it when to ask.
//
// A room is named by one or more bytes of any value, compared byte by byte. The store never looks into
// updates and states.
//
// Calls block and may come from several threads at a time; callers keep them off the event loops. When a call
// returns success, what it wrote survives `kill -9` and power loss as far as the medium keeps its word. After
// kUnavailable nobody knows whether the write happened: every call may be repeated as it was until it
// succeeds, and has then happened once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "symphony/types.h"

namespace symphony {

struct OwnerOptions {
  std::string id;       // unique to this start of this process; 1 to 255 bytes of printable ASCII
  std::string address;  // where others reach its rooms, for whoever finds them taken; at most 255 bytes
  // Renewed every third of it: one lost renewal does no harm, and a crashed owner's rooms are free after it.
  Duration lease = std::chrono::seconds(10);
};

struct LogEntry {
  uint64_t seq = 0;
  uint64_t epoch = 0;  // of the owner that wrote it
  Buffer update;       // a Yjs v1 update; empty: a fence, which says nothing about the document
};

// What is stored of one room. A room that was never stored is one with nothing in it.
struct StoredRoom {
  uint64_t snapshot_seq = 0;  // 0: no snapshot
  Buffer snapshot;            // a Yjs v1 update: the whole document after slot snapshot_seq
  std::vector<LogEntry> log;  // slots after snapshot_seq, ascending, without gaps
};

// The answer to take().
struct Claim {
  uint64_t epoch = 0;  // of the new ownership; 0: another owner holds the room
  std::string holder;  // then: that owner's address
  StoredRoom stored;   // else: all that is stored, the new fence at its end
};

struct AppendRequest {
  std::string_view room;
  uint64_t epoch = 0;
  uint64_t seq = 0;
  Bytes update;  // empty: a fence, for an owner who wants to know whether the room is still its own
};

// An update of the log that the engine refuses: it is left out of the snapshot and kept aside.
struct Poison {
  uint64_t seq = 0;
  std::string reason;  // one sentence for the operator
};

struct SnapshotRequest {
  std::string_view room;
  uint64_t epoch = 0;
  uint64_t seq = 0;
  Bytes state;                     // may be empty
  std::span<const Poison> poison;  // slots up to seq that go into quarantine instead of away
};

// One update in quarantine.
struct Quarantined {
  std::string room;
  uint64_t epoch = 0;
  uint64_t seq = 0;
  Buffer update;
  std::string reason;
  int64_t unix_ms = 0;
};

struct RoomInfo {
  std::string room;
  uint64_t seq = 0;             // the newest stored slot, counting those a snapshot replaced
  uint64_t bytes = 0;           // snapshot (as stored) and log together
  int64_t created_unix_ms = 0;  // of the first take() that was followed by an update
  int64_t updated_unix_ms = 0;  // of the newest append
  uint64_t epoch = 0;           // of the newest ownership
  bool active = false;          // it has an owner whose lease lasts
  std::string address;          // of that owner
};

// One client's connection to a room, for statistics only: a repeated call may count it twice.
struct ConnectionRecord {
  std::string room;
  int64_t opened_unix_ms = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // --- ownership

  // Makes this owner the room's. A room that it owns already begins a new epoch all the same: what was under
  // way in the old one is refused from now on. kCorrupt as load(); then the room is not taken.
  virtual Result<Claim> take(std::string_view room) = 0;

  // Keeps this owner's lease alive. False: it had run out or been ended meanwhile (or this is the first
  // call), and others may have taken its rooms; the lease lasts anew, but each room must be asked for by an
  // append.
  virtual Result<bool> renew() = 0;

  // The room is free at once for others. The owner writes no more to it; what it has written must have been
  // answered. A release of an epoch that is over does nothing. A room in which nothing but fences was ever
  // stored leaves no trace; one whose owner crashed may be listed until its next release.
  virtual Result<void> release(std::string_view room, uint64_t epoch) = 0;

  // Ends this owner's lease: whatever it still holds is free at once.
  virtual Result<void> retire() = 0;

  // --- the owner's writes

  // Group commit: all requests in one durable transaction, in order. One result per request; a request that
  // fails on its own does not take the others with it: kConflict (its epoch is over, or its slot is taken or
  // not the next one), kCorrupt (its room is damaged), kLimit (larger than the medium can hold). If the
  // commit fails (kUnavailable), all have its error, and either all of them happened or none. A slot that the
  // same epoch has filled with the same bytes is a success: the retry of a caller who did not hear the
  // answer.
  virtual std::vector<Result<void>> append(std::span<const AppendRequest> requests) = 0;

  // Makes each `state` its room's snapshot at `seq` and drops the slots up to it. One result per request;
  // small states share commits, and a request that fails on its own does not take the others with it:
  // kConflict (the epoch is over, a newer snapshot is there, or slot `seq` was never stored), kCorrupt,
  // kLimit. If a commit fails (kUnavailable), all that share it have its error. The same `seq` again replaces
  // the snapshot, so a retry is harmless. May take long for a large state; appends go on meanwhile. A crash
  // leaves at most garbage, which the next snapshot of the room removes.
  virtual std::vector<Result<void>> put_snapshots(std::span<const SnapshotRequest> requests) = 0;

  // --- reading, by anybody

  // Everything stored of `room`, whoever owns it; an unknown room gives an empty StoredRoom. kCorrupt if what
  // is stored cannot be read back as it was written: the message names the room and the object. kUnavailable
  // if the store cannot be reached for now.
  virtual Result<StoredRoom> load(std::string_view room) = 0;

  // All rooms that were taken and not forgotten, by name, starting after `after`; at most
  // `limit`.
  virtual Result<std::vector<RoomInfo>> rooms(std::string_view after, size_t limit) = 0;

  // The room's updates in quarantine, oldest first.
  virtual Result<std::vector<Quarantined>> quarantined(std::string_view room) = 0;

  // --- statistics

  virtual Result<void> record_connections(std::span<const ConnectionRecord> connections) = 0;
  // When the room's clients connected, newest first, at most `limit`.
  virtual Result<std::vector<int64_t>> connections(std::string_view room, size_t limit) = 0;
  // Forgets connections older than `before_unix_ms`.
  virtual Result<void> forget_connections(int64_t before_unix_ms) = 0;

  // --- care

  // Looks at the next `limit` places where a crash may have left garbage and removes what nothing refers to
  // or ever can; how many it removed. After the last place it begins anew.
  virtual Result<size_t> sweep(size_t limit) = 0;

  // Gives back memory that is kept only to make later calls faster.
  virtual void trim() {}

  // A cheap round trip to the medium, for /readyz.
  virtual Result<void> ping() = 0;
};

}  // namespace symphony
