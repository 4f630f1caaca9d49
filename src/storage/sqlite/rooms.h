// The rows of rooms, their logs and their quarantine. What says "in a transaction" writes, and is called
// within Database::transact; a failure of it leaves nothing only because the transaction fails with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/sqlite/database.h"
#include "storage/store.h"

namespace symphony::sqlite {

struct RoomRow {
  int64_t id = 0;
  uint64_t epoch = 0;
  uint64_t newest_seq = 0;
  uint64_t snapshot_seq = 0;
  uint64_t snapshot_bytes = 0;
  int64_t chunks_begin = 0;  // the current snapshot is the chunks from here ...
  int64_t chunks_end = 0;    // ... to before here
};

class Rooms {
 public:
  explicit Rooms(Database& database) : db_(database) {}
  Result<void> prepare();

  Result<std::optional<RoomRow>> find(std::string_view room);
  // The room, if `epoch` is its present one: what every write of an owner begins with.
  Result<RoomRow> find_owned(std::string_view room, uint64_t epoch);

  // Slots after the snapshot.
  Result<std::vector<LogEntry>> read_log(std::string_view room, const RoomRow& row);
  Result<std::vector<Quarantined>> read_quarantine(std::string_view room, const RoomRow& row);

  // In a transaction: begins a new epoch with a fence. `old`: the room's row, if it has one. The new row.
  Result<RoomRow> begin_epoch(std::string_view room, const std::optional<RoomRow>& old);

  // In a transaction. kConflict and kLimit are found before anything is written.
  Result<void> append(const AppendRequest& request);

  // In a transaction: the room's snapshot is the requested one, in the chunks that `row` names; the slots up
  // to it go, the poison into quarantine.
  Result<void> set_snapshot(const RoomRow& row, const SnapshotRequest& request);

  // Whether anything but fences is stored of a room without a snapshot.
  Result<bool> holds_update(std::string_view room, const RoomRow& row);
  // In a transaction: removes the room's row and log. Nothing else may refer to it.
  Result<void> remove(const RoomRow& row);

 private:
  Result<uint64_t> next_epoch();
  Result<bool> is_stored(const RoomRow& row, const AppendRequest& request);
  Result<void> insert_slot(std::string_view room, const RoomRow& row, uint64_t seq, Bytes update);
  Result<int64_t> log_bytes_up_to(std::string_view room, const RoomRow& row, uint64_t seq);

  Database& db_;
  Statement find_room_, insert_room_, take_room_, advance_room_, set_snapshot_, remove_room_, next_epoch_;
  Statement insert_update_, find_update_, read_updates_, any_update_, sum_updates_, drop_updates_;
  Statement keep_aside_, read_quarantine_;
};

}  // namespace symphony::sqlite
