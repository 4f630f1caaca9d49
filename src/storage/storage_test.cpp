#include <gtest/gtest.h>

#include <string_view>

#include "base/prng.h"
#include "storage/checksum.h"
#include "storage/errors.h"

namespace symphony::storage {
namespace {

Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

// RFC 3720, appendix B.4.
TEST(Checksum, equals_the_published_values) {
  EXPECT_EQ(crc32c({}), 0u);
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(Buffer(32, 0x00)), 0x8a9136aau);
  EXPECT_EQ(crc32c(Buffer(32, 0xff)), 0x62a8ab43u);
  Buffer ascending(32);
  for (size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<uint8_t>(i);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
}

TEST(Checksum, continues_over_any_cut) {
  Prng random(1);
  Buffer bytes(100);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
  const uint32_t whole = crc32c(bytes);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const Bytes view(bytes);
    EXPECT_EQ(crc32c(view.subspan(cut), crc32c(view.first(cut))), whole) << "cut at " << cut;
  }
}

TEST(Quoted, keeps_text_and_escapes_the_rest) {
  EXPECT_EQ(quoted("notes/2024"), "\"notes/2024\"");
  EXPECT_EQ(quoted("Zürich \xf0\x9f\x8e\xbb"), "\"Zürich \xf0\x9f\x8e\xbb\"");
  EXPECT_EQ(quoted(std::string_view("a\0\n\"\\", 5)), "\"a\\x00\\x0a\\x22\\x5c\"");
  EXPECT_EQ(quoted("a\xff"), "\"a\\xff\"");
}

TEST(CheckSlot, takes_only_the_next_one) {
  EXPECT_TRUE(check_slot("r", 1, 0));
  EXPECT_TRUE(check_slot("r", 8, 7));
  for (const uint64_t seq : {0u, 6u, 7u, 9u}) {
    const Result<void> result = check_slot("r", seq, 7);
    ASSERT_FALSE(result) << seq;
    EXPECT_EQ(result.error().code, Code::kConflict);
  }
}

}  // namespace
}  // namespace symphony::storage
