#include "storage/sqlite/schema.h"

namespace symphony::sqlite {
namespace {

// A room's name is a BLOB, so that it is compared byte by byte and any byte may occur. Rows of `updates` live
// in the primary key's tree itself (WITHOUT ROWID), in the order in which they are appended and read: one
// tree to write per append instead of two. Chunks are too large for that and keep their rowid.
constexpr const char* kVersion1 = R"sql(
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
PRAGMA user_version = 1;
)sql";

static_assert(kApplicationId == 1398361424 && kSchemaVersion == 1);

}  // namespace

Result<void> check_owner(Connection& connection) {
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
  return {};
}

Result<void> migrate(Connection& connection) {
  const auto version = connection.query_int("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version == kSchemaVersion) return {};
  // One transaction: a crash leaves an empty file, which is fresh.
  auto done = connection.execute("BEGIN IMMEDIATE")
                  .and_then([&] { return connection.execute(kVersion1); })
                  .and_then([&] { return connection.execute("COMMIT"); });
  if (!done && sqlite3_get_autocommit(connection.get()) == 0) {
    static_cast<void>(connection.execute("ROLLBACK"));  // the first error is the one to report
  }
  return done;
}

}  // namespace symphony::sqlite
