#include "storage/sqlite/database.h"

#include <array>

#include "storage/checksum.h"
#include "storage/sqlite/schema.h"

namespace symphony::sqlite {

Result<std::unique_ptr<Database>> Database::open(const SqliteStoreOptions& options, int64_t* former_version) {
  auto connection = Connection::open(options.path, options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (!connection) return tl::unexpected(connection.error());
  auto database = std::make_unique<Database>();
  database->connection_ = std::move(*connection);
  auto ready = database->configure(options, former_version).and_then([&] {
    return database->prepare({{database->begin_, "BEGIN IMMEDIATE"},
                              {database->commit_, "COMMIT"},
                              {database->rollback_, "ROLLBACK"}});
  });
  if (!ready) return tl::unexpected(ready.error());
  return database;
}

Result<void> Database::configure(const SqliteStoreOptions& options, int64_t* former_version) {
  sqlite3_busy_timeout(connection_.get(), options.busy_timeout_ms);
  // Exclusive before the first access: a file in WAL mode is then locked by this process for as long as it is
  // open, and the index of the WAL is kept in our memory instead of a shared -shm file.
  if (auto locked = connection_.execute("PRAGMA locking_mode = EXCLUSIVE"); !locked) return locked;
  const auto version = schema_version(connection_);
  if (!version) return tl::unexpected(version.error());
  if (former_version != nullptr) *former_version = *version;
  if (sqlite3_db_readonly(connection_.get(), "main") == 1) {
    return tl::unexpected(error(SQLITE_READONLY, "open"));
  }
  const auto mode = connection_.query_text("PRAGMA journal_mode = WAL");
  if (!mode) return tl::unexpected(mode.error());
  if (*mode != "wal") {
    return fail(Code::kUnavailable, "cannot open " + connection_.path() + ": WAL mode is not possible there");
  }
  // Zeroing what is deleted is left to pages that are written anyway, whatever this build of SQLite would do:
  // it would write every replaced snapshot a second time.
  const std::string pragmas =
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = FAST;"
      "PRAGMA wal_autocheckpoint = " +
      std::to_string(options.checkpoint_pages) +
      "; PRAGMA journal_size_limit = " + std::to_string(options.wal_bytes_kept) + "; PRAGMA cache_size = -" +
      std::to_string(options.cache_kib);
  return connection_.execute(pragmas.c_str()).and_then([&] { return migrate(connection_); });
}

Result<void> Database::prepare(std::initializer_list<std::pair<Statement&, const char*>> statements) {
  for (const auto& [statement, sql] : statements) {
    auto prepared = Statement::prepare(connection_, sql);
    if (!prepared) return tl::unexpected(prepared.error());
    statement = std::move(*prepared);
  }
  return {};
}

Result<void> Database::abandon() {
  if (sqlite3_get_autocommit(connection_.get()) != 0) return {};
  return run(Run(rollback_));
}

Result<void> Database::run(const Run& statement) {
  const int rc = statement.step();
  if (rc != SQLITE_DONE) return tl::unexpected(error(rc, "write"));
  return {};
}

Result<void> Database::ping() {
  if (last_write_failed_) {
    // The header again as it is: the smallest real write.
    const std::string sql = "PRAGMA user_version = " + std::to_string(kSchemaVersion);
    return transact([&] { return connection_.execute(sql.c_str()); });
  }
  // Not through the page cache, which would answer for a disk that is gone.
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  std::array<char, 16> header{};
  const int rc = file->pMethods->xRead(file, header.data(), static_cast<int>(header.size()), 0);
  // Until the first checkpoint, the file may be shorter than its header.
  if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) return tl::unexpected(error(rc, "read"));
  return {};
}

Error Database::corrupt(const std::string& where, const std::string& what) const {
  return {Code::kCorrupt,
          where + ": " + what + " in " + connection_.path() + "; restore the file from a backup"};
}

Error Database::read_error(int rc, const std::string& where) const {
  if ((rc & 0xff) == SQLITE_CORRUPT) return corrupt(where, "SQLite finds a damaged page");
  return error(rc, "read");
}

}  // namespace symphony::sqlite
