// Snapshots that are written over several transactions: what a crash in between leaves, and who comes in
// meanwhile.
#include "storage/sqlite/snapshots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "storage/owner_testing.h"
#include "storage/sqlite/simulated_disk.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

constexpr size_t kChunkBytes = 4000;

Buffer state_of(uint64_t seed, size_t chunks) {
  Prng random(seed);
  return random_bytes(random, chunks * kChunkBytes - 100);
}

class SqliteSnapshots : public testing::Test {
 protected:
  SqliteStoreOptions options{.path = "/rooms.db", .chunk_bytes = kChunkBytes, .chunks_at_once = 2};

  std::unique_ptr<SqliteStore> open() {
    auto store = SqliteStore::open(options);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  // The number of chunks in the closed file.
  int64_t chunks() {
    auto connection =
        sqlite::Connection::open(options.path, options.vfs.empty() ? nullptr : options.vfs.c_str());
    EXPECT_TRUE(connection);
    EXPECT_TRUE(connection->execute("PRAGMA locking_mode = EXCLUSIVE"));
    return connection->query_int("SELECT count(*) FROM snapshot_chunks").value();
  }
};

// The power goes at every operation of a snapshot of seven chunks that replaces one of five.
TEST_F(SqliteSnapshots, a_crash_between_its_transactions_leaves_the_old_one_and_garbage) {
  const Buffer old_state = state_of(1, 5), new_state = state_of(2, 7), last_state = state_of(3, 3);
  bool hit = true, garbage_before = false, garbage_behind = false;
  for (uint64_t n = 1; hit; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n));
    ASSERT_LT(n, 1000u);
    SimulatedDisk disk(n);
    options.vfs = disk.name();
    Result<void> stored;
    {
      TestOwner owner(open());
      ASSERT_TRUE(owner.append("r", "1"));
      ASSERT_TRUE(owner.append("r", "2"));
      ASSERT_TRUE(owner.put_snapshot("r", 2, old_state));
      disk.fail_at(n, SimulatedDisk::Fault::kPowerCut);
      stored = owner.put_snapshot("r", 3, new_state);
      hit = disk.was_hit();
      disk.cut_power();
    }
    disk.power_on();
    const int64_t found = chunks();
    {
      TestOwner owner(open());
      ASSERT_TRUE(owner.take("r"));
      const StoredRoom room = owner.store().load("r").value();
      const bool is_new = room.snapshot_seq == 3;
      EXPECT_TRUE(is_new || !stored) << "an acknowledged snapshot is lost";
      EXPECT_TRUE(room.snapshot == (is_new ? new_state : old_state));
      EXPECT_EQ(shown(owner.store(), "r"), text_of(room.snapshot) + (is_new ? "" : " | 2"));
      garbage_behind |= !is_new && found > 5;
      garbage_before |= is_new && found > 7;
      ASSERT_TRUE(owner.put_snapshot("r", 3, last_state));
      EXPECT_TRUE(owner.store().load("r").value().snapshot == last_state);
    }
    EXPECT_EQ(chunks(), 3) << "the next snapshot must remove what is left";
    if (HasFailure()) return;
  }
  EXPECT_TRUE(garbage_behind && garbage_before) << "no crash came between two transactions";
}

class SqliteThreads : public SqliteSnapshots {
 protected:
  TemporaryFolder folder;
  SqliteThreads() { options.path = folder.file("rooms.db"); }
};

// Whoever takes or frees the room in between ends the snapshot: nothing of it is ever seen.
TEST_F(SqliteThreads, a_new_epoch_ends_a_snapshot_that_is_being_written) {
  options.chunks_at_once = 1;
  const Buffer state = state_of(4, 2000);
  bool ended = false;
  for (int round = 0; round < 20 && !ended; ++round) {
    TestOwner owner(open());
    ASSERT_TRUE(owner.append("r", "1"));
    std::atomic<bool> started = false;
    Result<void> stored;
    std::thread writer([&, epoch = owner.epoch("r"), newest = owner.newest("r")] {
      started = true;
      stored = put_snapshot(owner.store(), {"r", epoch, newest, state, {}});
    });
    while (!started) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const Claim claim = owner.store().take("r").value();
    writer.join();
    ended = !stored;
    if (!ended) continue;
    expect_code(stored, Code::kConflict);
    EXPECT_EQ(owner.store().load("r").value().snapshot_seq, claim.stored.snapshot_seq);
    ASSERT_TRUE(
        put_snapshot(owner.store(), {"r", claim.epoch, claim.stored.log.back().seq, state_of(5, 3), {}}));
  }
  EXPECT_TRUE(ended) << "the snapshot was always faster";
  EXPECT_EQ(chunks(), 3);
}

// Rooms are filled by threads of their own while two others write snapshots and read: nothing is lost, and
// appends come in between the parts of a snapshot.
TEST_F(SqliteThreads, appends_go_on_beside_a_snapshot) {
  options.chunks_at_once = 1;
  constexpr uint64_t kSnapshots = 4;
  constexpr size_t kRooms = 3;
  const Buffer state = state_of(6, 20);
  TestOwner owner(open());
  Store& store = owner.store();
  ASSERT_TRUE(owner.append("large", "1"));
  std::vector<std::string> names;
  std::vector<uint64_t> epochs;
  for (size_t i = 0; i < kRooms; ++i) {
    names.push_back("room " + std::to_string(i));
    ASSERT_TRUE(owner.take(names[i]));
    epochs.push_back(owner.epoch(names[i]));
  }

  std::atomic<bool> ended = false;
  std::atomic<int> failures = 0;
  std::vector<uint64_t> written(kRooms);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kRooms; ++i) {
    threads.emplace_back([&, i] {
      while (!ended) {
        const Buffer update(10, static_cast<uint8_t>(written[i]));
        const AppendRequest request{names[i], epochs[i], written[i] + 2, update};
        if (store.append({&request, 1})[0]) {
          ++written[i];
        } else {
          ++failures;
        }
      }
    });
  }
  threads.emplace_back([&, epoch = epochs[0]] {
    while (!ended) {
      if (!store.load("large") || !store.rooms("", 10) || !store.renew() || !store.ping()) ++failures;
      if (!put_snapshot(store, {names[0], epoch, 1, state, {}})) ++failures;
    }
  });
  for (uint64_t i = 0; i < kSnapshots; ++i) {
    if (!put_snapshot(store, {"large", owner.epoch("large"), 2, state, {}})) ++failures;
  }
  ended = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(failures, 0);
  EXPECT_TRUE(store.load("large").value().snapshot == state);
  for (size_t i = 0; i < kRooms; ++i) {
    EXPECT_GT(written[i], 20 * kSnapshots / 4) << "appends had to wait for whole snapshots";
    const StoredRoom room = store.load(names[i]).value();
    const uint64_t newest = written[i] + 1;
    ASSERT_EQ(room.log.back().seq, newest);
    for (const LogEntry& entry : room.log) {
      if (entry.seq > 1) {
        ASSERT_TRUE(entry.update == Buffer(10, static_cast<uint8_t>(entry.seq - 2)));
      }
    }
  }
}

// A room that was freed while its first snapshot was being written leaves nothing, its chunks included.
TEST_F(SqliteSnapshots, a_released_room_takes_its_garbage_along) {
  SimulatedDisk disk(1);
  options.vfs = disk.name();
  {
    TestOwner owner(open());
    ASSERT_TRUE(owner.take("r"));
    disk.fail_at(100, SimulatedDisk::Fault::kErrorOnce);  // after some of its transactions
    expect_code(owner.put_snapshot("r", 1, state_of(1, 40)), Code::kUnavailable);
    ASSERT_EQ(owner.store().load("r").value().snapshot_seq, 0u);
    ASSERT_TRUE(owner.release("r"));
    EXPECT_TRUE(owner.store().rooms("", 1).value().empty());
  }
  EXPECT_EQ(chunks(), 0);
}

}  // namespace
}  // namespace symphony
