#include "crdt/store/deleted_runs.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"
#include "crdt/wire/craft_testing.h"
#include "symphony/doc.h"

namespace symphony::crdt {
namespace {

TEST(DeletedRuns, KnowWhatWasAdded) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng random(seed);
    constexpr uint32_t kClocks = 100;
    std::vector<std::vector<bool>> deleted(2, std::vector<bool>(kClocks + 1));
    DeletedRuns runs;
    for (int round = 0; round < 30; ++round) {
      const auto slot = static_cast<Slot>(random.below(2));
      const auto begin = static_cast<uint32_t>(random.below(kClocks));
      const auto end = begin + 1 + static_cast<uint32_t>(random.below(std::min(15u, kClocks - begin)));
      runs.add(slot, begin, end);
      for (uint32_t clock = begin; clock < end; ++clock) deleted[slot][clock] = true;
      for (Slot of : {Slot{0}, Slot{1}}) {
        for (uint32_t clock = 0; clock < kClocks; ++clock) {
          uint32_t live = clock;
          while (deleted[of][live]) ++live;
          ASSERT_EQ(runs.skip(of, clock), live) << of << " " << clock;
        }
      }
    }
  }
}

// What is deleted again, in any pieces, changes nothing; what is live among it goes.
TEST(DeletedRuns, DeletingAgainDeletesWhatIsLive) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng random(seed);
    constexpr uint64_t kLength = 1000;
    craft::Parts letters{craft::item(craft::root("t"), craft::text("a"))};
    for (uint64_t i = 1; i < kLength; ++i)
      letters.push_back(craft::item(craft::before(1, i - 1), craft::text("a")));
    Doc doc;
    ASSERT_TRUE(doc.apply_update(craft::update({craft::block(1, 0, letters)})));
    std::vector<bool> live(kLength, true);
    for (int round = 0; round < 40; ++round) {
      const uint64_t begin = random.below(kLength);
      const uint64_t length = 1 + random.below(std::min<uint64_t>(300, kLength - begin));
      ASSERT_TRUE(doc.apply_update(craft::update({}, {{1, {{begin, length}}}})));
      std::fill_n(live.begin() + static_cast<ptrdiff_t>(begin), length, false);
      ASSERT_EQ(doc.to_text("t").size(), static_cast<size_t>(std::count(live.begin(), live.end(), true)));
      ASSERT_EQ(doc.check_invariants(), "");
    }
  }
}

}  // namespace
}  // namespace symphony::crdt
