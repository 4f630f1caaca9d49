#include "storage/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "storage/conformance.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

using testing::HasSubstr;

struct SqliteHarness {
  TemporaryFolder folder;
  std::string path = folder.file("rooms.db");
  std::unique_ptr<Store> open() {
    auto store = SqliteStore::open({.path = path});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreConformance, SqliteHarness);

class SqliteStoreTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  SqliteStoreOptions options{.path = folder.file("rooms.db"), .busy_timeout_ms = 50};

  std::unique_ptr<SqliteStore> open() {
    auto store = SqliteStore::open(options);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }

  static Result<void> append(Store& store, std::string_view room, uint64_t seq, Bytes update) {
    const AppendRequest request{room, seq, update};
    return store.append({&request, 1})[0];
  }

  // Runs SQL on the closed file behind the store's back.
  void tamper(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(options.path.c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
    EXPECT_GT(sqlite3_total_changes(db) + (sql.starts_with("PRAGMA") ? 1 : 0), 0)
        << "changed nothing: " << sql;
    sqlite3_close(db);
  }

  // Room "r" with a snapshot at 2 and slots 3 to 5, and a healthy room "ok".
  void write_two_rooms() {
    const auto store = open();
    for (uint64_t seq = 1; seq <= 5; ++seq) ASSERT_TRUE(append(*store, "r", seq, Buffer(100, uint8_t(seq))));
    ASSERT_TRUE(store->put_snapshot("r", 2, Buffer(3u << 20, 9)));
    ASSERT_TRUE(append(*store, "ok", 1, Buffer(10, 1)));
  }

  void expect_corrupt(const std::string& sql, const std::string& where) {
    SCOPED_TRACE(sql);
    std::filesystem::remove(options.path);
    write_two_rooms();
    tamper(sql);
    const auto store = open();
    const auto loaded = store->load("r");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Code::kCorrupt);
    EXPECT_THAT(loaded.error().message, HasSubstr(where));
    EXPECT_THAT(loaded.error().message, HasSubstr(options.path));
    EXPECT_TRUE(store->load("ok"));
    EXPECT_TRUE(append(*store, "ok", 2, Buffer(10, 1)));
  }
};

TEST_F(SqliteStoreTest, damage_is_found_and_named) {
  expect_corrupt("UPDATE updates SET bytes = zeroblob(100) WHERE seq = 4", "room \"r\", slot 4");
  expect_corrupt("UPDATE updates SET bytes = CAST(bytes || x'00' AS BLOB) WHERE seq = 5",
                 "room \"r\", slot 5");
  expect_corrupt("UPDATE updates SET seq = 6 WHERE seq = 5", "room \"r\", slot 5");
  expect_corrupt("DELETE FROM updates WHERE seq = 3", "room \"r\", slot 3");
  expect_corrupt("DELETE FROM updates WHERE seq = 4", "room \"r\", slot 4");
  expect_corrupt("DELETE FROM updates WHERE seq = 5", "room \"r\", slot 5");
  expect_corrupt(
      "UPDATE updates SET seq = -seq WHERE seq IN (3, 4); UPDATE updates SET seq = 7 + seq WHERE seq < 0",
      "room \"r\", slot 3");
  // An entry of another room, with its own good checksum.
  expect_corrupt(
      "INSERT INTO updates SELECT (SELECT id FROM rooms WHERE name = x'72'), 6, checksum, bytes FROM updates "
      "WHERE length(bytes) = 10; UPDATE rooms SET newest_seq = 6 WHERE name = x'72'",
      "room \"r\", slot 6");
  expect_corrupt("UPDATE snapshot_chunks SET bytes = zeroblob(1048576) WHERE place = 1",
                 "snapshot at slot 2");
  expect_corrupt("DELETE FROM snapshot_chunks WHERE place = 2", "snapshot at slot 2");
  expect_corrupt("UPDATE snapshot_chunks SET place = 7 WHERE place = 2", "snapshot at slot 2");
  expect_corrupt("UPDATE rooms SET snapshot_bytes = 4000000000000 WHERE snapshot_bytes > 0",
                 "snapshot at slot 2");
  expect_corrupt("UPDATE rooms SET newest_seq = 1 WHERE name = x'72'", "room \"r\"");
  expect_corrupt("UPDATE rooms SET newest_seq = -1 WHERE name = x'72'", "room \"r\"");
  expect_corrupt("UPDATE rooms SET snapshot_seq = 0 WHERE name = x'72'", "room \"r\"");
}

// A slot past the newest can only be damage; the rooms of the same batch must not suffer for it.
TEST_F(SqliteStoreTest, damaged_room_does_not_take_its_batch_along) {
  write_two_rooms();
  tamper("UPDATE rooms SET newest_seq = 4 WHERE name = x'72'");
  const auto store = open();
  const Buffer update(5, 5);
  const std::vector<AppendRequest> batch = {
      {"ok", 2, update}, {"r", 5, update}, {"new", 1, update}, {"ok", 9, update}};
  const auto results = store->append(batch);
  EXPECT_TRUE(results[0]);
  expect_code(results[1], Code::kCorrupt);
  EXPECT_TRUE(results[2]);
  expect_code(results[3], Code::kConflict);
  EXPECT_EQ(store->load("ok").value().log.size(), 2u);
  EXPECT_EQ(store->load("new").value().log.size(), 1u);
}

// Bytes of the file itself overwritten: whatever SQLite makes of it, no wrong byte is given out as right.
TEST_F(SqliteStoreTest, overwritten_pages_never_give_wrong_bytes) {
  write_two_rooms();
  const auto good = open()->load("r").value();
  const auto size = std::filesystem::file_size(options.path);
  const std::string copy = folder.file("copy.db");
  std::filesystem::copy_file(options.path, copy);
  Prng random(11);
  int refused = 0;
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::filesystem::copy_file(copy, options.path, std::filesystem::copy_options::overwrite_existing);
    {
      std::fstream file(options.path, std::ios::in | std::ios::out | std::ios::binary);
      // Mostly in the pages of tables and log, the rest of the file being the snapshot.
      const uint64_t at = random.below(round % 2 == 0 ? 8 * 4096 : size);
      file.seekp(static_cast<std::streamoff>(at));
      const Buffer junk = random_bytes(random, 1 + random.below(64));
      file.write(reinterpret_cast<const char*>(junk.data()), static_cast<std::streamsize>(junk.size()));
    }
    const auto store = SqliteStore::open(options);
    if (!store) {
      ++refused;
      continue;
    }
    const auto loaded = (*store)->load("r");
    if (!loaded) {
      ++refused;
      EXPECT_NE(loaded.error().code, Code::kInternal) << loaded.error().message;
      continue;
    }
    if (loaded->snapshot_seq == 0 && loaded->log.empty()) continue;  // the room's name itself was hit
    EXPECT_TRUE(loaded->snapshot == good.snapshot);
    ASSERT_EQ(loaded->log.size(), good.log.size());
    for (size_t i = 0; i < good.log.size(); ++i) EXPECT_TRUE(loaded->log[i].update == good.log[i].update);
  }
  EXPECT_GT(refused, 50);
}

TEST_F(SqliteStoreTest, newer_schema_is_refused_and_left_alone) {
  write_two_rooms();
  tamper("PRAGMA user_version = 2");
  const auto store = SqliteStore::open(options);
  expect_code(store, Code::kConflict);
  EXPECT_THAT(store.error().message, HasSubstr("newer Symphony"));
  tamper("PRAGMA user_version = 1");
  EXPECT_TRUE(open()->load("r"));
}

TEST_F(SqliteStoreTest, files_of_others_are_refused_and_left_alone) {
  tamper("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
  const auto read = [&] {
    std::ifstream file(options.path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = read();
  auto store = SqliteStore::open(options);
  expect_code(store, Code::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("another program"));
  EXPECT_EQ(read(), before);

  std::ofstream(options.path, std::ios::trunc) << std::string(5000, 'x');
  store = SqliteStore::open(options);
  expect_code(store, Code::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("not a Symphony database"));
  EXPECT_EQ(read(), std::string(5000, 'x'));
}

TEST_F(SqliteStoreTest, paths_that_cannot_be_are_refused) {
  options.path = folder.file("nowhere/rooms.db");
  auto store = SqliteStore::open(options);
  expect_code(store, Code::kUnavailable);
  EXPECT_THAT(store.error().message, HasSubstr("No such file or directory"));
  options.path = folder.file("");
  store = SqliteStore::open(options);
  expect_code(store, Code::kUnavailable);
}

TEST_F(SqliteStoreTest, second_store_is_refused_until_the_first_is_gone) {
  auto first = open();
  auto second = SqliteStore::open(options);
  expect_code(second, Code::kUnavailable);
  EXPECT_THAT(second.error().message, HasSubstr("another process holds the file"));
  EXPECT_TRUE(append(*first, "a", 1, Buffer(1, 1)));
  first.reset();
  EXPECT_EQ(open()->load("a").value().log.size(), 1u);
}

TEST_F(SqliteStoreTest, another_process_is_refused_too) {
  const auto first = open();
  const pid_t child = fork();
  if (child == 0) {
    const auto second = SqliteStore::open(options);
    _exit(!second && second.error().code == Code::kUnavailable ? 7 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_TRUE(append(*first, "a", 1, Buffer(1, 1)));
}

TEST_F(SqliteStoreTest, wal_does_not_grow_for_ever) {
  options.checkpoint_pages = 100;
  options.wal_bytes_kept = 1 << 20;
  const auto store = open();
  const std::string wal = options.path + "-wal";
  const Buffer update(2000, 3);
  uintmax_t largest = 0;
  for (uint64_t seq = 1; seq <= 1000; ++seq) {
    ASSERT_TRUE(append(*store, "a", seq, update));
    largest = std::max(largest, std::filesystem::file_size(wal));
  }
  EXPECT_LT(largest, 1u << 20);
  ASSERT_TRUE(store->put_snapshot("a", 900, Buffer(20u << 20, 1)));
  for (uint64_t seq = 1001; seq <= 1003; ++seq) ASSERT_TRUE(append(*store, "a", seq, update));
  EXPECT_LE(std::filesystem::file_size(wal), 1u << 20) << "a big snapshot must not leave a big file behind";
  // Snapshot after snapshot reuses the space of the one before.
  ASSERT_TRUE(store->put_snapshot("a", 901, Buffer(20u << 20, 1)));
  const auto size = std::filesystem::file_size(options.path);
  for (uint64_t seq = 902; seq <= 906; ++seq)
    ASSERT_TRUE(store->put_snapshot("a", seq, Buffer(20u << 20, 1)));
  EXPECT_LE(std::filesystem::file_size(options.path), size + (22u << 20));
}

}  // namespace
}  // namespace symphony
