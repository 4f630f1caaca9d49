// The rows of rooms, their logs and their quarantine. What says "in a transaction" writes, and is called
// within Database::transact; a failure of it leaves nothing only because the transaction fails with it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "storage/sqlite/database.h"
#include "storage/sqlite/journal.h"
#include "storage/store.h"

namespace symphony::sqlite {

struct RoomRow {
  int64_t id = 0;
  uint64_t epoch = 0;
  uint64_t newest_seq = 0;
  uint64_t folded_seq = 0;  // the newest slot that is not in the journal: what the row itself says
  uint64_t snapshot_seq = 0;
  uint64_t snapshot_bytes = 0;
  int64_t chunks_begin = 0;  // the current snapshot is the chunks from here ...
  int64_t chunks_end = 0;    // ... to before here
};

class Rooms {
 public:
  Rooms(Database& database, Journal& journal) : db_(database), journal_(journal) {}
  Result<void> prepare();

  Result<std::optional<RoomRow>> find(std::string_view room);
  // The room, if `epoch` is its present one: what every write of an owner begins with.
  Result<RoomRow> find_owned(std::string_view room, uint64_t epoch);

  // Slots after the snapshot.
  Result<std::vector<LogEntry>> read_log(std::string_view room, const RoomRow& row);
  Result<std::vector<Quarantined>> read_quarantine(std::string_view room, const RoomRow& row);

  // In a transaction: begins a new epoch with a fence. `old`: the room's row, if it has one. The new row.
  Result<RoomRow> begin_epoch(std::string_view room, const std::optional<RoomRow>& old);

  // In a transaction: appends all; one result per request. Conflicts and limits stay the request's own; any
  // other failure is returned, and the transaction has failed.
  Result<void> append(std::span<const AppendRequest> requests, std::span<Result<void>> results);

  // In a transaction: carries the room's oldest slots from the journal to its log, as many as cost about
  // `cost`: a byte is 1, a run kRunCost. What it has cost.
  static constexpr size_t kRunCost = 400;  // it is read by itself, which takes as long
  Result<size_t> fold(std::string_view room, const Tail& tail, size_t cost);

  // In a transaction: the room's snapshot is the requested one, in the chunks that `row` names; the slots up
  // to it go, the poison into quarantine.
  Result<void> set_snapshot(const RoomRow& row, const SnapshotRequest& request);

  // Whether anything but fences is stored of a room without a snapshot.
  Result<bool> holds_update(std::string_view room, const RoomRow& row);
  // In a transaction: removes the room's row and log. Nothing else may refer to it.
  Result<void> remove(std::string_view room, const RoomRow& row);

 private:
  struct Staged;
  class Walk;
  struct StoredSlot {
    uint64_t seq;
    uint64_t epoch;
    uint32_t checksum;
    Bytes update;  // valid during the visit
  };

  // Visits the room's slots after its snapshot, each checked, until the visitor answers false. kCorrupt: what
  // is there is not what was written.
  template <class Visit>
  Result<void> walk(std::string_view room, const RoomRow& row, Visit visit);

  Result<Staged> stage(std::string_view room);
  Result<void> check_size(const AppendRequest& request) const;
  Result<bool> is_stored(const Staged& room, const AppendRequest& request);
  Result<void> write(std::span<const Staged> staged);
  Result<void> write_direct(const Staged& room, int64_t now);
  Result<void> fold_all(std::string_view room);
  Result<void> insert_row(std::string_view room, int64_t id, uint64_t seq, uint64_t epoch, uint32_t checksum,
                          Bytes bytes, uint32_t slots);
  Result<void> advance(int64_t id, uint64_t newest_seq, uint64_t bytes, int64_t unix_ms);
  Result<void> keep_aside(const RoomRow& row, const SnapshotRequest& request);
  Result<uint64_t> next_epoch();

  Database& db_;
  Journal& journal_;
  Statement find_room_, insert_room_, take_room_, advance_room_, set_snapshot_, remove_room_, next_epoch_;
  Statement insert_update_, read_updates_, newest_update_, drop_updates_;
  Statement keep_aside_, read_quarantine_;
};

}  // namespace symphony::sqlite
