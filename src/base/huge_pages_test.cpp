#include "base/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

namespace symphony {
namespace {

TEST(HugePages, CapacityIsAsAskedForAndWhatIsInAnArrayStays) {
  std::vector<uint32_t> array;
  for (uint32_t i = 0; i < 3'000'000; ++i) array.push_back(i);
  for (const size_t capacity : {array.size(), array.size() + 1, size_t{6'000'000}}) {
    set_capacity(array, capacity);
    EXPECT_EQ(array.capacity(), capacity);
    ASSERT_EQ(array.size(), 3'000'000u);
    for (uint32_t i = 0; i < array.size(); ++i) ASSERT_EQ(array[i], i);
  }
}

TEST(HugePages, ElementsAreMoved) {
  std::vector<std::unique_ptr<int>> array;
  array.push_back(std::make_unique<int>(7));
  set_capacity(array, 1);
  EXPECT_EQ(*array.front(), 7);
}

TEST(HugePages, NoMemoryIsNoMatter) {
  prefer_huge_pages(nullptr, 0);
  std::vector<int> none;
  set_capacity(none, 0);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace symphony
