// A process that appends is killed with -9 at a random moment, again and again; the next one finds everything
// that was acknowledged, and goes on from there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "storage/conformance.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

constexpr int kRooms = 3;

std::string room_name(int room) { return "room " + std::to_string(room); }

// The contents follow from the place.
Buffer update_at(int room, uint64_t seq) {
  Prng random(seq * kRooms + static_cast<uint64_t>(room));
  return random_bytes(random, random.below(2000));
}

Buffer state_at(int room, uint64_t seq) {
  Prng random(~(seq * kRooms + static_cast<uint64_t>(room)));
  return random_bytes(random, 100'000 + random.below(100'000));
}

struct Said {
  int room;
  uint64_t seq;
};

// The child: takes up where the file stands, and says each slot on `out` when it is acknowledged.
[[noreturn]] void append_until_killed(const SqliteStoreOptions& options, int out) {
  auto store = SqliteStore::open(options);
  if (!store) _exit(3);
  uint64_t newest[kRooms] = {};
  for (int room = 0; room < kRooms; ++room) {
    const auto stored = (*store)->load(room_name(room));
    if (!stored) _exit(4);
    newest[room] = stored->log.empty() ? stored->snapshot_seq : stored->log.back().seq;
  }
  for (uint64_t turn = 0;; ++turn) {
    std::vector<std::string> names;
    std::vector<Buffer> updates;
    for (int room = 0; room < kRooms; ++room) {
      names.push_back(room_name(room));
      updates.push_back(update_at(room, newest[room] + 1));
    }
    std::vector<AppendRequest> batch;
    for (size_t room = 0; room < kRooms; ++room)
      batch.push_back({names[room], newest[room] + 1, updates[room]});
    const auto results = (*store)->append(batch);
    for (int room = 0; room < kRooms; ++room) {
      if (!results[static_cast<size_t>(room)]) _exit(5);
      const Said said{room, ++newest[room]};
      if (write(out, &said, sizeof said) != sizeof said) _exit(6);
    }
    const int room = static_cast<int>(turn % kRooms);
    if (turn % 10 == 9 &&
        !(*store)->put_snapshot(room_name(room), newest[room], state_at(room, newest[room])))
      _exit(7);
  }
}

TEST(SqliteKill, everything_acknowledged_survives) {
  const TemporaryFolder folder;
  const SqliteStoreOptions options{.path = folder.file("rooms.db"), .checkpoint_pages = 50};
  const uint64_t seed = 4711;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Prng random(seed);
  uint64_t acknowledged[kRooms] = {};
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      append_until_killed(options, ends[1]);
    }
    close(ends[1]);
    usleep(static_cast<useconds_t>(1000 + random.below(60'000)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child gave up by itself: " << status;
    for (Said said{}; read(ends[0], &said, sizeof said) == sizeof said;) acknowledged[said.room] = said.seq;
    close(ends[0]);

    const auto store = SqliteStore::open(options);
    ASSERT_TRUE(store) << store.error().message;
    uint64_t newest[kRooms] = {};
    for (int room = 0; room < kRooms; ++room) {
      const auto stored = (*store)->load(room_name(room));
      ASSERT_TRUE(stored) << stored.error().message;
      newest[room] = stored->log.empty() ? stored->snapshot_seq : stored->log.back().seq;
      EXPECT_GE(newest[room], acknowledged[room]);
      EXPECT_LE(newest[room], acknowledged[room] + 1);
      if (stored->snapshot_seq > 0) {
        EXPECT_TRUE(stored->snapshot == state_at(room, stored->snapshot_seq));
      }
      for (const LogEntry& entry : stored->log) EXPECT_TRUE(entry.update == update_at(room, entry.seq));
    }
    EXPECT_TRUE(newest[0] == newest[1] && newest[1] == newest[2]) << "half of a batch is there";
    // What the file was seen to hold counts from here on, said or not.
    std::copy(newest, newest + kRooms, acknowledged);
  }
  EXPECT_GT(acknowledged[0], 100u) << "too little was written for the test to mean anything";
}

}  // namespace
}  // namespace symphony
