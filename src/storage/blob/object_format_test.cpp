#include "storage/blob/object_format.h"

#include <algorithm>
#include <random>

#include "storage/store_testing.h"

namespace symphony {
namespace {

Buffer encoded(std::string_view key, Bytes bytes) {
  Buffer out;
  const auto done = encode_object(key, bytes, [&](Bytes piece) -> Result<void> {
    out.insert(out.end(), piece.begin(), piece.end());
    return {};
  });
  EXPECT_TRUE(done);
  return out;
}

// Decodes `stored` in pieces of up to `piece_max` bytes.
Result<Buffer> decoded(std::string_view key, Bytes stored, Prng& random, size_t piece_max,
                       uint64_t bytes_max = kObjectBytesMax) {
  ObjectDecoder decoder("object " + std::string(key), key, bytes_max);
  while (!stored.empty()) {
    const size_t size = std::min<size_t>(stored.size(), random.below(piece_max) + 1);
    if (auto good = decoder.add(stored.first(size)); !good) return tl::unexpected(good.error());
    stored = stored.subspan(size);
  }
  return decoder.finish();
}

TEST(ObjectFormat, is_read_from_pieces_of_any_size) {
  Prng random(5);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{300'000}}) {
    const Buffer bytes = random_bytes(random, size);
    const Buffer stored = encoded("room/1-2", bytes);
    for (const size_t piece_max : {size_t{1}, size_t{3}, size_t{5}, size_t{4096}, stored.size()})
      EXPECT_EQ(decoded("room/1-2", stored, random, piece_max).value(), bytes) << size << " " << piece_max;
  }
}

TEST(ObjectFormat, has_the_bytes_that_it_had) {
  const Buffer stored = encoded("a/b", bytes_of("text"));
  const uint8_t head[] = {'S', 'Y', 'M', 'O', 1, 3, 'a', '/', 'b', 4, 0, 0, 0, 0, 0, 0, 0};
  ASSERT_GT(stored.size(), sizeof head + 4 + 4);
  EXPECT_TRUE(std::equal(std::begin(head), std::end(head), stored.begin()));
}

TEST(ObjectFormat, every_damage_is_found_and_named) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Prng random(seed);
  const Buffer good = encoded("room/1-1", bytes_of("some text, some text, some text"));
  const auto expect_corrupt = [&](Bytes bad) {
    const auto got = decoded("room/1-1", bad, random, 9);
    expect_code(got, Code::kCorrupt);
    EXPECT_TRUE(got.error().message.starts_with("object room/1-1 ")) << got.error().message;
  };
  for (size_t size = 0; size < good.size(); ++size) expect_corrupt(Bytes(good).first(size));
  for (size_t at = 0; at < good.size(); ++at) {
    Buffer bad = good;
    bad[at] = static_cast<uint8_t>(bad[at] ^ (1u << random.below(8)));
    expect_corrupt(bad);
  }
  Buffer twice = good;
  twice.insert(twice.end(), good.begin(), good.end());
  expect_corrupt(twice);
  expect_corrupt(bytes_of("<html>not an object</html>"));
  expect_corrupt(bytes_of("<h>"));
  expect_corrupt(encoded("room/1-2", bytes_of("x")));
}

TEST(ObjectFormat, a_size_beyond_the_limit_is_refused_at_the_header) {
  const Buffer stored = encoded("a", Buffer(1000));
  Prng random(1);
  EXPECT_TRUE(decoded("a", stored, random, 7, 1000));
  ObjectDecoder decoder("object a", "a", 999);
  expect_code(decoder.add(Bytes(stored).first(6 + 1 + 12)), Code::kLimit);
}

TEST(ObjectFormat, names_are_flat_and_sort_as_their_keys) {
  const std::string alphabet = "-/09AZ_az";
  Prng random(3);
  std::vector<std::string> keys;
  while (keys.size() < 2000) {
    std::string key;
    for (uint64_t left = random.below(6) + 1; left > 0; --left)
      key += alphabet[random.below(alphabet.size())];
    if (check_object_key(key)) keys.push_back(key);
  }
  for (size_t i = 1; i < keys.size(); ++i) {
    EXPECT_EQ(keys[i - 1] < keys[i], object_name(keys[i - 1]) < object_name(keys[i]));
    EXPECT_EQ(object_key(object_name(keys[i])), keys[i]);
    EXPECT_EQ(object_name(keys[i]).find('/'), std::string::npos);
  }
  for (const char* foreign : {"", "a/b", ".a", "a.", "a..b", "a b", "README.md ", "a%2Fb"})
    EXPECT_EQ(object_key(foreign), "") << foreign;
}

}  // namespace
}  // namespace symphony
