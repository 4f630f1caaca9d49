#include "storage/sqlite/snapshots.h"

#include <algorithm>

#include "storage/checksum.h"
#include "storage/errors.h"

namespace symphony::sqlite {

Result<void> Snapshots::prepare() {
  return db_.prepare({
      {insert_, "INSERT INTO snapshot_chunks (room, place, checksum, bytes) VALUES (?1, ?2, ?3, ?4)"},
      {read_,
       "SELECT place, checksum, bytes FROM snapshot_chunks"
       " WHERE room = ?1 AND place >= ?2 AND place < ?3 ORDER BY place"},
      {sum_,
       "SELECT coalesce(sum(length(bytes)), 0) FROM snapshot_chunks"
       " WHERE room = ?1 AND place >= ?2 AND place < ?3"},
      {drop_garbage_,
       "DELETE FROM snapshot_chunks WHERE rowid IN (SELECT rowid FROM snapshot_chunks"
       " WHERE room = ?1 AND (place < ?2 OR place >= ?3) LIMIT ?4)"},
      {drop_all_, "DELETE FROM snapshot_chunks WHERE room = ?1"},
  });
}

Result<Buffer> Snapshots::read(std::string_view room, const RoomRow& row) {
  const std::string where =
      "room " + storage::quoted(room) + ", snapshot at slot " + std::to_string(row.snapshot_seq);
  Buffer snapshot;
  {
    // The sum reads no contents, so a damaged size is found before memory is taken for it.
    Run sum(sum_);
    const int rc = sum.bind(row.id).bind(row.chunks_begin).bind(row.chunks_end).step();
    if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, where));
    if (static_cast<uint64_t>(sum.integer(0)) != row.snapshot_bytes) {
      return tl::unexpected(db_.corrupt(where, "a part of it is missing"));
    }
    snapshot.reserve(static_cast<size_t>(row.snapshot_bytes));
  }
  Run chunks(read_);
  chunks.bind(row.id).bind(row.chunks_begin).bind(row.chunks_end);
  int64_t place = row.chunks_begin;
  for (int rc = chunks.step(); rc != SQLITE_DONE; rc = chunks.step(), ++place) {
    if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, where));
    const Bytes chunk = chunks.blob(2);
    if (chunks.integer(0) != place ||
        chunks.integer(1) != storage::row_checksum(room, {static_cast<uint64_t>(place)}, chunk)) {
      return tl::unexpected(db_.corrupt(where, "its bytes do not match their checksum"));
    }
    snapshot.insert(snapshot.end(), chunk.begin(), chunk.end());
  }
  return snapshot;
}

Result<int64_t> Snapshots::write(std::string_view room, const RoomRow& row, int64_t place, Bytes state) {
  for (; !state.empty(); ++place) {
    const Bytes chunk = state.first(std::min(chunk_bytes_, state.size()));
    const uint32_t checksum = storage::row_checksum(room, {static_cast<uint64_t>(place)}, chunk);
    auto written = db_.run(Run(insert_).bind(row.id).bind(place).bind(int64_t{checksum}).bind(chunk));
    if (!written) return tl::unexpected(written.error());
    state = state.subspan(chunk.size());
  }
  return place;
}

Result<size_t> Snapshots::drop_garbage(const RoomRow& row, size_t limit) {
  Run drop(drop_garbage_);
  drop.bind(row.id).bind(row.chunks_begin).bind(row.chunks_end).bind(static_cast<int64_t>(limit));
  if (auto dropped = db_.run(drop); !dropped) return tl::unexpected(dropped.error());
  return static_cast<size_t>(sqlite3_changes(db_.connection().get()));
}

Result<void> Snapshots::drop_all(const RoomRow& row) { return db_.run(Run(drop_all_).bind(row.id)); }

}  // namespace symphony::sqlite
