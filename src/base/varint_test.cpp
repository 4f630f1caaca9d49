#include "base/varint.h"

#include <gtest/gtest.h>

#include <tuple>
#include <utility>
#include <vector>

namespace symphony {
namespace {

// The same number far from the end of the bytes, where eight are read at once, and at their end.
uint64_t read_uint(Buffer bytes, bool& ok, size_t& size) {
  Reader at_end(bytes);
  const uint64_t value = at_end.read_var_uint();
  ok = at_end.ok();
  size = at_end.position();
  bytes.resize(bytes.size() + 16, 0xff);
  Reader in(bytes);
  EXPECT_EQ(in.read_var_uint(), value);
  EXPECT_EQ(in.ok(), ok);
  if (ok) {
    EXPECT_EQ(in.position(), size);
  }
  return value;
}

TEST(Varint, ReadsWhatIsWritten) {
  for (unsigned shift = 0; shift <= 53; ++shift) {
    for (const uint64_t value : {(uint64_t{1} << shift) - 1, (uint64_t{1} << shift) % (kVarUintMax + 1)}) {
      Buffer bytes;
      Writer(bytes).var_uint(value);
      EXPECT_EQ(bytes.size(), var_uint_size(value));
      bool ok;
      size_t size;
      EXPECT_EQ(read_uint(bytes, ok, size), value);
      EXPECT_TRUE(ok);
      EXPECT_EQ(size, bytes.size());
    }
  }
}

TEST(Varint, RefusesWhatJavaScriptCannotCount) {
  for (const auto& [bytes, fine] : std::vector<std::pair<Buffer, bool>>{
           {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f}, true},               // 2^53-1
           {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10}, false},              // 2^53
           {{0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, true},         // 1, at length
           {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, false},  // 2^63
       }) {
    bool ok;
    size_t size;
    read_uint(bytes, ok, size);
    EXPECT_EQ(ok, fine);
  }
  Reader none{Bytes()};
  EXPECT_EQ(none.read_var_uint(), 0u);
  EXPECT_FALSE(none.ok());
}

TEST(Varint, KnowsTheSign) {
  for (const auto& [bytes, negative, magnitude] : std::vector<std::tuple<Buffer, bool, uint64_t>>{
           {{0x00}, false, 0},
           {{0x40}, true, 0},  // minus zero
           {{0x3f}, false, 63},
           {{0x7f}, true, 63},
           {{0x80, 0x01}, false, 64},
           {{0xc0, 0x01}, true, 64},
           {{0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f}, false, kVarUintMax},
           {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f}, true, kVarUintMax},
       }) {
    for (const size_t more : {size_t{0}, size_t{16}}) {
      Buffer longer = bytes;
      longer.resize(bytes.size() + more, 0xff);
      Reader in(longer);
      uint64_t read;
      EXPECT_EQ(in.read_var_int(read), negative);
      EXPECT_EQ(read, magnitude);
      EXPECT_TRUE(in.ok());
      EXPECT_EQ(in.position(), bytes.size());
    }
  }
  for (const size_t more : {size_t{0}, size_t{16}}) {
    Buffer bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20};  // 2^53
    bytes.resize(bytes.size() + more);
    Reader in(bytes);
    uint64_t read;
    in.read_var_int(read);
    EXPECT_FALSE(in.ok());
  }
}

}  // namespace
}  // namespace symphony
