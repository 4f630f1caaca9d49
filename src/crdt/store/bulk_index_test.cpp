#include "crdt/store/bulk_index.h"

#include <gtest/gtest.h>

namespace symphony::crdt {
namespace {

class BulkIndexTest : public testing::Test {
 protected:
  void add(uint32_t clock, uint32_t len) {
    Item& item = items_.emplace_back();
    item.clock = clock;
    item.set_len(len);
  }

  std::vector<Item> items_;
  BulkIndex index_;
};

TEST_F(BulkIndexTest, finds_every_clock_of_every_client) {
  for (uint32_t clock = 0, i = 0; i < 100; ++i) {
    add(clock, 1 + i * 7 % 5);
    clock = items_.back().end();
  }
  const uint32_t end = items_.back().end();
  add(0, 1000);
  index_.start(items_.size(), 2);
  index_.add_client(3, end, 0, 100, items_);
  index_.add_client(0, 1000, 100, 1, items_);
  for (uint32_t clock = 0; clock < end; ++clock) {
    const ItemIndex found = index_.find(3, clock, items_);
    ASSERT_NE(found, kNil) << clock;
    EXPECT_LE(items_[found].clock, clock);
    EXPECT_GT(items_[found].end(), clock);
  }
  EXPECT_EQ(index_.find(0, 999, items_), 100u);
  EXPECT_EQ(index_.find(1, 0, items_), kNil);
}

TEST_F(BulkIndexTest, the_end_of_a_cut_item_is_not_looked_for_among_the_next_clients_items) {
  add(0, 4);
  add(0, 10);  // of the next client: covers every clock of the first
  index_.start(2, 2);
  index_.add_client(0, 4, 0, 1, items_);
  index_.add_client(1, 10, 1, 1, items_);
  items_[0].set_len(2);
  add(2, 2);
  EXPECT_EQ(index_.find(0, 1, items_), 0u);
  EXPECT_EQ(index_.find(0, 2, items_), kNil);
  EXPECT_EQ(index_.find(0, 3, items_), kNil);
}

}  // namespace
}  // namespace symphony::crdt
