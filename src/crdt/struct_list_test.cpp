#include "crdt/struct_list.h"

#include <gtest/gtest.h>

#include <map>

#include "base/prng.h"

namespace symphony::crdt {
namespace {

// The list against a std::map through random splits, merges and appends, enough to fill and empty many
// chunks.
TEST(StructList, BehavesAsAnOrderedMap) {
  const uint64_t seed = 7;
  SCOPED_TRACE(seed);
  Prng random(seed);
  StructList list;
  std::map<uint32_t, uint32_t> model;
  uint32_t end = 0;
  uint32_t next_item = 0;
  for (int step = 0; step < 20000; ++step) {
    const uint64_t action = random.below(10);
    if (model.empty() || action < 4) {
      list.push_back(end, next_item);
      model[end] = next_item++;
      end += 1 + static_cast<uint32_t>(random.below(6));
    } else if (action < 8) {
      const auto clock = static_cast<uint32_t>(random.below(end));
      const auto at = list.find(clock);
      if (list.clock(at) == clock) continue;
      const auto inserted = list.insert_after(at, clock, next_item);
      EXPECT_EQ(list.item(inserted), next_item);
      model[clock] = next_item++;
    } else if (model.size() > 1) {
      auto at = list.find(static_cast<uint32_t>(random.below(end)));
      if (list.is_first(at)) continue;
      const uint32_t clock = list.clock(at);
      const auto before = list.erase(at);
      model.erase(clock);
      EXPECT_EQ(list.clock(before), std::prev(model.lower_bound(clock))->first);
    }
    ASSERT_EQ(list.size(), model.size());
    const auto clock = static_cast<uint32_t>(random.below(end));
    const auto expected = std::prev(model.upper_bound(clock));
    const auto found = list.find(clock);
    ASSERT_EQ(list.clock(found), expected->first);
    ASSERT_EQ(list.item(found), expected->second);
  }
  // Walking both ways meets everything.
  auto at = list.begin();
  for (auto expected = model.begin();;) {
    ASSERT_EQ(list.clock(at), expected->first);
    ASSERT_EQ(list.item(at), expected->second);
    if (!list.next(at)) break;
    ++expected;
  }
  EXPECT_EQ(at, list.last());
  size_t walked = 1;
  while (list.previous(at)) ++walked;
  EXPECT_EQ(walked, model.size());
}

}  // namespace
}  // namespace symphony::crdt
