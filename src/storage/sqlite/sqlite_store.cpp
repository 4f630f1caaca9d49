#include "storage/sqlite/sqlite_store.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/assert.h"
#include "storage/errors.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fair_mutex.h"
#include "storage/sqlite/fold.h"
#include "storage/sqlite/journal.h"
#include "storage/sqlite/rooms.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/snapshots.h"

namespace symphony {
namespace {

using sqlite::Database;
using sqlite::FairMutex;
using sqlite::RoomRow;
using sqlite::Run;
using sqlite::Statement;

constexpr int64_t kForgottenAtOnce = 10'000;  // connections in one transaction: some milliseconds

constexpr size_t kFoldCost = 64u << 10;     // carried over with a commit of appends: half a millisecond
constexpr size_t kSnapshotsTogether = 256;  // small ones in one transaction

// Errors that are found before anything is written: the transaction goes on without the request.
bool is_own(const Error& error) {
  return error.code == Code::kConflict || error.code == Code::kInvalid || error.code == Code::kLimit;
}

int64_t limit_of(size_t limit) { return static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX)); }

}  // namespace

struct SqliteStore::Impl {
  Impl(const SqliteStoreOptions& with, std::unique_ptr<Database> file)
      : options(with),
        database(std::move(file)),
        journal(*database),
        rooms(*database, journal),
        fold(journal, rooms, options.fold_bytes, options.fold_rows),
        snapshots(*database, options.chunk_bytes) {}
  Result<void> prepare();

  const SqliteStoreOptions options;
  FairMutex snapshot_mutex;  // held by whoever writes a snapshot; taken before `mutex`
  FairMutex mutex;           // over all that follows
  std::unique_ptr<Database> database;
  sqlite::Journal journal;
  sqlite::Rooms rooms;
  sqlite::Fold fold;
  sqlite::Snapshots snapshots;
  Statement list_rooms, insert_connection, read_connections, forget_connections;
  // Ownership ends with the process, and so it is kept here and not in the file.
  bool leased = false;
  std::unordered_set<int64_t> owned;  // rooms that were taken and not released

  // With the mutex held.
  Result<StoredRoom> read(std::string_view room, const RoomRow& row);
  Result<void> append_batch(std::span<const AppendRequest> requests, std::span<Result<void>> results);
  template <class Body>
  Result<void> transact_locked(Body body) {
    auto done = database->transact(body);
    done ? journal.committed() : journal.abandoned();
    return done;
  }

  // Without it.
  template <class Body>
  Result<void> transact(Body body) {
    const std::lock_guard lock(mutex);
    return transact_locked(body);
  }
  std::vector<Result<void>> put_together(std::span<const SnapshotRequest> requests);
  Result<void> put_snapshot(const SnapshotRequest& request);
  Result<size_t> make_current(const SnapshotRequest& request, std::optional<int64_t> place, Bytes rest);
  Result<RoomRow> find_for(const SnapshotRequest& request);
  Result<void> sweep(const SnapshotRequest& request);
};

Result<void> SqliteStore::Impl::prepare() {
  return journal.prepare()
      .and_then([this] { return rooms.prepare(); })
      .and_then([this] { return snapshots.prepare(); })
      .and_then([this] {
        return database->prepare({
            {list_rooms,
             "SELECT id, name, newest_seq, snapshot_bytes + log_bytes, created_unix_ms, updated_unix_ms, "
             "epoch"
             " FROM rooms WHERE name > ?1 ORDER BY name LIMIT ?2"},
            {insert_connection, "INSERT INTO connections (room, opened_unix_ms) VALUES (?1, ?2)"},
            {read_connections,
             "SELECT opened_unix_ms FROM connections WHERE room = ?1 ORDER BY opened_unix_ms DESC LIMIT ?2"},
            {forget_connections,
             "DELETE FROM connections WHERE rowid IN"
             " (SELECT rowid FROM connections WHERE opened_unix_ms < ?1 LIMIT ?2)"},
        });
      });
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteStoreOptions& options) {
  ASSERT(options.chunk_bytes > 0 && options.chunks_at_once > 0);
  auto database = Database::open(options);
  if (!database) return tl::unexpected(database.error());
  auto impl = std::make_unique<Impl>(options, std::move(*database));
  auto ready = impl->prepare().and_then([&] { return impl->journal.open(); });
  if (!ready) return tl::unexpected(ready.error());
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

Result<SqliteMigration> migrate_sqlite(const SqliteStoreOptions& options) {
  SqliteMigration done{.from = 0, .to = sqlite::kSchemaVersion};
  const auto database = Database::open(options, &done.from);
  if (!database) return tl::unexpected(database.error());
  return done;
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

// --- ownership

Result<Claim> SqliteStore::take(std::string_view room) {
  const std::lock_guard lock(impl_->mutex);
  Claim claim;
  int64_t id = 0;
  auto taken = impl_->transact_locked([&]() -> Result<void> {
    const auto old = impl_->rooms.find(room);
    if (!old) return tl::unexpected(old.error());
    if (*old) {
      auto stored = impl_->read(room, **old);
      if (!stored) return tl::unexpected(stored.error());
      claim.stored = std::move(*stored);
    }
    const auto row = impl_->rooms.begin_epoch(room, *old);
    if (!row) return tl::unexpected(row.error());
    claim.stored.log.push_back({.seq = row->newest_seq, .epoch = row->epoch, .update = {}});
    claim.epoch = row->epoch;
    id = row->id;
    return {};
  });
  if (!taken) return tl::unexpected(taken.error());
  impl_->leased = true;
  impl_->owned.insert(id);
  return claim;
}

Result<bool> SqliteStore::renew() {
  const std::lock_guard lock(impl_->mutex);
  return std::exchange(impl_->leased, true);
}

Result<void> SqliteStore::release(std::string_view room, uint64_t epoch) {
  const std::lock_guard lock(impl_->mutex);
  if (auto clean = impl_->database->abandon(); !clean) return clean;
  const auto found = impl_->rooms.find(room);
  if (!found) return tl::unexpected(found.error());
  if (!*found || (*found)->epoch != epoch) return {};
  const RoomRow& row = **found;
  bool stays = row.snapshot_seq != 0;
  if (!stays) {
    const auto holds = impl_->rooms.holds_update(room, row);
    if (!holds) return tl::unexpected(holds.error());
    stays = *holds;
  }
  if (!stays) {
    auto removed = impl_->transact_locked([&] {
      return impl_->snapshots.drop_all(row).and_then([&] { return impl_->rooms.remove(room, row); });
    });
    if (!removed) return removed;
  }
  impl_->owned.erase(row.id);
  return {};
}

Result<void> SqliteStore::retire() {
  const std::lock_guard lock(impl_->mutex);
  impl_->leased = false;
  return {};
}

// --- the owner's writes

// A failure that is not a request's own ends the transaction and is returned.
Result<void> SqliteStore::Impl::append_batch(std::span<const AppendRequest> requests,
                                             std::span<Result<void>> results) {
  size_t cost = 0;  // of carrying over as much as this
  for (size_t i = 0; i < requests.size(); ++i) {
    cost += requests[i].update.size();
    if (i == 0 || requests[i].room != requests[i - 1].room) cost += sqlite::Rooms::kRunCost;
  }
  bool folded = true;
  const auto batch = [&]() -> Result<void> {
    auto carried = fold.step(kFoldCost + 2 * cost);
    folded = carried || carried.error().code == Code::kUnavailable;
    return carried.and_then([&] { return rooms.append(requests, results); });
  };
  auto done = transact_locked(batch);
  if (folded) return done;
  // The journal is damaged, and stays as it is: those who read the rooms concerned are told.
  fold.stop();
  return transact_locked(batch);
}

std::vector<Result<void>> SqliteStore::append(std::span<const AppendRequest> requests) {
  std::vector<Result<void>> results(requests.size());
  if (requests.empty()) return results;
  const std::lock_guard lock(impl_->mutex);
  const auto batch = impl_->append_batch(requests, results);
  if (batch) return results;
  // What the medium does to us it may do to every request alike; other errors belong to one room.
  if (requests.size() == 1 || batch.error().code == Code::kUnavailable) {
    for (Result<void>& result : results) result = batch;
    return results;
  }
  // One room is damaged: each for itself, so that it does not take the others with it.
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto alone = impl_->append_batch(requests.subspan(i, 1), std::span(results).subspan(i, 1));
    if (!alone) results[i] = alone;
  }
  return results;
}

std::vector<Result<void>> SqliteStore::put_snapshots(std::span<const SnapshotRequest> requests) {
  const std::lock_guard lock(impl_->snapshot_mutex);
  std::vector<Result<void>> results;
  while (results.size() < requests.size()) {
    const auto rest = requests.subspan(results.size());
    size_t count = 0;
    for (size_t bytes = 0; count < rest.size() && count < kSnapshotsTogether; ++count) {
      bytes += rest[count].state.size();
      if (bytes > impl_->options.chunk_bytes) break;
    }
    if (count > 1) {
      std::ranges::move(impl_->put_together(rest.first(count)), std::back_inserter(results));
    } else {
      results.push_back(impl_->put_snapshot(rest.front()));
    }
  }
  return results;
}

// One transaction for all; those that are not granted are found before anything is written.
std::vector<Result<void>> SqliteStore::Impl::put_together(std::span<const SnapshotRequest> requests) {
  std::vector<Result<void>> results;
  for (const SnapshotRequest& request : requests) results.push_back(sweep(request));
  const auto done = transact([&]() -> Result<void> {
    for (size_t i = 0; i < requests.size(); ++i) {
      if (!results[i]) continue;
      results[i] = make_current(requests[i], std::nullopt, requests[i].state).map([](size_t) {});
      if (!results[i] && !is_own(results[i].error())) return results[i];
    }
    return {};
  });
  if (done) return results;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!results[i] && is_own(results[i].error())) continue;
    // What the medium does to us it may do to every request alike; other errors belong to one room.
    results[i] = done.error().code == Code::kUnavailable ? done : put_snapshot(requests[i]);
  }
  return results;
}

// All but the last part is written in transactions of its own, before anybody can see it. The last
// transaction writes the rest and makes the whole current; for a small state there is no other.
Result<void> SqliteStore::Impl::put_snapshot(const SnapshotRequest& request) {
  if (auto swept = sweep(request); !swept) return swept;  // what a snapshot that came to nothing left behind
  const size_t part_bytes = options.chunk_bytes * options.chunks_at_once;
  Bytes rest = request.state;
  std::optional<int64_t> place;  // the next chunk's; the first one's is behind the current snapshot
  for (; rest.size() > part_bytes; rest = rest.subspan(part_bytes)) {
    auto written = transact([&]() -> Result<void> {
      const auto row = find_for(request);
      if (!row) return tl::unexpected(row.error());
      const auto next =
          snapshots.write(request.room, *row, place.value_or(row->chunks_end), rest.first(part_bytes));
      if (!next) return tl::unexpected(next.error());
      place = *next;
      return {};
    });
    if (!written) return written;
  }
  size_t dropped = 0;
  auto done = transact(
      [&] { return make_current(request, place, rest).map([&](size_t garbage) { dropped = garbage; }); });
  // The snapshot is stored. What is not swept now, the next one sweeps.
  if (done && dropped == options.chunks_at_once) static_cast<void>(sweep(request));
  return done;
}

// In a transaction: writes the end of the state, from `place` on, and makes the whole the room's snapshot.
// How much of the one before was dropped: at most chunks_at_once.
Result<size_t> SqliteStore::Impl::make_current(const SnapshotRequest& request, std::optional<int64_t> place,
                                               Bytes rest) {
  auto row = find_for(request);
  if (!row) return tl::unexpected(row.error());
  const auto end = snapshots.write(request.room, *row, place.value_or(row->chunks_end), rest);
  if (!end) return tl::unexpected(end.error());
  row->chunks_begin = std::exchange(row->chunks_end, *end);
  if (auto set = rooms.set_snapshot(*row, request); !set) return tl::unexpected(set.error());
  return snapshots.drop_garbage(*row, options.chunks_at_once);
}

// The room, if the request may be granted. It is asked anew in each transaction: the owner may change
// between.
Result<RoomRow> SqliteStore::Impl::find_for(const SnapshotRequest& request) {
  return rooms.find_owned(request.room, request.epoch).and_then([&](const RoomRow& row) -> Result<RoomRow> {
    auto fits = storage::check_snapshot(request.room, request.seq, row.snapshot_seq, row.newest_seq);
    if (!fits) return tl::unexpected(fits.error());
    return row;
  });
}

// Removes what is not of the room's current snapshot, a few chunks a transaction.
Result<void> SqliteStore::Impl::sweep(const SnapshotRequest& request) {
  for (size_t dropped = options.chunks_at_once; dropped == options.chunks_at_once;) {
    auto swept = transact([&]() -> Result<void> {
      const auto row = find_for(request);
      if (!row) return tl::unexpected(row.error());
      const auto garbage = snapshots.drop_garbage(*row, options.chunks_at_once);
      if (!garbage) return tl::unexpected(garbage.error());
      dropped = *garbage;
      return {};
    });
    if (!swept) return swept;
  }
  return {};
}

// --- reading

Result<StoredRoom> SqliteStore::Impl::read(std::string_view room, const RoomRow& row) {
  auto snapshot = snapshots.read(room, row);
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto log = rooms.read_log(room, row);
  if (!log) return tl::unexpected(log.error());
  return StoredRoom{
      .snapshot_seq = row.snapshot_seq, .snapshot = std::move(*snapshot), .log = std::move(*log)};
}

Result<StoredRoom> SqliteStore::load(std::string_view room) {
  const std::lock_guard lock(impl_->mutex);
  if (auto clean = impl_->database->abandon(); !clean) return tl::unexpected(clean.error());
  const auto row = impl_->rooms.find(room);
  if (!row) return tl::unexpected(row.error());
  return *row ? impl_->read(room, **row) : StoredRoom{};
}

Result<std::vector<RoomInfo>> SqliteStore::rooms(std::string_view after, size_t limit) {
  const std::lock_guard lock(impl_->mutex);
  if (auto clean = impl_->database->abandon(); !clean) return tl::unexpected(clean.error());
  std::vector<RoomInfo> out;
  Run list(impl_->list_rooms);
  list.bind(after).bind(limit_of(limit));
  for (int rc = list.step(); rc != SQLITE_DONE; rc = list.step()) {
    if (rc != SQLITE_ROW) return tl::unexpected(impl_->database->read_error(rc, "the list of rooms"));
    const bool active = impl_->leased && impl_->owned.contains(list.integer(0));
    RoomInfo& info =
        out.emplace_back(RoomInfo{.room = list.text(1),
                                  .seq = static_cast<uint64_t>(list.integer(2)),
                                  .bytes = static_cast<uint64_t>(list.integer(3)),
                                  .created_unix_ms = list.integer(4),
                                  .updated_unix_ms = list.integer(5),
                                  .epoch = static_cast<uint64_t>(list.integer(6)),
                                  .active = active,
                                  .address = active ? impl_->options.owner.address : std::string()});
    const sqlite::Tail* tail = impl_->journal.find(info.room);
    if (tail == nullptr) continue;
    info.seq = std::max(info.seq, tail->newest_seq());
    info.bytes += tail->update_bytes();
    info.updated_unix_ms = tail->updated_unix_ms;
  }
  return out;
}

Result<std::vector<Quarantined>> SqliteStore::quarantined(std::string_view room) {
  const std::lock_guard lock(impl_->mutex);
  if (auto clean = impl_->database->abandon(); !clean) return tl::unexpected(clean.error());
  const auto row = impl_->rooms.find(room);
  if (!row) return tl::unexpected(row.error());
  return *row ? impl_->rooms.read_quarantine(room, **row) : std::vector<Quarantined>{};
}

// --- statistics

Result<void> SqliteStore::record_connections(std::span<const ConnectionRecord> connections) {
  if (connections.empty()) return {};
  return impl_->transact([&]() -> Result<void> {
    for (const ConnectionRecord& each : connections) {
      Run insert(impl_->insert_connection);
      insert.bind(each.room).bind(each.opened_unix_ms);
      if (auto recorded = impl_->database->run(insert); !recorded) return recorded;
    }
    return {};
  });
}

Result<std::vector<int64_t>> SqliteStore::connections(std::string_view room, size_t limit) {
  const std::lock_guard lock(impl_->mutex);
  if (auto clean = impl_->database->abandon(); !clean) return tl::unexpected(clean.error());
  std::vector<int64_t> out;
  Run read(impl_->read_connections);
  read.bind(room).bind(limit_of(limit));
  for (int rc = read.step(); rc != SQLITE_DONE; rc = read.step()) {
    if (rc != SQLITE_ROW) return tl::unexpected(impl_->database->read_error(rc, "the connections"));
    out.push_back(read.integer(0));
  }
  return out;
}

Result<void> SqliteStore::forget_connections(int64_t before_unix_ms) {
  for (int64_t forgotten = kForgottenAtOnce; forgotten == kForgottenAtOnce;) {
    auto done = impl_->transact([&]() -> Result<void> {
      Run forget(impl_->forget_connections);
      auto dropped = impl_->database->run(forget.bind(before_unix_ms).bind(kForgottenAtOnce));
      forgotten = sqlite3_changes(impl_->database->connection().get());
      return dropped;
    });
    if (!done) return done;
  }
  return {};
}

void SqliteStore::trim() {
  const std::lock_guard lock(impl_->mutex);
  sqlite3_db_release_memory(impl_->database->connection().get());
}

Result<void> SqliteStore::ping() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->database->ping();
}

}  // namespace symphony
