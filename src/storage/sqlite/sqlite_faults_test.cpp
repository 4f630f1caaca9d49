// Every write, sync, truncation and deletion that a fixed script of storage calls does is made to fail, one
// after the other, in each way a disk can fail. What was acknowledged must be there, what was not must be
// there whole or not at all, and the store must go on by itself when the disk does.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "storage/faults_conformance.h"
#include "storage/sqlite/simulated_disk.h"
#include "storage/sqlite/sqlite.h"
#include "storage/sqlite/sqlite_store.h"

namespace symphony {
namespace {

using Fault = SimulatedDisk::Fault;

struct FaultsHarness {
  SimulatedDisk disk{1};
  std::unique_ptr<Store> open(const OwnerOptions& owner) {
    auto store = SqliteStore::open({.path = "/rooms.db",
                                    .owner = owner,
                                    .checkpoint_pages = 20,
                                    .chunk_bytes = 20'000,
                                    .chunks_at_once = 3,
                                    .fold_bytes = 0,
                                    .vfs = disk.name()});
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  void fail_operation(uint64_t n) { disk.fail_at(n, n == 0 ? Fault::kNone : Fault::kErrorOnce); }
  bool has_failed() const { return disk.was_hit(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreFaults, FaultsHarness);

// What the store said, and what it was asked.
struct Ledger {
  struct Room {
    std::map<uint64_t, Buffer> acknowledged;  // every slot ever, also those a snapshot covers
    std::map<uint64_t, std::set<Buffer>> attempted;
    uint64_t snapshot_seq = 0;
    std::set<uint64_t> snapshots_attempted;
    uint64_t newest() const { return acknowledged.empty() ? 0 : acknowledged.rbegin()->first; }
  };
  std::map<std::string, Room> rooms;
};

// A snapshot's bytes follow from its place, so that any can be checked.
Buffer snapshot_bytes(const std::string& room, uint64_t seq) {
  Prng random(seq * 1000 + room.size() + static_cast<uint8_t>(room[0]));
  if (room == "c" || room == "d") return random_bytes(random, 500 + random.below(1500));
  return random_bytes(random, 3000 + random.below(24'000));
}

class Script {
 public:
  Script(const SimulatedDisk& disk, uint64_t seed) : random_(seed) {
    options_.path = "/rooms.db";
    options_.vfs = disk.name();
    options_.checkpoint_pages = 8;  // so that the script checkpoints often
    options_.wal_bytes_kept = 30'000;
    options_.chunk_bytes = 4000;
    options_.chunks_at_once = 3;  // so that some snapshots take several transactions
    options_.cache_kib = 40;      // so that a snapshot spills into the WAL before its commit
    options_.fold_bytes = 3000;  // so that slots are carried from the journal to the rooms' logs all the time
  }

  // Opens the store; false if the disk did not let it.
  bool open() {
    store_.reset();
    auto opened = SqliteStore::open(options_);
    if (!opened) {
      EXPECT_EQ(opened.error().code, Code::kUnavailable) << opened.error().message;
      return false;
    }
    store_ = std::move(*opened);
    epochs_.clear();
    return true;
  }

  void close() { store_.reset(); }

  // One call of the store, after those that take the rooms; false if one failed, which it may only do in
  // whole and as kUnavailable.
  bool step(int number) {
    batch_.clear();
    for (const std::string& name : kNames) {
      if (!epochs_.contains(name) && !take(name)) return false;
    }
    if (number % 5 == 4) return put_snapshot(number);
    std::vector<Buffer> updates;
    std::vector<AppendRequest> batch;
    std::map<std::string, uint64_t> next;
    const size_t count = 1 + random_.below(6);
    for (size_t i = 0; i < count; ++i)
      updates.push_back(random_bytes(random_, 10 + random_.below(i == 0 ? 2000 : 300)));
    if (number % 5 == 2) updates[0].resize(17'000, 1);  // goes to its room's log at once
    for (size_t i = 0; i < count; ++i) {
      const std::string& name = kNames[random_.below(kNames.size())];
      const uint64_t seq = std::max(ledger_.rooms[name].newest(), next[name]) + 1;
      next[name] = seq;
      batch.push_back({name, epochs_[name], seq, updates[i]});
      batch_.emplace_back(name, seq);
      ledger_.rooms[name].attempted[seq].insert(updates[i]);
    }
    const auto results = store_->append(batch);
    const bool stored = results.at(0).has_value();
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(results[i].has_value(), stored) << "a batch is stored as one";
      if (!results[i]) {
        EXPECT_EQ(results[i].error().code, Code::kUnavailable) << results[i].error().message;
      }
      if (results[i]) ledger_.rooms[batch[i].room.data()].acknowledged[batch[i].seq] = updates[i];
    }
    return stored;
  }

  // What the store holds against the ledger. `exact`: nothing that was not acknowledged may be there.
  void check(bool exact) {
    for (const auto& [name, room] : ledger_.rooms) {
      const auto loaded = store_->load(name);
      ASSERT_TRUE(loaded) << loaded.error().message;
      const uint64_t newest = loaded->log.empty() ? loaded->snapshot_seq : loaded->log.back().seq;
      ASSERT_GE(newest, room.newest()) << "room " << name << ": acknowledged updates are lost";
      if (exact) {
        ASSERT_EQ(newest, room.newest());
      }
      if (loaded->snapshot_seq != room.snapshot_seq) {
        ASSERT_FALSE(exact);
        ASSERT_GT(loaded->snapshot_seq, room.snapshot_seq);
        ASSERT_TRUE(room.snapshots_attempted.contains(loaded->snapshot_seq));
      }
      if (loaded->snapshot_seq > 0) {
        ASSERT_TRUE(loaded->snapshot == snapshot_bytes(name, loaded->snapshot_seq));
      }
      uint64_t expected = loaded->snapshot_seq;
      for (const LogEntry& entry : loaded->log) {
        ASSERT_EQ(entry.seq, ++expected);
        const auto acknowledged = room.acknowledged.find(entry.seq);
        if (acknowledged != room.acknowledged.end()) {
          ASSERT_TRUE(entry.update == acknowledged->second) << "room " << name << ", slot " << entry.seq;
        } else {
          ASSERT_TRUE(room.attempted.at(entry.seq).contains(entry.update));
        }
      }
    }
  }

  // After a crash: the last batch, if it was not acknowledged, is there as a whole or not at all. The ledger
  // then takes over what is there.
  void check_last_batch_is_whole_and_adopt() {
    std::set<bool> there;
    for (const auto& [name, seq] : batch_) {
      if (ledger_.rooms[name].acknowledged.contains(seq)) return;
      there.insert(newest_stored(name) >= seq);
    }
    ASSERT_LE(there.size(), 1u) << "half of a batch is there";
    for (auto& [name, room] : ledger_.rooms) {
      const StoredRoom stored = store_->load(name).value();
      room.snapshot_seq = stored.snapshot_seq;
      for (const LogEntry& entry : stored.log) room.acknowledged[entry.seq] = entry.update;
    }
  }

 private:
  bool take(const std::string& name) {
    Ledger::Room& room = ledger_.rooms[name];
    room.attempted[room.newest() + 1].insert(Buffer());
    const auto claim = store_->take(name);
    if (!claim) {
      EXPECT_EQ(claim.error().code, Code::kUnavailable) << claim.error().message;
      return false;
    }
    EXPECT_GT(claim->epoch, newest_epoch_);
    epochs_[name] = newest_epoch_ = claim->epoch;
    room.acknowledged[claim->stored.log.back().seq] = Buffer();
    return true;
  }

  bool put_snapshot(int number) {
    // Those of "a" and "b" take several transactions; "c" and "d" have small ones, which share theirs.
    const std::vector<std::string> names = {kNames[static_cast<size_t>(number / 5) % 2], "c", "d"};
    std::vector<Buffer> states;
    std::vector<SnapshotRequest> batch;
    for (const std::string& name : names)
      states.push_back(snapshot_bytes(name, ledger_.rooms[name].newest()));
    for (size_t i = 0; i < names.size(); ++i) {
      Ledger::Room& room = ledger_.rooms[names[i]];
      room.snapshots_attempted.insert(room.newest());
      batch.push_back({names[i], epochs_[names[i]], room.newest(), states[i], {}});
    }
    bool all = true;
    const auto results = store_->put_snapshots(batch);
    for (size_t i = 0; i < names.size(); ++i) {
      if (results.at(i)) {
        ledger_.rooms[names[i]].snapshot_seq = batch[i].seq;
      } else {
        EXPECT_EQ(results[i].error().code, Code::kUnavailable) << results[i].error().message;
        all = false;
      }
    }
    EXPECT_EQ(results[1].has_value(), results[2].has_value()) << "small ones are stored as one";
    return all;
  }

  uint64_t newest_stored(const std::string& name) {
    const StoredRoom stored = store_->load(name).value();
    return stored.log.empty() ? stored.snapshot_seq : stored.log.back().seq;
  }

  const std::vector<std::string> kNames = {"a", "b", "c", "d"};
  Prng random_;
  SqliteStoreOptions options_;
  std::unique_ptr<SqliteStore> store_;
  Ledger ledger_;
  std::map<std::string, uint64_t> epochs_;  // of the rooms that were taken since the store was opened
  uint64_t newest_epoch_ = 0;
  std::vector<std::pair<std::string, uint64_t>> batch_;  // of the last step, if it was an append
};

constexpr int kSteps = 15;  // three snapshots, the last one in the place of the first

// Those before the store closes: what fails in closing fails nobody.
uint64_t operations_without_faults() {
  SimulatedDisk disk(1);
  Script script(disk, 1);
  EXPECT_TRUE(script.open());
  for (int number = 0; number < kSteps; ++number) EXPECT_TRUE(script.step(number));
  script.check(true);
  const uint64_t operations = disk.operations();
  script.close();
  auto file = sqlite::Connection::open("/rooms.db", disk.name().c_str());
  EXPECT_TRUE(file && file->execute("PRAGMA locking_mode = EXCLUSIVE"));
  for (const char* places : {"updates WHERE slots > 0", "journal"}) {
    const std::string count = std::string("SELECT count(*) FROM ") + places;
    EXPECT_GT(file->query_int(count.c_str()).value(), 0) << places << ": the script tests too little";
  }
  EXPECT_GT(file->query_int("SELECT min(id) FROM journal").value(), 1);
  return operations;
}

// Runs the script with `fault` at operation n. The disk heals right after a failure, and the call is made
// again.
void run_healing(uint64_t n, Fault fault) {
  SimulatedDisk disk(n);
  Script script(disk, 1);
  disk.fail_at(n, fault);
  if (!script.open()) {
    disk.heal();
    ASSERT_TRUE(script.open());
  }
  for (int number = 0; number < kSteps; ++number) {
    if (script.step(number)) continue;
    // Nothing of what failed shows, neither while the disk is bad nor afterwards.
    script.check(true);
    disk.heal();
    script.check(true);
    ASSERT_TRUE(script.step(number)) << "must go on after the disk has healed";
  }
  script.check(true);
  // A fault in a checkpoint is nobody's business: it is done again later. One that nobody saw must not be
  // lost either.
  disk.cut_power();
  script.close();
  disk.power_on();
  ASSERT_TRUE(script.open());
  script.check(true);
  script.close();
  EXPECT_TRUE(disk.was_hit());
}

// Runs the script until the power is cut at operation n, then restarts and goes on.
void run_power_cut(uint64_t n, uint64_t luck) {
  SimulatedDisk disk(n * 1000 + luck);
  Script script(disk, 1);
  disk.fail_at(n, Fault::kPowerCut);
  int number = 0;
  if (script.open()) {
    while (number < kSteps && script.step(number)) ++number;
  }
  if (!disk.power_is_cut()) disk.cut_power();  // the operation only happens when the store closes
  script.close();
  disk.power_on();
  ASSERT_TRUE(script.open());
  script.check(false);
  script.check_last_batch_is_whole_and_adopt();
  for (int more = 0; more < 8; ++more) ASSERT_TRUE(script.step(more));
  script.check(true);
  script.close();
  ASSERT_TRUE(script.open());
  script.check(true);
}

class SqliteFaults : public testing::Test {};

TEST_F(SqliteFaults, every_operation_meets_one_error) {
  const uint64_t operations = operations_without_faults();
  ASSERT_GT(operations, 200u);
  for (uint64_t n = 1; n <= operations && !HasFatalFailure(); ++n) {
    SCOPED_TRACE("operation " + std::to_string(n) + " of " + std::to_string(operations));
    run_healing(n, Fault::kErrorOnce);
  }
}

TEST_F(SqliteFaults, the_disk_is_full_from_every_operation_on) {
  const uint64_t operations = operations_without_faults();
  for (uint64_t n = 1; n <= operations && !HasFatalFailure(); ++n) {
    SCOPED_TRACE("operation " + std::to_string(n) + " of " + std::to_string(operations));
    run_healing(n, Fault::kFull);
  }
}

TEST_F(SqliteFaults, power_is_lost_at_every_operation) {
  const uint64_t operations = operations_without_faults();
  for (uint64_t n = 1; n <= operations && !HasFatalFailure(); ++n) {
    for (uint64_t luck = 0; luck < 2 && !HasFatalFailure(); ++luck) {
      SCOPED_TRACE("operation " + std::to_string(n) + ", luck " + std::to_string(luck));
      run_power_cut(n, luck);
    }
  }
}

// /readyz must turn red while nothing can be stored, and green again by itself.
TEST_F(SqliteFaults, ping_tells_whether_writing_works) {
  SimulatedDisk disk(5);
  auto store = SqliteStore::open({.path = "/rooms.db", .vfs = disk.name()}).value();
  EXPECT_TRUE(store->ping());
  const uint64_t epoch = store->take("a").value().epoch;
  const Buffer update(10, 1);
  const AppendRequest request{"a", epoch, 2, update};
  disk.fail_at(1, Fault::kFull);
  const auto refused = store->append({&request, 1})[0];
  expect_code(refused, Code::kUnavailable);
  EXPECT_NE(refused.error().message.find("the disk is full"), std::string::npos) << refused.error().message;
  expect_code(store->ping(), Code::kUnavailable);
  expect_code(store->ping(), Code::kUnavailable);
  disk.heal();
  EXPECT_TRUE(store->ping());
  EXPECT_TRUE(store->append({&request, 1})[0]);
  EXPECT_EQ(store->load("a").value().log.size(), 2u);
}

}  // namespace
}  // namespace symphony
