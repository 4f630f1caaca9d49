// A process that appends is killed with -9 at a random moment, again and again; the next one finds everything
// that was acknowledged, and goes on from there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>

#include "storage/owner_testing.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

constexpr size_t kRooms = 3;

std::string room_name(size_t room) { return "room " + std::to_string(room); }

// The contents follow from the place.
Buffer update_at(size_t room, uint64_t seq) {
  Prng random(seq * kRooms + room);
  return random_bytes(random, random.below(2000));
}

Buffer state_at(size_t room, uint64_t seq) {
  Prng random(~(seq * kRooms + room));
  return random_bytes(random, 100'000 + random.below(100'000));
}

// The newest slot of each room.
using Newest = std::array<uint64_t, kRooms>;

// The child: takes the rooms and goes on where they stand, and says on `out` what was acknowledged: first
// the fences, then each batch.
[[noreturn]] void append_until_killed(const SqliteStoreOptions& options, int out) {
  auto store = SqliteStore::open(options);
  if (!store) _exit(3);
  const auto say = [&](const Newest& newest) {
    if (write(out, &newest, sizeof newest) != sizeof newest) _exit(6);
  };
  std::array<uint64_t, kRooms> epochs{};
  Newest newest{};
  for (size_t room = 0; room < kRooms; ++room) {
    const auto claim = (*store)->take(room_name(room));
    if (!claim) _exit(4);
    epochs[room] = claim->epoch;
    newest[room] = claim->stored.log.back().seq;
  }
  say(newest);
  for (uint64_t turn = 0;; ++turn) {
    std::vector<std::string> names;
    std::vector<Buffer> updates;
    for (size_t room = 0; room < kRooms; ++room) {
      names.push_back(room_name(room));
      updates.push_back(update_at(room, newest[room] + 1));
    }
    std::vector<AppendRequest> batch;
    for (size_t room = 0; room < kRooms; ++room)
      batch.push_back({names[room], epochs[room], ++newest[room], updates[room]});
    for (const auto& result : (*store)->append(batch)) {
      if (!result) _exit(5);
    }
    say(newest);
    if (turn % 4 != 3) continue;
    const size_t room = (turn / 4) % kRooms;
    const Buffer state = state_at(room, newest[room]);
    if (!put_snapshot(**store, {names[room], epochs[room], newest[room], state, {}})) _exit(7);
  }
}

TEST(SqliteKill, everything_acknowledged_survives) {
  const TemporaryFolder folder;
  const SqliteStoreOptions options{.path = folder.file("rooms.db"),
                                   .checkpoint_pages = 50,
                                   .chunk_bytes = 10'000,  // so that a snapshot takes several transactions
                                   .chunks_at_once = 3,
                                   .fold_bytes = 20'000};
  const uint64_t seed = 4711;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Prng random(seed);
  Newest acknowledged{};
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
    // Not before it has got somewhere, however slow the machine is.
    bool all_taken = false;
    const auto listen = [&] {
      Newest said{};
      if (read(ends[0], &said, sizeof said) != sizeof said) return false;
      acknowledged = said;
      return all_taken = true;
    };
    for (uint64_t messages = random.below(20); messages > 0 && listen(); --messages) continue;
    usleep(static_cast<useconds_t>(random.below(20'000)));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child gave up by itself: " << status;
    while (listen()) continue;
    close(ends[0]);

    const auto store = SqliteStore::open(options);
    ASSERT_TRUE(store) << store.error().message;
    Newest newest{};
    std::set<uint64_t> beyond;
    for (size_t room = 0; room < kRooms; ++room) {
      const auto stored = (*store)->load(room_name(room));
      ASSERT_TRUE(stored) << stored.error().message;
      newest[room] = stored->log.empty() ? stored->snapshot_seq : stored->log.back().seq;
      EXPECT_GE(newest[room], acknowledged[room]);
      EXPECT_LE(newest[room], acknowledged[room] + 1);
      beyond.insert(newest[room] - acknowledged[room]);
      if (stored->snapshot_seq > 0) {
        EXPECT_TRUE(stored->snapshot == state_at(room, stored->snapshot_seq));
      }
      for (const LogEntry& entry : stored->log)
        EXPECT_TRUE(entry.update.empty() || entry.update == update_at(room, entry.seq));
    }
    EXPECT_TRUE(!all_taken || beyond.size() == 1) << "half of a batch is there";
    // What the file was seen to hold counts from here on, said or not.
    acknowledged = newest;
  }
  EXPECT_GT(acknowledged[0], 100u) << "too little was written for the test to mean anything";
}

}  // namespace
}  // namespace symphony
