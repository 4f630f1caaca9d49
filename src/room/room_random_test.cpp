// A room under random events: clients that come, edit, lag and vanish, a store that fails, forgets to answer
// and answers wrongly, rooms that are killed, drained and taken over. Whatever the order:
// - nothing is acknowledged that is not stored at that moment,
// - in the end all clients and the store have the same document, and it has every edit,
// - presence shows exactly who is there,
// - the same seed gives the same effects, byte for byte.
#include "room/room_random_world.h"

namespace symphony {
namespace {

using namespace testing;

struct Totals {
  uint64_t trace;
  int rooms;
  int compactions;
  uint64_t acknowledgements;
};

Totals run(uint64_t seed, int steps) {
  World world(seed);
  for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) world.step();
  world.heal();
  world.check_end();
  return {world.trace(), world.rooms(), world.compactions(), world.acknowledgements()};
}

TEST(RoomRandom, NothingAcknowledgedIsLostAndAllConverge) {
  Totals total{};
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Totals result = run(seed, 4000);
    total.rooms += result.rooms;
    total.compactions += result.compactions;
    total.acknowledgements += result.acknowledgements;
    ASSERT_FALSE(HasFailure());
  }
  // The script reaches what it is meant to reach.
  EXPECT_GT(total.rooms, 60);
  EXPECT_GT(total.compactions, 100);
  EXPECT_GT(total.acknowledgements, 1000u);
}

TEST(RoomRandom, TheSameSeedGivesTheSameEffects) {
  for (uint64_t seed = 100; seed < 104; ++seed) {
    const Totals first = run(seed, 2000);
    EXPECT_EQ(first.trace, run(seed, 2000).trace) << seed;
    EXPECT_NE(first.trace, run(seed + 1000, 2000).trace) << seed;
  }
}

}  // namespace
}  // namespace symphony
