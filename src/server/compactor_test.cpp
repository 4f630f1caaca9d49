#include "server/compactor.h"

#include <gtest/gtest.h>

#include "storage/memory/memory_store.h"
#include "storage/owner_testing.h"

namespace symphony {
namespace {

struct Told {
  std::string room;
  Result<Compacted> outcome;
};

class CompactorTest : public testing::Test {
 protected:
  std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>();
  TestOwner owner{std::make_unique<MemoryStore>(test_owner("owner"), medium)};
  std::vector<Told> told;

  // A Yjs update that inserts 1,000 letters into a new document.
  static Buffer update() {
    Buffer out = {1, 1, 1, 0, 4, 1, 1, 't', 0xe8, 7};
    out.resize(out.size() + 1000, 'x');
    out.push_back(0);
    return out;
  }

  void write(const std::string& room) { ASSERT_TRUE(owner.append(room, text_of(update()))); }

  Compaction compaction(const std::string& room) {
    return {std::make_shared<const std::string>(room), owner.epoch(room), owner.newest(room),
            [this, room](Result<Compacted> outcome, Duration) {
              told.push_back({room, std::move(outcome)});
            }};
  }
};

TEST_F(CompactorTest, small_states_are_written_together) {
  Compactor compactor(owner.store(), {});
  for (const char* room : {"a", "b", "c"}) {
    write(room);
    EXPECT_TRUE(compactor.add(compaction(room)));
  }
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(owner.store().load("a").value().snapshot_seq, 0u);
  compactor.flush();
  ASSERT_EQ(told.size(), 3u);
  for (const Told& each : told) {
    ASSERT_TRUE(each.outcome) << each.room;
    EXPECT_GT(each.outcome->state_bytes, 1000u);
    EXPECT_EQ(owner.store().load(each.room).value().snapshot_seq, owner.newest(each.room));
    EXPECT_TRUE(owner.store().load(each.room).value().log.empty());
  }
  compactor.flush();
  EXPECT_EQ(told.size(), 3u);
}

TEST_F(CompactorTest, a_batch_is_full_by_rooms_or_by_bytes) {
  CompactorOptions options;
  options.batch_rooms = 2;
  Compactor by_rooms(owner.store(), options);
  write("a");
  write("b");
  EXPECT_TRUE(by_rooms.add(compaction("a")));
  EXPECT_FALSE(by_rooms.add(compaction("b")));
  by_rooms.flush();
  EXPECT_EQ(told.size(), 2u);

  options = {};
  options.batch_bytes = 1500;
  Compactor by_bytes(owner.store(), options);
  write("c");
  write("d");
  EXPECT_TRUE(by_bytes.add(compaction("c")));
  EXPECT_FALSE(by_bytes.add(compaction("d")));
}

TEST_F(CompactorTest, a_room_that_fails_is_told_alone) {
  Compactor compactor(owner.store(), {});
  for (const char* room : {"a", "lost", "damaged", "b"}) write(room);
  medium->rooms.at("damaged").snapshot = {0xff};
  medium->rooms.at("damaged").snapshot_seq = 1;
  medium->rooms.at("damaged").log.erase(1);
  const Compaction late = compaction("lost");
  ASSERT_TRUE(owner.take("lost"));
  EXPECT_TRUE(compactor.add(compaction("a")));
  EXPECT_TRUE(compactor.add(late));
  EXPECT_TRUE(compactor.add(compaction("damaged")));
  EXPECT_TRUE(compactor.add(compaction("b")));
  ASSERT_EQ(told.size(), 1u) << "what cannot be read waits for nobody";
  EXPECT_EQ(told[0].room, "damaged");
  expect_code(told[0].outcome, Code::kCorrupt);
  compactor.flush();
  ASSERT_EQ(told.size(), 4u);
  EXPECT_TRUE(told[1].outcome);
  EXPECT_EQ(told[2].room, "lost");
  expect_code(told[2].outcome, Code::kConflict);
  EXPECT_TRUE(told[3].outcome);
}

// The rate bounds the average: what took as long by itself waits no more. And when the process ends, nothing
// waits.
TEST_F(CompactorTest, the_rate_makes_pauses_until_the_process_hurries) {
  CompactorOptions options;
  options.bytes_per_second = 10'000;  // of 1,000 each
  Compactor compactor(owner.store(), options);
  write("a");
  write("b");
  const auto begin = std::chrono::steady_clock::now();
  compactor.add(compaction("a"));
  compactor.flush();
  compactor.add(compaction("b"));
  compactor.flush();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));
  options.bytes_per_second = 1;
  Compactor slow(owner.store(), options);
  write("c");
  write("d");
  slow.add(compaction("c"));
  slow.flush();
  slow.hurry();
  slow.add(compaction("d"));
  slow.flush();
  EXPECT_EQ(told.size(), 4u);
}

}  // namespace
}  // namespace symphony
