#include "storage/sqlite/sqlite_store.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "storage/checksum.h"
#include "storage/errors.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/sqlite.h"

namespace symphony {
namespace {

using sqlite::Connection;
using sqlite::Run;
using sqlite::Statement;
using storage::quoted;

// The checksum of one row: whose it is, its place and its bytes, so that a row in the wrong place is found as
// well.
uint32_t row_checksum(std::string_view room, uint64_t place, Bytes bytes) {
  std::array<uint8_t, 8> number{};
  for (size_t i = 0; i < number.size(); ++i) number[i] = static_cast<uint8_t>(place >> (8 * i));
  uint32_t crc = storage::crc32c({reinterpret_cast<const uint8_t*>(room.data()), room.size()});
  crc = storage::crc32c(number, crc);
  return storage::crc32c(bytes, crc);
}

struct RoomRow {
  int64_t id = 0;
  uint64_t newest_seq = 0;
  uint64_t snapshot_seq = 0;
  uint64_t snapshot_bytes = 0;
};

// What the medium did to us, and may do to every request alike; other errors belong to one room.
bool is_of_medium(const Error& error) { return error.code == Code::kUnavailable; }

std::string slot_of(std::string_view room, uint64_t seq) {
  return "room " + quoted(room) + ", slot " + std::to_string(seq);
}

std::string snapshot_of(std::string_view room, uint64_t seq) {
  return "room " + quoted(room) + ", snapshot at slot " + std::to_string(seq);
}

}  // namespace

struct SqliteStore::Impl {
  SqliteStoreOptions options;
  Connection connection;
  Statement begin, commit, rollback;
  Statement find_room, insert_room, advance_room, set_snapshot, list_rooms;
  Statement insert_update, read_updates, sum_updates, drop_updates;
  Statement insert_chunk, read_chunks, sum_chunks, drop_chunks;
  bool last_write_failed = false;

  Result<void> configure();
  Result<void> prepare();

  Error error(int rc, std::string_view verb) const { return connection.error(rc, verb); }
  Error corrupt(const std::string& where, const std::string& what) const {
    return {Code::kCorrupt,
            where + ": " + what + " in " + connection.path() + "; restore the file from a backup"};
  }
  // An error while reading `where`; damage that SQLite itself has found names the place too.
  Error read_error(int rc, const std::string& where) const {
    if ((rc & 0xff) == SQLITE_CORRUPT) return corrupt(where, "SQLite finds a damaged page");
    return error(rc, "read");
  }

  // Runs a statement without rows.
  Result<void> run(const Run& statement) {
    const int rc = statement.step();
    if (rc != SQLITE_DONE) return tl::unexpected(error(rc, "write"));
    return {};
  }

  // Everything `body` writes becomes durable, or nothing does.
  template <class Body>
  Result<void> transact(Body body) {
    if (auto clean = abandon(); !clean) return clean;
    auto outcome = run(Run(begin)).and_then(body).and_then([this] { return run(Run(commit)); });
    if (!outcome) {
      static_cast<void>(
          abandon());  // if this fails too, the next transaction tries it again before it begins
    }
    last_write_failed = !outcome && is_of_medium(outcome.error());
    return outcome;
  }

  // Ends a transaction that has not been committed. SQLite has often done so itself.
  Result<void> abandon() {
    if (sqlite3_get_autocommit(connection.get()) != 0) return {};
    return run(Run(rollback));
  }

  Result<std::optional<RoomRow>> find(std::string_view room);
  Result<void> append_one(const AppendRequest& request);
  Result<void> append_batch(std::span<const AppendRequest> requests, std::span<Result<void>> results);
  Result<void> replace_snapshot(std::string_view room, uint64_t seq, Bytes state);
  Result<Buffer> read_snapshot(std::string_view room, const RoomRow& row);
  Result<std::vector<LogEntry>> read_log(std::string_view room, const RoomRow& row);
};

Result<void> SqliteStore::Impl::configure() {
  sqlite3_busy_timeout(connection.get(), options.busy_timeout_ms);
  // Exclusive before the first access: a file in WAL mode is then locked by this process for as long as it is
  // open, and the index of the WAL is kept in our memory instead of a shared -shm file.
  auto mine = connection.execute("PRAGMA locking_mode = EXCLUSIVE").and_then([&] {
    return sqlite::check_owner(connection);
  });
  if (!mine) return mine;
  if (sqlite3_db_readonly(connection.get(), "main") == 1) {
    return tl::unexpected(error(SQLITE_READONLY, "open"));
  }
  const auto mode = connection.query_text("PRAGMA journal_mode = WAL");
  if (!mode) return tl::unexpected(mode.error());
  if (*mode != "wal") {
    return fail(Code::kUnavailable, "cannot open " + connection.path() + ": WAL mode is not possible there");
  }
  const std::string pragmas =
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
      "PRAGMA wal_autocheckpoint = " +
      std::to_string(options.checkpoint_pages) +
      "; PRAGMA journal_size_limit = " + std::to_string(options.wal_bytes_kept) + "; PRAGMA cache_size = -" +
      std::to_string(options.cache_kib);
  return connection.execute(pragmas.c_str()).and_then([&] { return sqlite::migrate(connection); });
}

Result<void> SqliteStore::Impl::prepare() {
  const std::pair<Statement&, const char*> all[] = {
      {begin, "BEGIN IMMEDIATE"},
      {commit, "COMMIT"},
      {rollback, "ROLLBACK"},
      {find_room, "SELECT id, newest_seq, snapshot_seq, snapshot_bytes FROM rooms WHERE name = ?1"},
      {insert_room,
       "INSERT INTO rooms (name, newest_seq, log_bytes, updated_unix_ms) VALUES (?1, ?2, ?3, ?4) RETURNING "
       "id"},
      {advance_room,
       "UPDATE rooms SET newest_seq = ?2, log_bytes = log_bytes + ?3, updated_unix_ms = ?4 WHERE id = ?1"},
      {set_snapshot,
       "UPDATE rooms SET snapshot_seq = ?2, snapshot_bytes = ?3, log_bytes = log_bytes - ?4 WHERE id = ?1"},
      {list_rooms,
       "SELECT name, newest_seq, snapshot_bytes + log_bytes, updated_unix_ms FROM rooms"
       " WHERE name > ?1 ORDER BY name LIMIT ?2"},
      {insert_update, "INSERT INTO updates (room, seq, checksum, bytes) VALUES (?1, ?2, ?3, ?4)"},
      {read_updates, "SELECT seq, checksum, bytes FROM updates WHERE room = ?1 ORDER BY seq"},
      {sum_updates, "SELECT coalesce(sum(length(bytes)), 0) FROM updates WHERE room = ?1 AND seq <= ?2"},
      {drop_updates, "DELETE FROM updates WHERE room = ?1 AND seq <= ?2"},
      {insert_chunk, "INSERT INTO snapshot_chunks (room, place, checksum, bytes) VALUES (?1, ?2, ?3, ?4)"},
      {read_chunks, "SELECT place, checksum, bytes FROM snapshot_chunks WHERE room = ?1 ORDER BY place"},
      {sum_chunks, "SELECT coalesce(sum(length(bytes)), 0) FROM snapshot_chunks WHERE room = ?1"},
      {drop_chunks, "DELETE FROM snapshot_chunks WHERE room = ?1"},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = Statement::prepare(connection, sql);
    if (!prepared) return tl::unexpected(prepared.error());
    statement = std::move(*prepared);
  }
  return {};
}

Result<std::optional<RoomRow>> SqliteStore::Impl::find(std::string_view room) {
  if (auto named = storage::check_name(room); !named) return tl::unexpected(named.error());
  Run found(find_room);
  const int rc = found.bind(room).step();
  if (rc == SQLITE_DONE) return std::nullopt;
  if (rc != SQLITE_ROW) return tl::unexpected(read_error(rc, "room " + quoted(room)));
  const std::array<int64_t, 3> numbers = {found.integer(1), found.integer(2), found.integer(3)};
  if (std::ranges::min(numbers) < 0 || numbers[0] < numbers[1]) {
    return tl::unexpected(corrupt("room " + quoted(room), "the row of the room is not what was written"));
  }
  return RoomRow{found.integer(0), static_cast<uint64_t>(numbers[0]), static_cast<uint64_t>(numbers[1]),
                 static_cast<uint64_t>(numbers[2])};
}

Result<void> SqliteStore::Impl::append_one(const AppendRequest& request) {
  const auto row = find(request.room);
  if (!row) return tl::unexpected(row.error());
  const uint64_t newest = *row ? (*row)->newest_seq : 0;
  if (auto free = storage::check_slot(request.room, request.seq, newest); !free) return free;
  const int size_max =
      sqlite3_limit(connection.get(), SQLITE_LIMIT_LENGTH, -1) - 1024;  // 1024: the row's other columns
  if (request.update.size() > static_cast<size_t>(size_max)) {
    return fail(Code::kLimit, slot_of(request.room, request.seq) + ": an update of " +
                                  std::to_string(request.update.size()) + " bytes is too large for SQLite");
  }

  const auto seq = static_cast<int64_t>(request.seq);
  const auto bytes = static_cast<int64_t>(request.update.size());
  int64_t id = 0;
  if (*row) {
    id = (*row)->id;
    auto advanced = run(Run(advance_room).bind(id).bind(seq).bind(bytes).bind(storage::unix_ms()));
    if (!advanced) return advanced;
  } else {
    Run inserted(insert_room);
    const int rc = inserted.bind(request.room).bind(seq).bind(bytes).bind(storage::unix_ms()).step();
    if (rc != SQLITE_ROW) return tl::unexpected(error(rc, "write"));
    id = inserted.integer(0);
  }
  Run entry(insert_update);
  const uint32_t checksum = row_checksum(request.room, request.seq, request.update);
  const int rc = entry.bind(id).bind(seq).bind(int64_t{checksum}).bind(request.update).step();
  if ((rc & 0xff) == SQLITE_CONSTRAINT) {
    return tl::unexpected(
        corrupt(slot_of(request.room, request.seq), "there is a slot after the newest one"));
  }
  if (rc != SQLITE_DONE) return tl::unexpected(error(rc, "write"));
  return {};
}

// A conflict is found before anything is written, so it stays the request's own and the transaction goes on.
// Any other failure ends the transaction and is returned.
Result<void> SqliteStore::Impl::append_batch(std::span<const AppendRequest> requests,
                                             std::span<Result<void>> results) {
  return transact([&]() -> Result<void> {
    for (size_t i = 0; i < requests.size(); ++i) {
      results[i] = append_one(requests[i]);
      if (results[i]) continue;
      const Code code = results[i].error().code;
      if (code != Code::kConflict && code != Code::kInvalid && code != Code::kLimit) return results[i];
    }
    return {};
  });
}

Result<void> SqliteStore::Impl::replace_snapshot(std::string_view room, uint64_t seq, Bytes state) {
  const auto row = find(room);
  if (!row) return tl::unexpected(row.error());
  if (!*row) return storage::check_snapshot(room, seq, 0, 0);
  const RoomRow& old = **row;
  if (auto fits = storage::check_snapshot(room, seq, old.snapshot_seq, old.newest_seq); !fits) return fits;

  const auto slot = static_cast<int64_t>(seq);
  int64_t dropped = 0;
  {
    Run sum(sum_updates);
    const int rc = sum.bind(old.id).bind(slot).step();
    if (rc != SQLITE_ROW) return tl::unexpected(read_error(rc, "room " + quoted(room)));
    dropped = sum.integer(0);
  }
  auto done = run(Run(drop_chunks).bind(old.id));
  for (size_t at = 0, place = 0; done && at < state.size(); at += options.chunk_bytes, ++place) {
    const Bytes chunk = state.subspan(at, std::min(options.chunk_bytes, state.size() - at));
    const uint32_t checksum = row_checksum(room, place, chunk);
    done = run(
        Run(insert_chunk).bind(old.id).bind(static_cast<int64_t>(place)).bind(int64_t{checksum}).bind(chunk));
  }
  return done.and_then([&] { return run(Run(drop_updates).bind(old.id).bind(slot)); }).and_then([&] {
    const auto bytes = static_cast<int64_t>(state.size());
    return run(Run(set_snapshot).bind(old.id).bind(slot).bind(bytes).bind(dropped));
  });
}

Result<Buffer> SqliteStore::Impl::read_snapshot(std::string_view room, const RoomRow& row) {
  const std::string where = snapshot_of(room, row.snapshot_seq);
  Buffer snapshot;
  {
    // The sum reads no contents, so a damaged size is found before memory is taken for it.
    Run sum(sum_chunks);
    const int rc = sum.bind(row.id).step();
    if (rc != SQLITE_ROW) return tl::unexpected(read_error(rc, where));
    if (static_cast<uint64_t>(sum.integer(0)) != row.snapshot_bytes) {
      return tl::unexpected(corrupt(where, "a part of it is missing"));
    }
    snapshot.reserve(static_cast<size_t>(row.snapshot_bytes));
  }
  Run chunks(read_chunks);
  chunks.bind(row.id);
  uint64_t place = 0;
  for (int rc = chunks.step(); rc != SQLITE_DONE; rc = chunks.step(), ++place) {
    if (rc != SQLITE_ROW) return tl::unexpected(read_error(rc, where));
    const Bytes chunk = chunks.blob(2);
    if (static_cast<uint64_t>(chunks.integer(0)) != place ||
        chunks.integer(1) != row_checksum(room, place, chunk)) {
      return tl::unexpected(corrupt(where, "its bytes do not match their checksum"));
    }
    snapshot.insert(snapshot.end(), chunk.begin(), chunk.end());
  }
  return snapshot;
}

Result<std::vector<LogEntry>> SqliteStore::Impl::read_log(std::string_view room, const RoomRow& row) {
  std::vector<LogEntry> log;
  uint64_t newest = row.snapshot_seq;
  Run updates(read_updates);
  updates.bind(row.id);
  for (int rc = updates.step(); rc != SQLITE_DONE; rc = updates.step()) {
    const std::string_view missing = "the slot is missing or not the room's";
    if (rc != SQLITE_ROW) return tl::unexpected(read_error(rc, slot_of(room, newest + 1)));
    if (static_cast<uint64_t>(updates.integer(0)) != ++newest || newest > row.newest_seq) {
      return tl::unexpected(corrupt(slot_of(room, newest), std::string(missing)));
    }
    const Bytes update = updates.blob(2);
    if (updates.integer(1) != row_checksum(room, newest, update)) {
      return tl::unexpected(corrupt(slot_of(room, newest), "the update does not match its checksum"));
    }
    log.push_back({newest, Buffer(update.begin(), update.end())});
  }
  if (newest != row.newest_seq)
    return tl::unexpected(corrupt(slot_of(room, newest + 1), "the slot is missing"));
  return log;
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteStoreOptions& options) {
  auto connection = Connection::open(options.path, options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (!connection) return tl::unexpected(connection.error());
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->connection = std::move(*connection);
  auto ready = impl->configure().and_then([&] { return impl->prepare(); });
  if (!ready) return tl::unexpected(ready.error());
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() = default;

Result<StoredRoom> SqliteStore::load(std::string_view room) {
  StoredRoom out;
  const auto row = impl_->find(room);
  if (!row) return tl::unexpected(row.error());
  if (!*row) return out;
  auto snapshot = impl_->read_snapshot(room, **row);
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto log = impl_->read_log(room, **row);
  if (!log) return tl::unexpected(log.error());
  out.snapshot_seq = (*row)->snapshot_seq;
  out.snapshot = std::move(*snapshot);
  out.log = std::move(*log);
  return out;
}

std::vector<Result<void>> SqliteStore::append(std::span<const AppendRequest> requests) {
  std::vector<Result<void>> results(requests.size());
  if (requests.empty()) return results;
  const auto batch = impl_->append_batch(requests, results);
  if (batch) return results;
  if (requests.size() == 1 || is_of_medium(batch.error())) {
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

Result<void> SqliteStore::put_snapshot(std::string_view room, uint64_t seq, Bytes state) {
  return impl_->transact([&] { return impl_->replace_snapshot(room, seq, state); });
}

Result<std::vector<RoomInfo>> SqliteStore::rooms(std::string_view after, size_t limit) {
  std::vector<RoomInfo> out;
  Run list(impl_->list_rooms);
  list.bind(after).bind(static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX)));
  for (int rc = list.step(); rc != SQLITE_DONE; rc = list.step()) {
    if (rc != SQLITE_ROW) return tl::unexpected(impl_->read_error(rc, "the list of rooms"));
    out.push_back({list.text(0), static_cast<uint64_t>(list.integer(1)),
                   static_cast<uint64_t>(list.integer(2)), list.integer(3)});
  }
  return out;
}

Result<void> SqliteStore::ping() {
  if (impl_->last_write_failed) {
    // The header again as it is: the smallest real write.
    const std::string sql = "PRAGMA user_version = " + std::to_string(sqlite::kSchemaVersion);
    auto written = impl_->transact([&] { return impl_->connection.execute(sql.c_str()); });
    if (written) impl_->last_write_failed = false;
    return written;
  }
  // Not through the page cache, which would answer for a disk that is gone.
  sqlite3_file* file = nullptr;
  sqlite3_file_control(impl_->connection.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  std::array<char, 16> header{};
  const int rc = file->pMethods->xRead(file, header.data(), static_cast<int>(header.size()), 0);
  // Until the first checkpoint, the file may be shorter than its header.
  if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) return tl::unexpected(impl_->error(rc, "read"));
  return {};
}

}  // namespace symphony
