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
  std::vector<Item> items;
  const auto new_item = [&](uint32_t clock) {
    items.emplace_back().clock = clock;
    return static_cast<uint32_t>(items.size() - 1);
  };
  const auto clock_at = [&](StructList::Position at) { return items[list.item(at)].clock; };
  std::map<uint32_t, uint32_t> model;
  uint32_t end = 0;
  for (int step = 0; step < 20000; ++step) {
    const uint64_t action = random.below(10);
    if (model.empty() || action < 4) {
      model[end] = new_item(end);
      list.push_back(end, model[end], items);
      end += 1 + static_cast<uint32_t>(random.below(6));
    } else if (action < 8) {
      const auto clock = static_cast<uint32_t>(random.below(end));
      const auto at = list.find(clock, items);
      if (clock_at(at) == clock) continue;
      model[clock] = new_item(clock);
      const auto inserted = list.insert_after(at, clock, model[clock], items);
      EXPECT_EQ(list.item(inserted), model[clock]);
    } else if (model.size() > 1) {
      auto at = list.find(static_cast<uint32_t>(random.below(end)), items);
      if (list.is_first(at)) continue;
      const uint32_t clock = clock_at(at);
      const auto before = list.erase(at, items);
      model.erase(clock);
      EXPECT_EQ(clock_at(before), std::prev(model.lower_bound(clock))->first);
    }
    ASSERT_EQ(list.size(), model.size());
    const auto clock = static_cast<uint32_t>(random.below(end));
    const auto expected = std::prev(model.upper_bound(clock));
    const auto found = list.find(clock, items);
    ASSERT_EQ(clock_at(found), expected->first);
    ASSERT_EQ(list.item(found), expected->second);
  }
  // Walking both ways meets everything.
  auto at = list.begin();
  for (auto expected = model.begin();;) {
    ASSERT_EQ(clock_at(at), expected->first);
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
