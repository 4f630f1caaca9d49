#include "storage/postgres/object_key.h"

#include <gtest/gtest.h>

namespace symphony::postgres {
namespace {

TEST(ObjectKey, is_written_as_it_is_read) {
  // The hash is FIPS 180's example.
  const std::string text =
      "rooms/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/12-345-1deadbeef";
  EXPECT_EQ(ObjectKey::of("abc", 12, 345, 0x1deadbeef).text(), text);
  const auto parsed = ObjectKey::parse(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->epoch, 12u);
  EXPECT_EQ(parsed->seq, 345u);
  EXPECT_EQ(parsed->tag, 0x1deadbeefu);
  EXPECT_EQ(parsed->text(), text);
  const ObjectKey largest = ObjectKey::of("abc", UINT64_MAX, UINT64_MAX, UINT64_MAX);
  EXPECT_EQ(ObjectKey::parse(largest.text())->text(), largest.text());
}

TEST(ObjectKey, of_others_is_not_read) {
  const std::string good = ObjectKey::of("abc", 1, 2, 3).text();
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(ObjectKey::parse(good.substr(0, size))) << size;
  const std::string folder = ObjectKey::of("abc", 1, 2, 3).folder();
  for (const char* name : {"01-2-3", "1-2-03", "+1-2-3", "1-2-3-4", "1-2-3 ", "1-2-G", "1-2-A", "-2-3",
                           "a/1-2-3", "18446744073709551616-2-3"}) {
    EXPECT_FALSE(ObjectKey::parse(folder + name)) << name;
  }
  EXPECT_FALSE(ObjectKey::parse("rooms/" + std::string(64, 'g') + "/1-2-3"));
  EXPECT_FALSE(ObjectKey::parse("rooms/" + std::string(63, 'a') + "/1-2-3"));
  EXPECT_FALSE(ObjectKey::parse("other/" + std::string(64, 'a') + "/1-2-3"));
}

}  // namespace
}  // namespace symphony::postgres
