#include "storage/sqlite/rooms.h"

#include <algorithm>
#include <array>
#include <span>
#include <unordered_map>
#include <utility>

#include "storage/checksum.h"
#include "storage/errors.h"
#include "storage/sqlite/slots.h"

namespace symphony::sqlite {
namespace {

using storage::quoted;

std::string slot_of(std::string_view room, uint64_t seq) {
  return "room " + quoted(room) + ", slot " + std::to_string(seq);
}

// An update of this size fills pages by itself, and goes to its room's log at once.
constexpr size_t kDirectBytes = 16u << 10;

// Of slots in one row of the log, when they are carried there.
constexpr size_t kPackedBytes = 32u << 10;

}  // namespace

Result<void> Rooms::prepare() {
  return db_.prepare({
      {find_room_,
       "SELECT id, epoch, newest_seq, snapshot_seq, snapshot_bytes, chunks_begin, chunks_end FROM rooms"
       " WHERE name = ?1"},
      {insert_room_,
       "INSERT INTO rooms (id, name, epoch, newest_seq, log_bytes, created_unix_ms, updated_unix_ms)"
       " VALUES (1 + max(?4, coalesce((SELECT max(id) FROM rooms), 0)), ?1, ?2, 1, 0, ?3, ?3) RETURNING id"},
      {take_room_, "UPDATE rooms SET epoch = ?2, newest_seq = ?3 WHERE id = ?1"},
      {advance_room_,
       "UPDATE rooms SET newest_seq = ?2, log_bytes = log_bytes + ?3, updated_unix_ms = ?4 WHERE id = ?1"},
      {set_snapshot_,
       "UPDATE rooms SET snapshot_seq = ?2, snapshot_bytes = ?3, chunks_begin = ?4, chunks_end = ?5,"
       " log_bytes = ?6, newest_seq = max(newest_seq, ?2) WHERE id = ?1"},
      {remove_room_, "DELETE FROM rooms WHERE id = ?1"},
      {next_epoch_, "UPDATE epochs SET newest = newest + 1 RETURNING newest"},
      {insert_update_,
       "INSERT INTO updates (room, seq, epoch, checksum, bytes, slots) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
      {read_updates_, "SELECT seq, epoch, checksum, bytes, slots FROM updates WHERE room = ?1 ORDER BY seq"},
      {newest_update_,
       "SELECT seq + max(slots, 1) - 1 FROM updates WHERE room = ?1 ORDER BY seq DESC LIMIT 1"},
      {drop_updates_, "DELETE FROM updates WHERE room = ?1 AND seq <= ?2 AND seq - 1 + max(slots, 1) <= ?2"},
      {keep_aside_,  // OR IGNORE: a slot that is named twice
       "INSERT OR IGNORE INTO quarantine (room, seq, epoch, checksum, bytes, reason, unix_ms)"
       " VALUES (?1, ?2, ?3, ?4, ?5, CAST(?6 AS TEXT), ?7)"},
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
  const auto folded = static_cast<uint64_t>(newest_seq);
  const Tail* tail = journal_.find(room);
  return RoomRow{.id = id,
                 .epoch = static_cast<uint64_t>(epoch),
                 .newest_seq = tail != nullptr ? std::max(folded, tail->newest_seq()) : folded,
                 .folded_seq = folded,
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

// Slots as they are found, each checked against the one before.
class Rooms::Walk {
 public:
  Walk(const Database& db, std::string_view room, const RoomRow& row)
      : db_(db), room_(room), row_(row), newest_(row.snapshot_seq) {}

  // The newest slot so far.
  uint64_t newest() const { return newest_; }

  // The slots from `seq` on; those that the snapshot covers are passed over. False if the visitor has enough.
  template <class Visit>
  Result<bool> packed(uint64_t seq, uint64_t count, uint64_t up_to, uint64_t epoch, Bytes slots,
                      Visit visit) {
    const bool follows = seq == newest_ + 1 || (newest_ == row_.snapshot_seq && seq <= newest_);
    if (!follows || seq + count - 1 <= newest_ || seq + count - 1 > up_to) return missing();
    SlotReader reader(slots);
    PackedSlot slot;
    for (const uint64_t end = seq + count; seq != end; ++seq) {
      if (!reader.next(slot)) return damaged(std::max(seq, newest_ + 1), "the update is cut short");
      if (seq <= row_.snapshot_seq) continue;
      const auto more = single(seq, up_to, epoch, slot.checksum, slot.update, visit);
      if (!more || !*more) return more;
    }
    if (!reader.at_end()) return damaged(newest_, "there are more updates than were written");
    return true;
  }

  template <class Visit>
  Result<bool> single(uint64_t seq, uint64_t up_to, uint64_t epoch, uint32_t checksum, Bytes update,
                      Visit visit) {
    if (seq != newest_ + 1 || seq > up_to) return missing();
    newest_ = seq;
    const uint64_t former = std::exchange(epoch_, epoch);
    if (checksum != slot_checksum(room_, seq, epoch, update)) {
      return damaged(seq, "the update does not match its checksum");
    }
    if (epoch < former || epoch > row_.epoch) return damaged(seq, "its epoch does not fit those around it");
    return visit(StoredSlot{seq, epoch, checksum, update});
  }

  tl::unexpected<Error> missing() const {
    return damaged(newest_ + 1, "the slot is missing or not the room's");
  }

 private:
  tl::unexpected<Error> damaged(uint64_t seq, const char* what) const {
    return tl::unexpected(db_.corrupt(slot_of(room_, seq), what));
  }

  const Database& db_;
  const std::string_view room_;
  const RoomRow& row_;
  uint64_t newest_;
  uint64_t epoch_ = 0;
};

template <class Visit>
Result<void> Rooms::walk(std::string_view room, const RoomRow& row, Visit visit) {
  Walk walk(db_, room, row);
  Run updates(read_updates_);
  updates.bind(row.id);
  for (int rc = updates.step(); rc != SQLITE_DONE; rc = updates.step()) {
    if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, slot_of(room, walk.newest() + 1)));
    const auto seq = static_cast<uint64_t>(updates.integer(0)),
               epoch = static_cast<uint64_t>(updates.integer(1));
    const auto checksum = static_cast<uint32_t>(updates.integer(2));
    const auto slots = updates.integer(4);
    if (slots < 0 || updates.integer(2) != checksum) return walk.missing();
    const auto more = slots == 0 ? walk.single(seq, row.folded_seq, epoch, checksum, updates.blob(3), visit)
                                 : walk.packed(seq, static_cast<uint64_t>(slots), row.folded_seq, epoch,
                                               updates.blob(3), visit);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
  }
  if (walk.newest() != row.folded_seq) return walk.missing();
  const Tail* tail = journal_.find(room);
  if (tail == nullptr) return {};
  for (const JournalRun& run : tail->runs) {
    if (run.last_seq() <= row.folded_seq) continue;  // carried over in this transaction
    const auto slots = journal_.read(run, slot_of(room, walk.newest() + 1));
    if (!slots) return tl::unexpected(slots.error());
    const auto more = walk.packed(run.first_seq, run.slots, run.last_seq(), run.epoch, *slots, visit);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
  }
  return {};
}

Result<std::vector<LogEntry>> Rooms::read_log(std::string_view room, const RoomRow& row) {
  std::vector<LogEntry> log;
  auto read = walk(room, row, [&](const StoredSlot& slot) {
    log.push_back({slot.seq, slot.epoch, Buffer(slot.update.begin(), slot.update.end())});
    return true;
  });
  if (!read) return tl::unexpected(read.error());
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
  row.folded_seq = row.newest_seq;
  if (old) {
    // What follows has another epoch, and the journal holds only slots of the present one.
    if (auto folded = fold_all(room); !folded) return tl::unexpected(folded.error());
    const auto seq = static_cast<int64_t>(row.newest_seq);
    auto taken = db_.run(Run(take_room_).bind(row.id).bind(static_cast<int64_t>(row.epoch)).bind(seq));
    if (!taken) return tl::unexpected(taken.error());
  } else {
    Run inserted(insert_room_);
    const int rc = inserted.bind(room)
                       .bind(static_cast<int64_t>(row.epoch))
                       .bind(storage::unix_ms())
                       .bind(journal_.newest_room())
                       .step();
    if (rc != SQLITE_ROW) return tl::unexpected(db_.error(rc, "write"));
    row.id = inserted.integer(0);
  }
  const uint32_t checksum = slot_checksum(room, row.newest_seq, row.epoch, {});
  auto fenced = insert_row(room, row.id, row.newest_seq, row.epoch, checksum, {}, 0);
  if (!fenced) return tl::unexpected(fenced.error());
  return row;
}

// A room's part of a batch.
struct Rooms::Staged {
  std::string_view room;
  int64_t id = 0;
  uint64_t epoch = 0;
  uint64_t newest_seq = 0;  // with what is staged
  std::vector<const AppendRequest*> requests;
  bool direct = false;
};

Result<Rooms::Staged> Rooms::stage(std::string_view room) {
  if (const Tail* tail = journal_.find(room))
    return Staged{room, tail->room, tail->epoch, tail->newest_seq(), {}};
  const auto row = find(room);
  if (!row) return tl::unexpected(row.error());
  if (!*row) return Staged{room, 0, 0, 0, {}};
  Run newest(newest_update_);
  const int rc = newest.bind((*row)->id).step();
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    return tl::unexpected(db_.read_error(rc, "room " + quoted(room)));
  if (rc == SQLITE_ROW && static_cast<uint64_t>(newest.integer(0)) > (*row)->newest_seq) {
    return tl::unexpected(
        db_.corrupt(slot_of(room, (*row)->newest_seq + 1), "there is a slot after the newest one"));
  }
  return Staged{room, (*row)->id, (*row)->epoch, (*row)->newest_seq, {}};
}

Result<void> Rooms::append(std::span<const AppendRequest> requests, std::span<Result<void>> results) {
  std::vector<Staged> staged;
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < requests.size(); ++i) {
    const AppendRequest& request = requests[i];
    results[i] = storage::check_name(request.room);
    if (!results[i]) continue;
    const auto [place, fresh] = places.try_emplace(request.room, staged.size());
    if (fresh) {
      auto room = stage(request.room);
      if (!room) return tl::unexpected(room.error());
      staged.push_back(std::move(*room));
    }
    Staged& room = staged[place->second];
    results[i] = storage::check_epoch(request.room, request.epoch, room.epoch);
    if (!results[i]) continue;
    if (request.seq <= room.newest_seq) {
      const auto stored = is_stored(room, request);
      if (!stored) return tl::unexpected(stored.error());
      if (*stored) continue;
    }
    results[i] = storage::check_slot(request.room, request.seq, room.newest_seq).and_then([&] {
      return check_size(request);
    });
    if (!results[i]) continue;
    room.newest_seq = request.seq;
    room.requests.push_back(&request);
    room.direct = room.direct || request.update.size() >= kDirectBytes;
  }
  return write(staged);
}

Result<void> Rooms::check_size(const AppendRequest& request) const {
  const int size_max =
      sqlite3_limit(db_.connection().get(), SQLITE_LIMIT_LENGTH, -1) - 1024;  // 1024: the row's other columns
  if (request.update.size() <= static_cast<size_t>(size_max)) return {};
  return fail(Code::kLimit, slot_of(request.room, request.seq) + ": an update of " +
                                std::to_string(request.update.size()) + " bytes is too large for SQLite");
}

// Whether the slot holds just this already: the retry of a caller who did not hear the answer.
Result<bool> Rooms::is_stored(const Staged& room, const AppendRequest& request) {
  if (!room.requests.empty() && request.seq >= room.requests.front()->seq) {
    return std::ranges::equal(room.requests[request.seq - room.requests.front()->seq]->update,
                              request.update);
  }
  const auto row = find(request.room);
  if (!row) return tl::unexpected(row.error());
  bool same = false;
  auto walked = walk(request.room, **row, [&](const StoredSlot& slot) {
    if (slot.seq < request.seq) return true;
    same = slot.seq == request.seq && slot.epoch == request.epoch &&
           std::ranges::equal(slot.update, request.update);
    return false;
  });
  if (!walked) return tl::unexpected(walked.error());
  return same;
}

// The journal takes what is small.
Result<void> Rooms::write(std::span<const Staged> staged) {
  std::vector<NewRun> runs;
  const int64_t now = storage::unix_ms();
  for (const Staged& room : staged) {
    if (room.requests.empty()) continue;
    if (room.direct) {
      if (auto written = write_direct(room, now); !written) return written;
      continue;
    }
    NewRun& run = runs.emplace_back(NewRun{room.room, room.id, room.epoch, room.requests.front()->seq, {}});
    for (const AppendRequest* request : room.requests) run.updates.push_back(request->update);
  }
  return journal_.append(runs, now);
}

Result<void> Rooms::write_direct(const Staged& room, int64_t now) {
  if (auto folded = fold_all(room.room); !folded) return folded;
  uint64_t bytes = 0;
  for (const AppendRequest* request : room.requests) {
    const uint32_t checksum = slot_checksum(room.room, request->seq, room.epoch, request->update);
    auto written = insert_row(room.room, room.id, request->seq, room.epoch, checksum, request->update, 0);
    if (!written) return written;
    bytes += request->update.size();
  }
  return advance(room.id, room.newest_seq, bytes, now);
}

Result<void> Rooms::fold_all(std::string_view room) {
  const Tail* tail = journal_.find(room);
  return tail == nullptr ? Result<void>() : fold(room, *tail, SIZE_MAX).map([](size_t) {});
}

Result<size_t> Rooms::fold(std::string_view room, const Tail& tail, size_t cost) {
  const auto row = find(room);
  if (!row) return tl::unexpected(row.error());
  if (!*row) return 0;
  const uint64_t folded = (*row)->folded_seq;
  size_t spent = 0;
  uint64_t update_bytes = 0, newest_seq = folded;
  Buffer packed;
  uint64_t seq = 0, epoch = 0;
  uint32_t slots = 0;
  const auto flush = [&]() -> Result<void> {
    if (slots == 0) return {};
    auto written = insert_row(room, tail.room, seq, epoch, 0, packed, slots);
    packed.clear();
    slots = 0;
    return written;
  };
  for (const JournalRun& run : tail.runs) {
    if (run.last_seq() <= folded) continue;
    if (spent >= cost) break;
    if (packed.size() >= kPackedBytes || epoch != run.epoch) {
      if (auto written = flush(); !written) return tl::unexpected(written.error());
    }
    const auto read = journal_.read(run, slot_of(room, run.first_seq));
    if (!read) return tl::unexpected(read.error());
    if (slots == 0) seq = run.first_seq;
    epoch = run.epoch;
    slots += run.slots;
    packed.insert(packed.end(), read->begin(), read->end());
    spent += run.bytes + kRunCost;
    update_bytes += run.update_bytes;
    newest_seq = run.last_seq();
  }
  auto done =
      flush().and_then([&] { return advance(tail.room, newest_seq, update_bytes, tail.updated_unix_ms); });
  if (!done) return tl::unexpected(done.error());
  if (auto covered = journal_.cover(room, newest_seq); !covered) return tl::unexpected(covered.error());
  return spent;
}

Result<void> Rooms::advance(int64_t id, uint64_t newest_seq, uint64_t bytes, int64_t unix_ms) {
  Run advanced(advance_room_);
  advanced.bind(id).bind(static_cast<int64_t>(newest_seq)).bind(static_cast<int64_t>(bytes)).bind(unix_ms);
  return db_.run(advanced);
}

Result<void> Rooms::insert_row(std::string_view room, int64_t id, uint64_t seq, uint64_t epoch,
                               uint32_t checksum, Bytes bytes, uint32_t slots) {
  Run row(insert_update_);
  row.bind(id).bind(static_cast<int64_t>(seq)).bind(static_cast<int64_t>(epoch));
  const int rc = row.bind(int64_t{checksum}).bind(bytes).bind(int64_t{slots}).step();
  if ((rc & 0xff) == SQLITE_CONSTRAINT) {
    return tl::unexpected(db_.corrupt(slot_of(room, seq), "there is a slot after the newest one"));
  }
  if (rc != SQLITE_DONE) return tl::unexpected(db_.error(rc, "write"));
  return {};
}

Result<void> Rooms::keep_aside(const RoomRow& row, const SnapshotRequest& request) {
  Result<void> kept;
  auto walked = walk(request.room, row, [&](const StoredSlot& slot) {
    if (slot.seq > request.seq) return false;
    const auto poison = std::ranges::find(request.poison, slot.seq, &Poison::seq);
    if (poison == request.poison.end()) return true;
    Run aside(keep_aside_);
    aside.bind(row.id).bind(static_cast<int64_t>(slot.seq)).bind(static_cast<int64_t>(slot.epoch));
    aside.bind(int64_t{slot.checksum}).bind(slot.update).bind(poison->reason).bind(storage::unix_ms());
    kept = db_.run(aside);
    return kept.has_value();
  });
  return kept ? walked : kept;
}

Result<void> Rooms::set_snapshot(const RoomRow& row, const SnapshotRequest& request) {
  if (!request.poison.empty()) {
    if (auto kept = keep_aside(row, request); !kept) return kept;
  }
  uint64_t log_bytes = 0;  // of the updates that stay in the log
  if (request.seq < row.folded_seq) {
    auto walked = walk(request.room, row, [&](const StoredSlot& slot) {
      if (slot.seq > row.folded_seq) return false;
      if (slot.seq > request.seq) log_bytes += slot.update.size();
      return true;
    });
    if (!walked) return walked;
  } else if (auto covered = journal_.cover(request.room, request.seq); !covered) {
    return covered;
  }
  const auto seq = static_cast<int64_t>(request.seq);
  return db_.run(Run(drop_updates_).bind(row.id).bind(seq)).and_then([&] {
    const auto bytes = static_cast<int64_t>(request.state.size());
    Run set(set_snapshot_);
    set.bind(row.id).bind(seq).bind(bytes).bind(row.chunks_begin).bind(row.chunks_end);
    return db_.run(set.bind(static_cast<int64_t>(log_bytes)));
  });
}

Result<bool> Rooms::holds_update(std::string_view room, const RoomRow& row) {
  bool holds = false;
  auto walked = walk(room, row, [&](const StoredSlot& slot) {
    holds = !slot.update.empty();
    return !holds;
  });
  // What cannot be read is kept.
  if (!walked && walked.error().code != Code::kCorrupt) return tl::unexpected(walked.error());
  return holds || !walked;
}

Result<void> Rooms::remove(std::string_view room, const RoomRow& row) {
  return db_.run(Run(drop_updates_).bind(row.id).bind(INT64_MAX))
      .and_then([&] { return db_.run(Run(remove_room_).bind(row.id)); })
      .and_then([&] { return journal_.cover(room, UINT64_MAX); });
}

}  // namespace symphony::sqlite
