#include "storage/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "storage/conformance.h"
#include "storage/sqlite/sqlite.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

using testing::HasSubstr;

struct SqliteHarness {
  TemporaryFolder folder;
  std::string path = folder.file("rooms.db");
  std::unique_ptr<Store> open(const OwnerOptions& owner) {
    auto store = SqliteStore::open({.path = path, .owner = owner});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreConformance, SqliteHarness);

// Everything is carried from the journal to the rooms' logs as soon as may be.
struct FoldingHarness {
  TemporaryFolder folder;
  std::string path = folder.file("rooms.db");
  std::unique_ptr<Store> open(const OwnerOptions& owner) {
    auto store = SqliteStore::open({.path = path, .owner = owner, .fold_bytes = 0, .fold_rows = 0});
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(SqliteFolding, StoreConformance, FoldingHarness);

class SqliteStoreTest : public testing::Test {
 protected:
  TemporaryFolder folder;
  SqliteStoreOptions options{.path = folder.file("rooms.db"), .busy_timeout_ms = 50};

  std::unique_ptr<SqliteStore> open() {
    auto store = SqliteStore::open(options);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  TestOwner open_owner() { return TestOwner(open()); }

  // Runs SQL on the closed file behind the store's back.
  void tamper(const std::string& sql) {
    auto connection = sqlite::Connection::open(options.path, nullptr);
    ASSERT_TRUE(connection) << connection.error().message;
    const auto done = connection->execute(sql.c_str());
    EXPECT_TRUE(done) << sql << ": " << done.error().message;
    EXPECT_GT(sqlite3_total_changes(connection->get()), 0) << "changed nothing: " << sql;
  }

  // Room "r" of epoch 2 with an update in quarantine, a snapshot at 3 and slots 4 to 6, and a healthy room
  // "ok". The updates are so large that they go to the rooms' logs at once.
  void write_two_rooms() {
    TestOwner owner = open_owner();
    ASSERT_TRUE(owner.append("ok", std::string(17'000, 'o')));
    for (char update = '2'; update <= '6'; ++update) {
      ASSERT_TRUE(owner.append("r", std::string(20'000, update)));
    }
    const Poison poison{2, "refused"};
    ASSERT_TRUE(owner.put_snapshot("r", 3, Buffer(3u << 20, 9), {&poison, 1}));
  }

  void expect_corrupt(const std::string& sql, const std::string& where) {
    SCOPED_TRACE(sql);
    std::filesystem::remove(options.path);
    write_two_rooms();
    tamper(sql);
    TestOwner owner = open_owner();
    const auto loaded = owner.store().load("r");
    expect_damage(loaded, where);
    const auto taken = owner.store().take("r");
    expect_damage(taken, where);
    EXPECT_TRUE(owner.store().load("ok"));
    EXPECT_TRUE(owner.append("ok", "more"));
  }

  template <class T>
  void expect_damage(const Result<T>& result, const std::string& where) {
    expect_code(result, Code::kCorrupt);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr(where));
    EXPECT_THAT(result.error().message, HasSubstr(options.path));
  }
};

TEST_F(SqliteStoreTest, damage_is_found_and_named) {
  expect_corrupt("UPDATE updates SET bytes = zeroblob(20000) WHERE seq = 5", "room \"r\", slot 5");
  expect_corrupt("UPDATE updates SET bytes = CAST(bytes || x'00' AS BLOB) WHERE seq = 6",
                 "room \"r\", slot 6");
  expect_corrupt("UPDATE updates SET seq = 7 WHERE seq = 6", "room \"r\", slot 6");
  expect_corrupt("DELETE FROM updates WHERE seq = 4", "room \"r\", slot 4");
  expect_corrupt("DELETE FROM updates WHERE seq = 5", "room \"r\", slot 5");
  expect_corrupt("DELETE FROM updates WHERE seq = 6", "room \"r\", slot 6");
  expect_corrupt(
      "UPDATE updates SET seq = -seq WHERE seq IN (4, 5); UPDATE updates SET seq = 9 + seq WHERE seq < 0",
      "room \"r\", slot 4");
  // An entry of another room, with its own good checksum.
  expect_corrupt(
      "INSERT INTO updates SELECT (SELECT id FROM rooms WHERE name = x'72'), 7, checksum, bytes, epoch, 0 "
      "FROM "
      "updates WHERE length(bytes) = 17000; UPDATE rooms SET newest_seq = 7 WHERE name = x'72'",
      "room \"r\", slot 7");
  for (const char* epoch : {"0", "1", "3", "-1"}) {
    expect_corrupt("UPDATE updates SET epoch = " + std::string(epoch) + " WHERE seq = 5",
                   "room \"r\", slot 5");
  }
}

TEST_F(SqliteStoreTest, damage_of_a_snapshot_is_found_and_named) {
  const std::string where = "room \"r\", snapshot at slot 3";
  expect_corrupt("UPDATE snapshot_chunks SET bytes = zeroblob(1048576) WHERE place = 1", where);
  expect_corrupt("DELETE FROM snapshot_chunks WHERE place = 2", where);
  expect_corrupt("UPDATE snapshot_chunks SET place = 7 WHERE place = 2", where);
  expect_corrupt("UPDATE rooms SET snapshot_bytes = 4000000000000 WHERE snapshot_bytes > 0", where);
  expect_corrupt("UPDATE rooms SET chunks_begin = 1 WHERE name = x'72'", where);
  expect_corrupt("UPDATE rooms SET chunks_end = 2 WHERE name = x'72'", where);
  expect_corrupt(
      "UPDATE snapshot_chunks SET place = place + 1 WHERE place = 2;"
      "UPDATE rooms SET chunks_end = 4 WHERE name = x'72'",
      where);
}

TEST_F(SqliteStoreTest, damage_of_a_rooms_row_is_found_and_named) {
  for (const char* damage : {"newest_seq = 1", "newest_seq = -1", "snapshot_seq = 0", "chunks_begin = 4",
                             "chunks_end = -1", "epoch = -1", "epoch = 1"}) {
    expect_corrupt("UPDATE rooms SET " + std::string(damage) + " WHERE name = x'72'", "room \"r\"");
  }
}

// An epoch that is given twice could let a late owner write: such a room is not taken.
TEST_F(SqliteStoreTest, a_counter_of_epochs_that_is_damaged_gives_none_twice) {
  write_two_rooms();
  tamper("UPDATE epochs SET newest = 1");
  EXPECT_TRUE(open()->load("r"));
  expect_damage(open()->take("r"), "room \"r\"");
  tamper("DELETE FROM epochs");
  expect_damage(open()->take("r"), "the counter of epochs");
  expect_damage(open()->take("new"), "the counter of epochs");
  EXPECT_EQ(open()->rooms("", 10).value().size(), 2u);
}

TEST_F(SqliteStoreTest, damage_in_quarantine_is_found_and_named) {
  for (const char* damage : {"bytes = zeroblob(20000)", "epoch = 0", "seq = 1", "checksum = 1"}) {
    std::filesystem::remove(options.path);
    write_two_rooms();
    EXPECT_EQ(open()->quarantined("r").value().at(0).reason, "refused");
    tamper("UPDATE quarantine SET " + std::string(damage));
    const auto store = open();
    expect_damage(store->quarantined("r"), "in quarantine");
    EXPECT_TRUE(store->take("r")) << "nobody needs it to go on";
  }
}

// A slot past the newest can only be damage; the rooms of the same batch must not suffer for it.
TEST_F(SqliteStoreTest, damaged_room_does_not_take_its_batch_along) {
  write_two_rooms();
  tamper("UPDATE rooms SET newest_seq = 5 WHERE name = x'72'");
  TestOwner owner = open_owner();
  const Buffer update(5, 5);
  ASSERT_TRUE(owner.take("ok"));
  ASSERT_TRUE(owner.take("new"));
  const uint64_t ok = owner.epoch("ok"), next = owner.newest("ok") + 1;
  const std::vector<AppendRequest> batch = {{"ok", ok, next, update},
                                            {"r", 2, 6, update},
                                            {"new", owner.epoch("new"), 2, update},
                                            {"ok", ok, next + 7, update}};
  const auto results = owner.store().append(batch);
  EXPECT_TRUE(results[0]);
  expect_code(results[1], Code::kCorrupt);
  EXPECT_TRUE(results[2]);
  expect_code(results[3], Code::kConflict);
  EXPECT_EQ(owner.store().load("ok").value().log.size(), 4u);
  EXPECT_EQ(owner.store().load("new").value().log.size(), 2u);
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
      const uint64_t at = random.below(round % 2 == 0 ? 16 * 4096 : size);
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
  {
    TestOwner first = open_owner();
    auto second = SqliteStore::open(options);
    expect_code(second, Code::kUnavailable);
    EXPECT_THAT(second.error().message, HasSubstr("another process holds the file"));
    EXPECT_TRUE(first.append("a", "1"));
  }
  EXPECT_EQ(shown(*open(), "a"), " | 1");
}

TEST_F(SqliteStoreTest, another_process_is_refused_too) {
  TestOwner first = open_owner();
  const pid_t child = fork();
  if (child == 0) {
    const auto second = SqliteStore::open(options);
    _exit(!second && second.error().code == Code::kUnavailable ? 7 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_TRUE(first.append("a", "1"));
}

TEST_F(SqliteStoreTest, wal_does_not_grow_for_ever) {
  options.checkpoint_pages = 100;
  options.wal_bytes_kept = 1 << 20;
  TestOwner owner = open_owner();
  const std::string wal = options.path + "-wal";
  const std::string update(2000, 'u');
  uintmax_t largest = 0;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(owner.append("a", update));
    largest = std::max(largest, std::filesystem::file_size(wal));
  }
  EXPECT_LT(largest, 1u << 20);
  ASSERT_TRUE(owner.put_snapshot("a", 900, Buffer(20u << 20, 1)));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(owner.append("a", update));
  EXPECT_LE(std::filesystem::file_size(wal), 1u << 20) << "a big snapshot must not leave a big file behind";
  // Snapshot after snapshot reuses the space of the one before.
  ASSERT_TRUE(owner.put_snapshot("a", 901, Buffer(20u << 20, 1)));
  const auto size = std::filesystem::file_size(options.path);
  for (uint64_t seq = 902; seq <= 906; ++seq) ASSERT_TRUE(owner.put_snapshot("a", seq, Buffer(20u << 20, 1)));
  EXPECT_LE(std::filesystem::file_size(options.path), size + (22u << 20));
}

// There is nobody who could hold a lease: what a process owned that is gone is free, and without a wait.
TEST_F(SqliteStoreTest, ownership_ends_with_the_process) {
  options.owner = test_owner("first");
  uint64_t epoch = 0;
  {
    TestOwner owner = open_owner();
    EXPECT_FALSE(owner.store().renew().value());
    EXPECT_TRUE(owner.store().renew().value());
    ASSERT_TRUE(owner.append("a", "1"));
    epoch = owner.epoch("a");
    EXPECT_EQ(owner.store().rooms("", 1).value().at(0).address, "first:1234");
  }  // without retire(), as after a crash
  options.owner = test_owner("second");
  TestOwner owner = open_owner();
  RoomInfo info = owner.store().rooms("", 1).value().at(0);
  EXPECT_FALSE(info.active);
  EXPECT_EQ(info.address, "");
  EXPECT_EQ(info.epoch, epoch);
  const auto started = std::chrono::steady_clock::now();
  ASSERT_TRUE(owner.take("a"));
  EXPECT_LT(std::chrono::steady_clock::now() - started, kTestLease / 2);
  expect_code(owner.append_at("a", epoch, 3, "late"), Code::kConflict);
  EXPECT_EQ(owner.store().rooms("", 1).value().at(0).address, "second:1234");
  ASSERT_TRUE(owner.store().retire());
  EXPECT_FALSE(owner.store().rooms("", 1).value().at(0).active);
  EXPECT_FALSE(owner.store().renew().value());
  EXPECT_TRUE(owner.store().rooms("", 1).value().at(0).active) << "nobody has taken it meanwhile";
}

TEST_F(SqliteStoreTest, many_connections_are_forgotten) {
  const auto store = open();
  std::vector<ConnectionRecord> records;
  for (int64_t at = 0; at < 25'000; ++at) records.push_back({"r", at});
  ASSERT_TRUE(store->record_connections(records));
  ASSERT_TRUE(store->forget_connections(24'990));
  EXPECT_EQ(store->connections("r", 100).value().size(), 10u);
}

}  // namespace
}  // namespace symphony
