// The snapshots, cut into chunks. A new one is written behind the current one, over several transactions, and
// becomes the room's when its row says so (Rooms::set_snapshot); what no row names is garbage:
//
//   place   0 . . . . . begin . . . . . end . . . . .
//           [ garbage ] [ the current ] [ the next, or garbage ]
#pragma once

#include "storage/sqlite/database.h"
#include "storage/sqlite/rooms.h"

namespace symphony::sqlite {

class Snapshots {
 public:
  // chunk_bytes: the size of a chunk, at least 1.
  Snapshots(Database& database, size_t chunk_bytes) : db_(database), chunk_bytes_(chunk_bytes) {}
  Result<void> prepare();

  Result<Buffer> read(std::string_view room, const RoomRow& row);

  // In a transaction: writes `state` in chunks from `place` on. The place after them.
  Result<int64_t> write(std::string_view room, const RoomRow& row, int64_t place, Bytes state);

  // In a transaction: removes at most `limit` chunks that are not of the room's current snapshot. How many.
  Result<size_t> drop_garbage(const RoomRow& row, size_t limit);
  // In a transaction: removes all chunks of a room.
  Result<void> drop_all(const RoomRow& row);

 private:
  Database& db_;
  size_t chunk_bytes_;
  Statement insert_, read_, sum_, drop_garbage_, drop_all_;
};

}  // namespace symphony::sqlite
