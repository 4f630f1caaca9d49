#include "storage/sqlite/slots.h"

#include <gtest/gtest.h>

#include "storage/store_testing.h"

namespace symphony::sqlite {
namespace {

TEST(Slots, come_back_as_they_were_and_no_part_of_them_is_taken_for_a_whole) {
  Prng random(3);
  std::vector<Buffer> updates;
  Buffer packed;
  std::vector<size_t> ends = {0};
  for (const size_t size : {0u, 1u, 20u, 127u, 128u, 5000u, 0u}) {
    updates.push_back(random_bytes(random, size));
    write_slot(packed, static_cast<uint32_t>(size * 0x01020304), updates.back());
    ends.push_back(packed.size());
  }
  for (size_t cut = 0; cut <= packed.size(); ++cut) {
    SlotReader reader(Bytes(packed).first(cut));
    PackedSlot slot;
    size_t count = 0;
    for (; !reader.at_end() && reader.next(slot); ++count) {
      ASSERT_TRUE(std::ranges::equal(slot.update, updates[count]));
      ASSERT_EQ(slot.checksum, static_cast<uint32_t>(updates[count].size() * 0x01020304));
    }
    ASSERT_LE(ends[count], cut);
    ASSERT_EQ(reader.at_end(), ends[count] == cut) << cut;
  }
}

}  // namespace
}  // namespace symphony::sqlite
