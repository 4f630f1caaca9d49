// Files of older versions, of newer ones and of others.
#include "storage/sqlite/schema.h"

#include <gmock/gmock.h>

#include <fstream>

#include "storage/checksum.h"
#include "storage/owner_testing.h"
#include "storage/sqlite/simulated_disk.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

using sqlite::Connection;
using testing::HasSubstr;

// What version 1 wrote: room "notes" with a snapshot at 3, in three chunks, and slots 4 and 5; room "a\0b"
// with slots 1 and 2; room "empty" with an empty snapshot at 1.
constexpr const char* kVersion1File = R"sql(
BEGIN;
CREATE TABLE rooms (
  id              INTEGER PRIMARY KEY,
  name            BLOB    NOT NULL UNIQUE,
  newest_seq      INTEGER NOT NULL,
  snapshot_seq    INTEGER NOT NULL DEFAULT 0,
  snapshot_bytes  INTEGER NOT NULL DEFAULT 0,
  log_bytes       INTEGER NOT NULL,
  updated_unix_ms INTEGER NOT NULL
) STRICT;
INSERT INTO rooms VALUES (1, x'6e6f746573', 5, 3, 18, 14, 1795832518709);
INSERT INTO rooms VALUES (2, x'610062', 2, 0, 0, 11, 1795832518717);
INSERT INTO rooms VALUES (3, x'656d707479', 1, 1, 0, 0, 1795832518721);
CREATE TABLE updates (
  room     INTEGER NOT NULL REFERENCES rooms (id),
  seq      INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes    BLOB    NOT NULL,
  PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO updates VALUES (1, 4, 539770982, x'6e6f7465732334');
INSERT INTO updates VALUES (1, 5, 3049864804, x'6e6f7465732335');
INSERT INTO updates VALUES (2, 1, 2049327125, x'6669727374');
INSERT INTO updates VALUES (2, 2, 4069423779, x'7365636f6e64');
CREATE TABLE snapshot_chunks (
  room     INTEGER NOT NULL REFERENCES rooms (id),
  place    INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes    BLOB    NOT NULL,
  UNIQUE (room, place)
) STRICT;
INSERT INTO snapshot_chunks VALUES (1, 0, 3566341828, x'7374617465206f66');
INSERT INTO snapshot_chunks VALUES (1, 1, 2307391635, x'20746865206e6f74');
INSERT INTO snapshot_chunks VALUES (1, 2, 3981127731, x'6573');
PRAGMA application_id = 1398361424;
PRAGMA user_version = 1;
COMMIT;
)sql";

// What version 2 wrote: room "notes" with a snapshot at 3 and slots 4 (of epoch 3), 5 (the fence of epoch 7)
// and 6; room "log" without a snapshot, of epoch 8, with 500 updates behind its fence; an update in
// quarantine.
std::string version_2_file() {
  std::string sql = R"sql(
BEGIN;
CREATE TABLE rooms (
  id              INTEGER PRIMARY KEY,
  name            BLOB    NOT NULL UNIQUE,
  newest_seq      INTEGER NOT NULL,
  snapshot_seq    INTEGER NOT NULL DEFAULT 0,
  snapshot_bytes  INTEGER NOT NULL DEFAULT 0,
  log_bytes       INTEGER NOT NULL,
  updated_unix_ms INTEGER NOT NULL
, epoch           INTEGER NOT NULL DEFAULT 0, chunks_begin    INTEGER NOT NULL DEFAULT 0,
  chunks_end      INTEGER NOT NULL DEFAULT 0, created_unix_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE updates (
  room     INTEGER NOT NULL REFERENCES rooms (id),
  seq      INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes    BLOB    NOT NULL, epoch INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshot_chunks (
  room     INTEGER NOT NULL REFERENCES rooms (id),
  place    INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  bytes    BLOB    NOT NULL,
  UNIQUE (room, place)
) STRICT;
CREATE TABLE epochs (id INTEGER PRIMARY KEY CHECK (id = 1), newest INTEGER NOT NULL) STRICT;
INSERT INTO epochs VALUES (1, 8);
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
CREATE TABLE connections (room BLOB NOT NULL, opened_unix_ms INTEGER NOT NULL) STRICT;
CREATE INDEX connections_of_room ON connections (room, opened_unix_ms);
CREATE INDEX connections_by_time ON connections (opened_unix_ms);
INSERT INTO rooms VALUES (1, CAST('notes' AS BLOB), 6, 3, 5, 14, 1795832518709, 7, 2, 3, 1795832518000);
INSERT INTO rooms VALUES (2, CAST('log' AS BLOB), 501, 0, 0, 0, 1795832518717, 8, 0, 0, 1795832518000);
)sql";
  const auto checksum = [](std::string_view room, std::initializer_list<uint64_t> numbers,
                           const std::string& text) {
    return std::to_string(storage::row_checksum(room, numbers, as_bytes(text)));
  };
  const auto slot = [&](int id, std::string_view room, uint64_t seq, uint64_t epoch,
                        const std::string& text) {
    sql += "INSERT INTO updates VALUES (" + std::to_string(id) + ", " + std::to_string(seq) + ", " +
           checksum(room, {seq, epoch}, text) + ", CAST('" + text + "' AS BLOB), " + std::to_string(epoch) +
           ");";
  };
  slot(1, "notes", 4, 3, "notes#4");
  slot(1, "notes", 5, 7, "");
  slot(1, "notes", 6, 7, "notes#6");
  slot(2, "log", 1, 8, "");
  for (uint64_t seq = 2; seq <= 501; ++seq) slot(2, "log", seq, 8, std::to_string(seq));
  sql += "INSERT INTO snapshot_chunks VALUES (1, 2, " + checksum("notes", {2}, "state") +
         ", CAST('state' AS BLOB));";
  sql += "INSERT INTO quarantine VALUES (1, 2, 3, " + checksum("notes", {2, 3}, "poison") +
         ", CAST('poison' AS BLOB), 'refused', 1795832518000);";
  return sql + "PRAGMA application_id = 1398361424; PRAGMA user_version = 2; COMMIT";
}

class SqliteSchema : public testing::Test {
 protected:
  TemporaryFolder folder;
  SqliteStoreOptions options{.path = folder.file("rooms.db")};

  // Runs SQL on the closed file behind the store's back.
  void execute(const std::string& sql) {
    auto connection = Connection::open(options.path, options.vfs.empty() ? nullptr : options.vfs.c_str());
    ASSERT_TRUE(connection) << connection.error().message;
    const auto done =
        connection->execute(("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; " + sql).c_str());
    ASSERT_TRUE(done) << done.error().message;
  }
  int64_t number(const char* sql) {
    auto connection = Connection::open(options.path, nullptr);
    EXPECT_TRUE(connection);
    return connection->query_int(sql).value();
  }
  std::unique_ptr<SqliteStore> open() {
    auto store = SqliteStore::open(options);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  std::string content() {
    std::ifstream file(options.path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  static void check_version_1(Store& store) {
    EXPECT_EQ(shown(store, "notes"), "state of the notes | notes#4 | notes#5");
    EXPECT_EQ(shown(store, std::string_view("a\0b", 3)), " | first | second");
    EXPECT_EQ(shown(store, "empty"), "");
    EXPECT_EQ(store.load("empty").value().snapshot_seq, 1u);
  }
};

TEST_F(SqliteSchema, a_file_of_version_1_is_brought_up_with_all_that_is_in_it) {
  execute(kVersion1File);
  const auto first = migrate_sqlite(options);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->from, 1);
  EXPECT_EQ(first->to, sqlite::kSchemaVersion);
  const auto again = migrate_sqlite(options);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->from, sqlite::kSchemaVersion);

  TestOwner owner(open());
  check_version_1(owner.store());
  EXPECT_EQ(owner.store().load("notes").value().log.at(0).epoch, 0u);
  const RoomInfo info = owner.store().rooms("empty", 1).value().at(0);
  EXPECT_EQ(info.room, "notes");
  EXPECT_EQ(info.seq, 5u);
  EXPECT_EQ(info.bytes, 18u + 14u);
  EXPECT_EQ(info.created_unix_ms, 1795832518709);
  EXPECT_EQ(info.updated_unix_ms, 1795832518709);
  EXPECT_EQ(info.epoch, 0u);
  expect_code(owner.append_at("notes", 0, 6, "nobody's"), Code::kConflict);
}

TEST_F(SqliteSchema, a_room_of_version_1_goes_on) {
  execute(kVersion1File);
  {
    TestOwner owner(open());
    ASSERT_TRUE(owner.append("notes", "notes#7"));  // behind the fence in slot 6
    EXPECT_EQ(shown(owner.store(), "notes"), "state of the notes | notes#4 | notes#5 | notes#7");
    EXPECT_EQ(owner.epoch("notes"), 1u);
    const Poison poison{5, "refused"};  // written when there were no epochs
    ASSERT_TRUE(owner.put_snapshot("notes", 6, bytes_of("a new state"), {&poison, 1}));
  }
  const auto store = open();
  EXPECT_EQ(shown(*store, "notes"), "a new state | notes#7");
  const auto kept = store->quarantined("notes").value();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(text_of(kept[0].update), "notes#5");
  EXPECT_EQ(kept[0].epoch, 0u);
}

TEST_F(SqliteSchema, damage_of_version_1_is_found_after_it_too) {
  for (const char* damage :
       {"UPDATE updates SET bytes = x'6e6f7465732335' WHERE seq = 4",
        "UPDATE snapshot_chunks SET bytes = x'6666' WHERE place = 2", "DELETE FROM updates WHERE seq = 4",
        "DELETE FROM snapshot_chunks WHERE place = 2"}) {
    SCOPED_TRACE(damage);
    std::filesystem::remove(options.path);
    execute(kVersion1File);
    execute(damage);
    const auto store = open();
    expect_code(store->load("notes"), Code::kCorrupt);
    EXPECT_EQ(shown(*store, std::string_view("a\0b", 3)), " | first | second");
  }
}

TEST_F(SqliteSchema, a_file_of_version_2_is_brought_up_and_goes_on) {
  execute(version_2_file());
  EXPECT_EQ(migrate_sqlite(options).value().from, 2);
  std::string log;
  for (int seq = 2; seq <= 501; ++seq) log += " | " + std::to_string(seq);
  {
    TestOwner owner(open());
    EXPECT_EQ(shown(owner.store(), "notes"), "state | notes#4 | notes#6");
    EXPECT_EQ(shown(owner.store(), "log"), log);
    EXPECT_EQ(owner.store().quarantined("notes").value().at(0).reason, "refused");
    ASSERT_TRUE(owner.append("notes", "notes#8"));  // behind the fence in slot 7
    ASSERT_TRUE(owner.append("log", "more"));
    EXPECT_EQ(owner.epoch("notes"), 9u);
    expect_code(owner.append_at("log", 8, 503, "late"), Code::kConflict);
    EXPECT_EQ(shown(owner.store(), "notes"), "state | notes#4 | notes#6 | notes#8");
    EXPECT_EQ(owner.store().rooms("log", 1).value().at(0).bytes, 5u + 14 + 7);
  }
  EXPECT_EQ(shown(*open(), "log"), log + " | more");
  TestOwner owner(open());
  ASSERT_TRUE(owner.take("notes"));
  const Poison poison{6, "refused, too"};
  ASSERT_TRUE(owner.put_snapshot("notes", 7, bytes_of("a new state"), {&poison, 1}));
  EXPECT_EQ(shown(owner.store(), "notes"), "a new state | notes#8");
  EXPECT_EQ(owner.store().quarantined("notes").value().size(), 2u);
}

// A large file takes no longer: two thousand updates and 16 MB of snapshots cost few writes.
TEST_F(SqliteSchema, snapshots_and_updates_are_not_copied) {
  SimulatedDisk disk(1);
  options.vfs = disk.name();
  execute(kVersion1File);
  execute(
      "WITH RECURSIVE n (i) AS (VALUES (3) UNION ALL SELECT i + 1 FROM n WHERE i < 2002)"
      " INSERT INTO updates SELECT 2, i, 0, zeroblob(1000) FROM n;"
      "WITH RECURSIVE n (i) AS (VALUES (3) UNION ALL SELECT i + 1 FROM n WHERE i < 18)"
      " INSERT INTO snapshot_chunks SELECT 1, i, 0, zeroblob(1000000) FROM n");
  const uint64_t before = disk.operations();
  EXPECT_EQ(migrate_sqlite(options).value().from, 1);
  EXPECT_LT(disk.operations() - before, 100u);
}

TEST_F(SqliteSchema, the_way_up_fails_anywhere_and_is_gone_again) {
  using Fault = SimulatedDisk::Fault;
  for (const Fault fault : {Fault::kErrorOnce, Fault::kFull, Fault::kPowerCut}) {
    bool hit = true;
    for (uint64_t n = 1; hit; ++n) {
      SCOPED_TRACE("operation " + std::to_string(n));
      ASSERT_LT(n, 200u);
      SimulatedDisk disk(n);
      options.vfs = disk.name();
      execute(kVersion1File);
      disk.fail_at(n, fault);
      const auto migrated = migrate_sqlite(options);
      hit = disk.was_hit();
      if (!migrated) {
        expect_code(migrated, Code::kUnavailable);
      }
      if (disk.power_is_cut()) {
        disk.power_on();
      } else {
        disk.heal();
      }
      ASSERT_TRUE(migrate_sqlite(options));
      check_version_1(*open());
    }
  }
}

TEST_F(SqliteSchema, a_new_file_is_made) {
  const auto made = migrate_sqlite(options);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->from, 0);
  EXPECT_EQ(made->to, sqlite::kSchemaVersion);
  EXPECT_EQ(number("PRAGMA user_version"), sqlite::kSchemaVersion);
  EXPECT_EQ(number("PRAGMA application_id"), sqlite::kApplicationId);
}

TEST_F(SqliteSchema, newer_schema_is_refused_and_left_alone) {
  ASSERT_TRUE(TestOwner(open()).append("r", "1"));
  execute("PRAGMA user_version = 4");
  const std::string before = content();
  const auto store = SqliteStore::open(options);
  expect_code(store, Code::kConflict);
  EXPECT_THAT(store.error().message, HasSubstr("newer Symphony"));
  expect_code(migrate_sqlite(options), Code::kConflict);
  EXPECT_EQ(content(), before);
  execute("PRAGMA user_version = 3");
  EXPECT_EQ(shown(*open(), "r"), " | 1");
}

TEST_F(SqliteSchema, files_of_others_are_refused_and_left_alone) {
  execute("PRAGMA journal_mode = DELETE; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  const std::string before = content();
  auto store = SqliteStore::open(options);
  expect_code(store, Code::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("another program"));
  expect_code(migrate_sqlite(options), Code::kInvalid);
  EXPECT_EQ(content(), before);

  std::ofstream(options.path, std::ios::trunc) << std::string(5000, 'x');
  store = SqliteStore::open(options);
  expect_code(store, Code::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("not a Symphony database"));
  EXPECT_EQ(content(), std::string(5000, 'x'));
}

}  // namespace
}  // namespace symphony
