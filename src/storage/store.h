// Where rooms are kept: an append-only update log and a snapshot per room.
//
// A room's log is a row of slots (room, seq), seq = 1, 2, 3, ... without gaps. The owner of a room appends at
// last + 1; a slot that is taken already means that somebody else owns the room (kConflict), and nothing of
// that append is stored. A snapshot at `seq` is the document after slots 1 to seq; storing it drops those
// slots in the same transaction, so a crash leaves either the slots or the snapshot, never a gap.
//
// A room is named by one or more bytes of any value, compared byte by byte. The store never looks into
// updates and states; both may be empty.
//
// Calls block and may come from any one thread at a time; the caller keeps them off the event loops. When a
// call returns success, what it wrote survives `kill -9` and power loss as far as the medium keeps its word.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "symphony/types.h"

namespace symphony {

struct LogEntry {
  uint64_t seq = 0;
  Buffer update;  // a Yjs v1 update
};

// What is stored of one room. A room that was never stored is one with nothing in it.
struct StoredRoom {
  uint64_t snapshot_seq = 0;  // 0: no snapshot
  Buffer snapshot;            // a Yjs v1 update: the whole document after slot snapshot_seq
  std::vector<LogEntry> log;  // slots after snapshot_seq, ascending, without gaps
};

struct AppendRequest {
  std::string_view room;
  uint64_t seq = 0;
  Bytes update;
};

struct RoomInfo {
  std::string room;
  uint64_t seq = 0;             // the newest stored slot, counting those a snapshot replaced
  uint64_t bytes = 0;           // snapshot and log together
  int64_t updated_unix_ms = 0;  // of the newest append
};

class Store {
 public:
  virtual ~Store() = default;

  // Everything stored of `room`; an unknown room gives an empty StoredRoom. kCorrupt if what is stored cannot
  // be read back as it was written; kUnavailable if the store cannot be reached for now.
  virtual Result<StoredRoom> load(std::string_view room) = 0;

  // Group commit: all requests in one durable transaction, in order. One result per request; a request that
  // fails on its own does not take the others with it: kConflict (its slot is taken, or is not the next one),
  // kCorrupt (its room is damaged). If the commit fails (kUnavailable), all have its error and nothing of
  // them is stored: the same slots may be tried again. After a crash in that moment the next process may
  // still find them, all or none.
  virtual std::vector<Result<void>> append(std::span<const AppendRequest> requests) = 0;

  // Makes `state` the room's snapshot at `seq` and drops the slots up to it. kConflict if a newer snapshot is
  // there or slot `seq` was never stored. The same `seq` again replaces the snapshot, so a retry is harmless.
  virtual Result<void> put_snapshot(std::string_view room, uint64_t seq, Bytes state) = 0;

  // All rooms, by name, starting after `after`; at most `limit`.
  virtual Result<std::vector<RoomInfo>> rooms(std::string_view after, size_t limit) = 0;

  // A cheap round trip to the medium, for /readyz.
  virtual Result<void> ping() = 0;
};

}  // namespace symphony
