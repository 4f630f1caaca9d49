#include "crdt/store/struct_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <span>
#include <vector>

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

// Stretches that begin and end anywhere, within chunks and across them, and go on changing.
TEST(StructList, TellsWhereDeletedStretchesBeginAndEnd) {
  const uint64_t seed = 8;
  SCOPED_TRACE(seed);
  Prng random(seed);
  std::vector<Item> items(3000);
  uint32_t end = 0;
  for (Item& item : items) {
    item.clock = end;
    item.set_len(1 + static_cast<uint32_t>(random.below(6)));
    end = item.end();
  }
  StructList list;
  list.append_range(0, static_cast<uint32_t>(items.size()), items);
  for (int step = 0; step < 200; ++step) {
    const auto from = static_cast<uint32_t>(random.below(items.size()));
    const auto to = std::min<uint32_t>(from + 1 + static_cast<uint32_t>(random.below(40)),
                                       static_cast<uint32_t>(items.size()));
    for (uint32_t i = from; i < to; ++i) items[i].deleted = 1;
    list.note_deleted(items[from].clock, items[to - 1].end());
    std::vector<uint32_t> expected;
    bool deleted = false;
    for (const Item& item : items) {
      if (item.deleted != deleted) expected.push_back(item.clock);
      deleted = item.deleted;
    }
    if (deleted) expected.push_back(end);
    std::vector<uint32_t> told;
    list.visit_deleted(items, [&](std::span<const uint32_t> bounds) {
      EXPECT_EQ(bounds.size() % 2, 0u);
      told.insert(told.end(), bounds.begin(), bounds.end());
    });
    ASSERT_EQ(told, expected);
  }
}

}  // namespace
}  // namespace symphony::crdt
