// The journal of a file: what its rows hold, what is carried out of it, and damage in it.
#include "storage/sqlite/journal.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "storage/owner_testing.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

using testing::HasSubstr;

class SqliteJournal : public testing::Test {
 protected:
  TemporaryFolder folder;
  SqliteStoreOptions options{.path = folder.file("rooms.db")};

  std::unique_ptr<SqliteStore> open() {
    auto store = SqliteStore::open(options);
    EXPECT_TRUE(store) << store.error().message;
    return store ? std::move(*store) : nullptr;
  }

  // On the closed file.
  int64_t number(const char* sql) {
    auto connection = sqlite::Connection::open(options.path, nullptr);
    EXPECT_TRUE(connection);
    return connection->query_int(sql).value();
  }
  void execute(const char* sql) {
    auto connection = sqlite::Connection::open(options.path, nullptr);
    ASSERT_TRUE(connection);
    ASSERT_TRUE(connection->execute(sql));
    ASSERT_GT(sqlite3_total_changes(connection->get()), 0) << sql;
  }

  // Changes the bytes of a row behind the store's back.
  void change(int64_t id, const std::function<void(Buffer&)>& how) {
    auto connection = sqlite::Connection::open(options.path, nullptr);
    ASSERT_TRUE(connection);
    Buffer bytes;
    {
      auto read = sqlite::Statement::prepare(*connection, "SELECT bytes FROM journal WHERE id = ?1").value();
      sqlite::Run run(read);
      ASSERT_EQ(run.bind(id).step(), SQLITE_ROW);
      const Bytes found = run.blob(0);
      bytes.assign(found.begin(), found.end());
    }
    how(bytes);
    auto write =
        sqlite::Statement::prepare(*connection, "UPDATE journal SET bytes = ?2 WHERE id = ?1").value();
    sqlite::Run run(write);
    ASSERT_EQ(run.bind(id).bind(Bytes(bytes)).step(), SQLITE_DONE);
  }
  // Where `text` begins in `bytes`.
  static Buffer::iterator find(Buffer& bytes, std::string_view text) {
    const Bytes wanted = as_bytes(text);
    const auto at = std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end());
    EXPECT_NE(at, bytes.end()) << text;
    return at;
  }

  // Three commits, each with an update of "r" and one of "ok".
  void write_two_rooms() {
    std::filesystem::remove(options.path);
    TestOwner owner(open());
    ASSERT_TRUE(owner.take("r"));
    ASSERT_TRUE(owner.take("ok"));
    for (uint64_t seq = 2; seq <= 4; ++seq) {
      const std::string r = "r-update-" + std::to_string(seq), ok = "ok-update-" + std::to_string(seq);
      const std::vector<AppendRequest> batch = {{"r", owner.epoch("r"), seq, bytes_of(r)},
                                                {"ok", owner.epoch("ok"), seq, bytes_of(ok)}};
      for (const auto& result : owner.store().append(batch)) ASSERT_TRUE(result);
    }
  }
};

TEST_F(SqliteJournal, a_commit_is_a_row_and_is_there_after_reopening) {
  write_two_rooms();
  EXPECT_EQ(number("SELECT count(*) FROM journal"), 3);
  EXPECT_EQ(number("SELECT count(*) FROM updates"), 2) << "the fences";
  EXPECT_EQ(number("SELECT max(newest_seq) FROM rooms"), 1);
  const auto store = open();
  EXPECT_EQ(shown(*store, "r"), " | r-update-2 | r-update-3 | r-update-4");
  EXPECT_EQ(shown(*store, "ok"), " | ok-update-2 | ok-update-3 | ok-update-4");
  const RoomInfo info = store->rooms("ok", 1).value().at(0);
  EXPECT_EQ(info.seq, 4u);
  EXPECT_EQ(info.bytes, 30u);
  EXPECT_GT(info.updated_unix_ms, 1'600'000'000'000);
}

TEST_F(SqliteJournal, one_of_two_rooms_in_a_commit_conflicts) {
  write_two_rooms();
  {
    TestOwner owner(open());
    ASSERT_TRUE(owner.take("r"));
    ASSERT_TRUE(owner.take("ok"));
    const uint64_t late = owner.epoch("r");
    ASSERT_TRUE(owner.take("r"));
    const std::vector<AppendRequest> batch = {{"r", late, 6, bytes_of("late")},
                                              {"ok", owner.epoch("ok"), 6, bytes_of("in time")}};
    const auto results = owner.store().append(batch);
    expect_code(results[0], Code::kConflict);
    EXPECT_TRUE(results[1]);
  }
  EXPECT_EQ(shown(*open(), "r"), " | r-update-2 | r-update-3 | r-update-4");
  EXPECT_EQ(shown(*open(), "ok"), " | ok-update-2 | ok-update-3 | ok-update-4 | in time");
}

TEST_F(SqliteJournal, what_a_snapshot_covers_is_never_carried) {
  options.fold_bytes = 1000;
  {
    TestOwner owner(open());
    for (int round = 0; round < 100; ++round) {
      for (const char* room : {"a", "b"}) {
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(owner.append(room, std::string(30, 'x')));
        ASSERT_TRUE(owner.put_snapshot(room, owner.newest(room), "S"));
      }
    }
    EXPECT_EQ(shown(owner.store(), "a"), "S");
  }
  EXPECT_EQ(number("SELECT count(*) FROM updates"), 0);
  EXPECT_LT(number("SELECT count(*) FROM journal"), 200) << "rows in which nothing is alive are removed";
}

TEST_F(SqliteJournal, what_is_carried_is_packed_and_cut_by_snapshots) {
  options.fold_rows = 10;
  {
    TestOwner owner(open());
    for (size_t i = 2; i <= 60; ++i) {
      ASSERT_TRUE(owner.append("a", "a" + std::to_string(i)));
      ASSERT_TRUE(owner.append("b", std::string(i, 'b')));
    }
  }
  EXPECT_GT(number("SELECT max(slots) FROM updates"), 3);
  EXPECT_LT(number("SELECT count(*) FROM journal"), 30);
  // At every slot: in the middle of packed rows, and in the journal.
  TestOwner owner(open());
  ASSERT_TRUE(owner.take("b"));
  uint64_t bytes = 59 * 62 / 2;
  for (uint64_t seq = 1; seq <= 60; ++seq) {
    if (seq > 1) bytes -= seq;
    ASSERT_TRUE(owner.put_snapshot("b", seq, "S"));
    const StoredRoom room = owner.store().load("b").value();
    ASSERT_EQ(room.log.size(), 61 - seq);
    ASSERT_EQ(room.log.front().seq, seq + 1);
    ASSERT_EQ(owner.store().rooms("a", 1).value().at(0).bytes, 1 + bytes) << seq;
  }
  EXPECT_EQ(owner.store().load("a").value().log.size(), 60u);
}

// A batch of one commit that a snapshot cuts in two.
TEST_F(SqliteJournal, a_run_of_the_journal_is_cut_by_a_snapshot) {
  {
    TestOwner owner(open());
    ASSERT_TRUE(owner.take("a"));
    std::vector<AppendRequest> batch;
    const std::string update(10, 'u');
    for (uint64_t seq = 2; seq <= 9; ++seq) batch.push_back({"a", owner.epoch("a"), seq, bytes_of(update)});
    for (const auto& result : owner.store().append(batch)) ASSERT_TRUE(result);
    ASSERT_TRUE(owner.put_snapshot("a", 5, "S"));
    EXPECT_EQ(owner.store().rooms("", 1).value().at(0).bytes, 41u);
    EXPECT_EQ(owner.store().load("a").value().log.size(), 4u);
    expect_code(owner.append_at("a", owner.epoch("a"), 5, update), Code::kConflict);
    EXPECT_TRUE(owner.append_at("a", owner.epoch("a"), 7, update)) << "a retry";
  }
  TestOwner owner(open());
  ASSERT_EQ(owner.store().load("a").value().log.size(), 4u);
  ASSERT_TRUE(owner.take("a"));  // carries it to the log
  EXPECT_EQ(owner.store().load("a").value().log.size(), 5u);
  EXPECT_EQ(owner.store().load("a").value().log.front().seq, 6u);
}

// The id of a room that left no trace is not given again while its slots may lie in the journal.
TEST_F(SqliteJournal, slots_of_a_room_that_is_gone_are_nobodys) {
  {
    TestOwner owner(open());
    ASSERT_TRUE(owner.take("seen"));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(owner.append("seen", ""));
    ASSERT_TRUE(owner.release("seen"));
    ASSERT_TRUE(owner.take("seen"));
    EXPECT_EQ(owner.newest("seen"), 1u);
    ASSERT_TRUE(owner.take("other"));
  }
  const auto store = open();
  EXPECT_EQ(store->load("seen").value().log.size(), 1u);
  EXPECT_EQ(store->load("other").value().log.size(), 1u);
  EXPECT_EQ(store->take("third").value().stored.log.size(), 1u);
}

TEST_F(SqliteJournal, damage_of_slots_is_their_rooms_alone) {
  const auto damaged = [&](int64_t row, std::string_view from, std::string_view to, const char* where) {
    SCOPED_TRACE(from);
    write_two_rooms();
    change(row, [&](Buffer& bytes) { std::ranges::copy(as_bytes(to), find(bytes, from)); });
    for (const bool fold : {false, true}) {
      options.fold_rows = fold ? 1 : 1000;  // damage that is carried to the log is found there, too
      TestOwner owner(open());
      ASSERT_TRUE(owner.append("ok", "more"));
      ASSERT_TRUE(owner.append("ok", "more"));
      const auto loaded = owner.store().load("r");
      expect_code(loaded, Code::kCorrupt);
      EXPECT_THAT(loaded.error().message, HasSubstr(where));
      EXPECT_THAT(loaded.error().message, HasSubstr(options.path));
      expect_code(owner.store().take("r"), Code::kCorrupt);
      EXPECT_TRUE(owner.store().load("ok"));
    }
    options.fold_rows = 1000;
  };
  damaged(1, "r-update-2", "r-UPDATE-2", "room \"r\", slot 2");
  damaged(3, "r-update-4", "r-update-5", "room \"r\", slot 4");
  // The length of a slot.
  write_two_rooms();
  change(2, [](Buffer& bytes) { *(find(bytes, "r-update-3") - 5) += 1; });
  const auto store = open();
  expect_code(store->load("r"), Code::kCorrupt);
  EXPECT_EQ(shown(*store, "ok"), " | ok-update-2 | ok-update-3 | ok-update-4");
}

// Updates that nobody can name are lost: the file is not opened, and whoever runs it hears where.
TEST_F(SqliteJournal, damage_that_cannot_be_attributed_keeps_the_file_closed) {
  const auto refused = [&](const char* where) {
    const auto store = SqliteStore::open(options);
    expect_code(store, Code::kCorrupt);
    ASSERT_FALSE(store);
    EXPECT_THAT(store.error().message, HasSubstr(where));
    EXPECT_THAT(store.error().message, HasSubstr(options.path));
  };
  for (size_t at = 0; at < 10; ++at) {  // each byte of a header
    write_two_rooms();
    change(2, [&](Buffer& bytes) { bytes[at] ^= 0x10; });
    refused("the journal, row 2");
  }
  for (const size_t cut : {size_t{1}, size_t{12}, size_t{30}}) {
    write_two_rooms();
    change(3, [&](Buffer& bytes) { bytes.resize(bytes.size() - cut); });
    refused("the journal, row 3");
  }
  write_two_rooms();
  execute("DELETE FROM journal WHERE id = 2");
  refused("the journal, row 2");
  write_two_rooms();
  execute("UPDATE journal SET id = 9 WHERE id = 3");
  refused("the journal, row 3");
}

}  // namespace
}  // namespace symphony
