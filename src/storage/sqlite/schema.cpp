#include "storage/sqlite/schema.h"

#include <iterator>

namespace symphony::sqlite {
namespace {

// What leads from each version to the next. A step that was ever released is never changed.
//
// A room's name is a BLOB, so that it is compared byte by byte and any byte may occur. Rows of `updates` live
// in the primary key's tree itself (WITHOUT ROWID), in the order in which they are appended and read: one
// tree to write per append instead of two. Chunks are too large for that and keep their rowid.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE rooms (
  id              INTEGER PRIMARY KEY,
  name            BLOB    NOT NULL UNIQUE,
  newest_seq      INTEGER NOT NULL,
  snapshot_seq    INTEGER NOT NULL DEFAULT 0,
  snapshot_bytes  INTEGER NOT NULL DEFAULT 0,
  log_bytes       INTEGER NOT NULL,
  updated_unix_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE updates (
  room     INTEGER NOT NULL REFERENCES rooms (id),
  seq      INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes    BLOB    NOT NULL,
  PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshot_chunks (
  room     INTEGER NOT NULL REFERENCES rooms (id),
  place    INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes    BLOB    NOT NULL,
  UNIQUE (room, place)
) STRICT;
PRAGMA application_id = 1398361424;
)sql",

    // Epochs. The current snapshot's chunks are those from chunks_begin to before chunks_end, so that the
    // next ones can be written behind them. What was written before there were epochs has epoch 0.
    // Connections name their room by itself: they are counted for rooms that nothing is stored of, too.
    R"sql(
ALTER TABLE rooms ADD COLUMN epoch           INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN chunks_begin    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN chunks_end      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN created_unix_ms INTEGER NOT NULL DEFAULT 0;
UPDATE rooms SET created_unix_ms = updated_unix_ms,
                 chunks_end = (SELECT count(*) FROM snapshot_chunks WHERE room = rooms.id);
ALTER TABLE updates ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
CREATE TABLE epochs (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  newest INTEGER NOT NULL
) STRICT;
INSERT INTO epochs VALUES (1, 0);
CREATE TABLE quarantine (
  room     INTEGER NOT NULL REFERENCES rooms (id),
  seq      INTEGER NOT NULL,
  epoch    INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes    BLOB    NOT NULL,
  reason   TEXT    NOT NULL,
  unix_ms  INTEGER NOT NULL,
  PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE connections (
  room           BLOB    NOT NULL,
  opened_unix_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX connections_of_room ON connections (room, opened_unix_ms);
CREATE INDEX connections_by_time ON connections (opened_unix_ms);
)sql",

    // The journal (journal.h). A row of `updates` holds one update, as it always did (slots is 0), or so many
    // slots from `seq` on, packed (slots.h), each with a checksum of its own. newest_seq, log_bytes and
    // updated_unix_ms of a room say what holds without the journal.
    R"sql(
CREATE TABLE journal (
  id      INTEGER PRIMARY KEY,
  unix_ms INTEGER NOT NULL,
  bytes   BLOB    NOT NULL
) STRICT;
ALTER TABLE updates ADD COLUMN slots INTEGER NOT NULL DEFAULT 0;
)sql"};

static_assert(kApplicationId == 1398361424 && kSchemaVersion == std::size(kSteps));

Result<void> run_step(Connection& connection, int64_t version) {
  const std::string set_version = "PRAGMA user_version = " + std::to_string(version + 1) + "; COMMIT";
  auto done = connection.execute("BEGIN IMMEDIATE")
                  .and_then([&] { return connection.execute(kSteps[version]); })
                  .and_then([&] { return connection.execute(set_version.c_str()); });
  if (!done && sqlite3_get_autocommit(connection.get()) == 0) {
    static_cast<void>(connection.execute("ROLLBACK"));  // the first error is the one to report
  }
  return done;
}

}  // namespace

Result<int64_t> schema_version(Connection& connection) {
  const auto application = connection.query_int("PRAGMA application_id");
  if (!application) return tl::unexpected(application.error());
  const auto version = connection.query_int("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  const auto objects = connection.query_int("SELECT count(*) FROM sqlite_schema");
  if (!objects) return tl::unexpected(objects.error());

  const bool fresh = *application == 0 && *version == 0 && *objects == 0;
  if (!fresh && *application != kApplicationId) {
    return fail(Code::kInvalid, connection.path() + " is the database of another program; name another file");
  }
  if (*version > kSchemaVersion) {
    return fail(Code::kConflict, connection.path() + " was written by a newer Symphony (schema " +
                                     std::to_string(*version) + ", this one knows " +
                                     std::to_string(kSchemaVersion) + "); start that version");
  }
  if (*version < (fresh ? 0 : 1)) {
    return tl::unexpected(
        Error{Code::kCorrupt, "the schema's version in " + connection.path() +
                                  " is not one that was written; restore the file from a backup"});
  }
  return *version;
}

Result<void> migrate(Connection& connection) {
  const auto version = schema_version(connection);
  if (!version) return tl::unexpected(version.error());
  for (int64_t at = *version; at < kSchemaVersion; ++at) {
    if (auto done = run_step(connection, at); !done) return done;
  }
  return {};
}

}  // namespace symphony::sqlite
