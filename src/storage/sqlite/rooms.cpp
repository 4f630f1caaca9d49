#include "storage/sqlite/rooms.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "storage/checksum.h"
#include "storage/errors.h"

namespace symphony::sqlite {
namespace {

using storage::quoted;

std::string slot_of(std::string_view room, uint64_t seq) {
  return "room " + quoted(room) + ", slot " + std::to_string(seq);
}

// Slots that were written before there were epochs have epoch 0, and a checksum without it.
uint32_t slot_checksum(std::string_view room, uint64_t seq, uint64_t epoch, Bytes update) {
  return epoch == 0 ? storage::row_checksum(room, {seq}, update)
                    : storage::row_checksum(room, {seq, epoch}, update);
}

}  // namespace

Result<void> Rooms::prepare() {
  return db_.prepare({
      {find_room_,
       "SELECT id, epoch, newest_seq, snapshot_seq, snapshot_bytes, chunks_begin, chunks_end FROM rooms"
       " WHERE name = ?1"},
      {insert_room_,
       "INSERT INTO rooms (name, epoch, newest_seq, log_bytes, created_unix_ms, updated_unix_ms)"
       " VALUES (?1, ?2, 1, 0, ?3, ?3) RETURNING id"},
      {take_room_, "UPDATE rooms SET epoch = ?2, newest_seq = ?3 WHERE id = ?1"},
      {advance_room_,
       "UPDATE rooms SET newest_seq = ?2, log_bytes = log_bytes + ?3, updated_unix_ms = ?4 WHERE id = ?1"},
      {set_snapshot_,
       "UPDATE rooms SET snapshot_seq = ?2, snapshot_bytes = ?3, chunks_begin = ?4, chunks_end = ?5,"
       " log_bytes = log_bytes - ?6 WHERE id = ?1"},
      {remove_room_, "DELETE FROM rooms WHERE id = ?1"},
      {next_epoch_, "UPDATE epochs SET newest = newest + 1 RETURNING newest"},
      {insert_update_, "INSERT INTO updates (room, seq, epoch, checksum, bytes) VALUES (?1, ?2, ?3, ?4, ?5)"},
      {find_update_, "SELECT epoch, bytes FROM updates WHERE room = ?1 AND seq = ?2"},
      {read_updates_, "SELECT seq, epoch, checksum, bytes FROM updates WHERE room = ?1 ORDER BY seq"},
      {any_update_, "SELECT 1 FROM updates WHERE room = ?1 AND length(bytes) > 0 LIMIT 1"},
      {sum_updates_, "SELECT coalesce(sum(length(bytes)), 0) FROM updates WHERE room = ?1 AND seq <= ?2"},
      {drop_updates_, "DELETE FROM updates WHERE room = ?1 AND seq <= ?2"},
      {keep_aside_,  // OR IGNORE: a slot that is named twice
       "INSERT OR IGNORE INTO quarantine (room, seq, epoch, checksum, bytes, reason, unix_ms)"
       " SELECT room, seq, epoch, checksum, bytes, CAST(?3 AS TEXT), ?4 FROM updates"
       " WHERE room = ?1 AND seq = ?2"},
      {read_quarantine_,
       "SELECT seq, epoch, checksum, bytes, reason, unix_ms FROM quarantine WHERE room = ?1 ORDER BY seq"},
  });
}

Result<std::optional<RoomRow>> Rooms::find(std::string_view room) {
  if (auto named = storage::check_name(room); !named) return tl::unexpected(named.error());
  Run found(find_room_);
  const int rc = found.bind(room).step();
  if (rc == SQLITE_DONE) return std::nullopt;
  if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, "room " + quoted(room)));
  std::array<int64_t, 7> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = found.integer(static_cast<int>(i));
  const auto [id, epoch, newest_seq, snapshot_seq, snapshot_bytes, begin, end] = numbers;
  if (std::ranges::min(std::span(numbers).subspan(1)) < 0 || newest_seq < snapshot_seq || end < begin) {
    return tl::unexpected(db_.corrupt("room " + quoted(room), "the row of the room is not what was written"));
  }
  return RoomRow{.id = id,
                 .epoch = static_cast<uint64_t>(epoch),
                 .newest_seq = static_cast<uint64_t>(newest_seq),
                 .snapshot_seq = static_cast<uint64_t>(snapshot_seq),
                 .snapshot_bytes = static_cast<uint64_t>(snapshot_bytes),
                 .chunks_begin = begin,
                 .chunks_end = end};
}

Result<RoomRow> Rooms::find_owned(std::string_view room, uint64_t epoch) {
  const auto row = find(room);
  if (!row) return tl::unexpected(row.error());
  if (auto owned = storage::check_epoch(room, epoch, *row ? (*row)->epoch : 0); !owned) {
    return tl::unexpected(owned.error());
  }
  return **row;
}

Result<std::vector<LogEntry>> Rooms::read_log(std::string_view room, const RoomRow& row) {
  std::vector<LogEntry> log;
  uint64_t newest = row.snapshot_seq;
  uint64_t epoch = 0;
  Run updates(read_updates_);
  updates.bind(row.id);
  for (int rc = updates.step(); rc != SQLITE_DONE; rc = updates.step()) {
    if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, slot_of(room, newest + 1)));
    if (static_cast<uint64_t>(updates.integer(0)) != ++newest || newest > row.newest_seq) {
      return tl::unexpected(db_.corrupt(slot_of(room, newest), "the slot is missing or not the room's"));
    }
    const Bytes update = updates.blob(3);
    const uint64_t former = std::exchange(epoch, static_cast<uint64_t>(updates.integer(1)));
    if (updates.integer(2) != slot_checksum(room, newest, epoch, update)) {
      return tl::unexpected(db_.corrupt(slot_of(room, newest), "the update does not match its checksum"));
    }
    if (epoch < former || epoch > row.epoch) {
      return tl::unexpected(db_.corrupt(slot_of(room, newest), "its epoch does not fit those around it"));
    }
    log.push_back({newest, epoch, Buffer(update.begin(), update.end())});
  }
  if (newest != row.newest_seq)
    return tl::unexpected(db_.corrupt(slot_of(room, newest + 1), "the slot is missing"));
  return log;
}

Result<std::vector<Quarantined>> Rooms::read_quarantine(std::string_view room, const RoomRow& row) {
  std::vector<Quarantined> out;
  Run kept(read_quarantine_);
  kept.bind(row.id);
  for (int rc = kept.step(); rc != SQLITE_DONE; rc = kept.step()) {
    if (rc != SQLITE_ROW) {
      return tl::unexpected(db_.read_error(rc, "room " + quoted(room) + ", quarantine"));
    }
    const auto seq = static_cast<uint64_t>(kept.integer(0)), epoch = static_cast<uint64_t>(kept.integer(1));
    const Bytes update = kept.blob(3);
    if (kept.integer(2) != slot_checksum(room, seq, epoch, update)) {
      return tl::unexpected(
          db_.corrupt(slot_of(room, seq) + " in quarantine", "the update does not match its checksum"));
    }
    out.push_back({.room = std::string(room),
                   .epoch = epoch,
                   .seq = seq,
                   .update = Buffer(update.begin(), update.end()),
                   .reason = kept.text(4),
                   .unix_ms = kept.integer(5)});
  }
  return out;
}

Result<uint64_t> Rooms::next_epoch() {
  Run counter(next_epoch_);
  const int rc = counter.step();
  if (rc == SQLITE_DONE) return tl::unexpected(db_.corrupt("the counter of epochs", "it is missing"));
  if (rc != SQLITE_ROW) return tl::unexpected(db_.error(rc, "write"));
  return static_cast<uint64_t>(counter.integer(0));
}

Result<RoomRow> Rooms::begin_epoch(std::string_view room, const std::optional<RoomRow>& old) {
  const auto epoch = next_epoch();
  if (!epoch) return tl::unexpected(epoch.error());
  RoomRow row = old.value_or(RoomRow{});
  if (*epoch <= row.epoch) {
    return tl::unexpected(db_.corrupt("room " + quoted(room), "its epoch is larger than any that was given"));
  }
  row.epoch = *epoch;
  row.newest_seq += 1;
  if (old) {
    const auto seq = static_cast<int64_t>(row.newest_seq);
    auto taken = db_.run(Run(take_room_).bind(row.id).bind(static_cast<int64_t>(row.epoch)).bind(seq));
    if (!taken) return tl::unexpected(taken.error());
  } else {
    Run inserted(insert_room_);
    const int rc = inserted.bind(room).bind(static_cast<int64_t>(row.epoch)).bind(storage::unix_ms()).step();
    if (rc != SQLITE_ROW) return tl::unexpected(db_.error(rc, "write"));
    row.id = inserted.integer(0);
  }
  if (auto fenced = insert_slot(room, row, row.newest_seq, {}); !fenced) {
    return tl::unexpected(fenced.error());
  }
  return row;
}

Result<void> Rooms::append(const AppendRequest& request) {
  const auto row = find_owned(request.room, request.epoch);
  if (!row) return tl::unexpected(row.error());
  if (request.seq <= row->newest_seq) {
    const auto stored = is_stored(*row, request);
    if (!stored) return tl::unexpected(stored.error());
    if (*stored) return {};
  }
  if (auto free = storage::check_slot(request.room, request.seq, row->newest_seq); !free) return free;
  const int size_max =
      sqlite3_limit(db_.connection().get(), SQLITE_LIMIT_LENGTH, -1) - 1024;  // 1024: the row's other columns
  if (request.update.size() > static_cast<size_t>(size_max)) {
    return fail(Code::kLimit, slot_of(request.room, request.seq) + ": an update of " +
                                  std::to_string(request.update.size()) + " bytes is too large for SQLite");
  }
  const auto seq = static_cast<int64_t>(request.seq);
  const auto bytes = static_cast<int64_t>(request.update.size());
  return db_.run(Run(advance_room_).bind(row->id).bind(seq).bind(bytes).bind(storage::unix_ms()))
      .and_then([&] { return insert_slot(request.room, *row, request.seq, request.update); });
}

// Whether the slot holds just this already: the retry of a caller who did not hear the answer.
Result<bool> Rooms::is_stored(const RoomRow& row, const AppendRequest& request) {
  Run found(find_update_);
  const int rc = found.bind(row.id).bind(static_cast<int64_t>(request.seq)).step();
  if (rc == SQLITE_DONE) return false;
  if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, slot_of(request.room, request.seq)));
  return static_cast<uint64_t>(found.integer(0)) == request.epoch &&
         std::ranges::equal(found.blob(1), request.update);
}

Result<void> Rooms::insert_slot(std::string_view room, const RoomRow& row, uint64_t seq, Bytes update) {
  const uint32_t checksum = slot_checksum(room, seq, row.epoch, update);
  Run slot(insert_update_);
  slot.bind(row.id).bind(static_cast<int64_t>(seq)).bind(static_cast<int64_t>(row.epoch));
  const int rc = slot.bind(int64_t{checksum}).bind(update).step();
  if ((rc & 0xff) == SQLITE_CONSTRAINT) {
    return tl::unexpected(db_.corrupt(slot_of(room, seq), "there is a slot after the newest one"));
  }
  if (rc != SQLITE_DONE) return tl::unexpected(db_.error(rc, "write"));
  return {};
}

Result<int64_t> Rooms::log_bytes_up_to(std::string_view room, const RoomRow& row, uint64_t seq) {
  Run sum(sum_updates_);
  const int rc = sum.bind(row.id).bind(static_cast<int64_t>(seq)).step();
  if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, "room " + quoted(room)));
  return sum.integer(0);
}

Result<void> Rooms::set_snapshot(const RoomRow& row, const SnapshotRequest& request) {
  const auto seq = static_cast<int64_t>(request.seq);
  for (const Poison& poison : request.poison) {
    if (poison.seq > request.seq) continue;
    Run aside(keep_aside_);
    aside.bind(row.id).bind(static_cast<int64_t>(poison.seq)).bind(poison.reason).bind(storage::unix_ms());
    if (auto kept = db_.run(aside); !kept) return kept;
  }
  const auto dropped = log_bytes_up_to(request.room, row, request.seq);
  if (!dropped) return tl::unexpected(dropped.error());
  return db_.run(Run(drop_updates_).bind(row.id).bind(seq)).and_then([&] {
    const auto bytes = static_cast<int64_t>(request.state.size());
    Run set(set_snapshot_);
    set.bind(row.id).bind(seq).bind(bytes).bind(row.chunks_begin).bind(row.chunks_end).bind(*dropped);
    return db_.run(set);
  });
}

Result<bool> Rooms::holds_update(std::string_view room, const RoomRow& row) {
  Run any(any_update_);
  const int rc = any.bind(row.id).step();
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
    return tl::unexpected(db_.read_error(rc, "room " + quoted(room)));
  }
  return rc == SQLITE_ROW;
}

Result<void> Rooms::remove(const RoomRow& row) {
  return db_.run(Run(drop_updates_).bind(row.id).bind(INT64_MAX)).and_then([&] {
    return db_.run(Run(remove_room_).bind(row.id));
  });
}

}  // namespace symphony::sqlite
