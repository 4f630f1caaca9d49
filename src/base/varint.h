// lib0's variable-length integers and byte strings, as every Yjs message uses them.
//
// varUint: 7 bits a byte, least significant first, bit 7 = more follow. Values up to 2^53-1, as in
// JavaScript. varInt: the first byte holds more(0x80), negative(0x40) and 6 bits; then as varUint. Minus zero
// exists. varBytes, varString: varUint length, then the bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "symphony/types.h"

namespace symphony {

inline constexpr uint64_t kVarUintMax = (uint64_t{1} << 53) - 1;

// Reads forward over a view. The first failure sticks: the reader goes to the end, and every later read gives
// zero or empty, so a decoder may read a whole record and test ok() once.
class Reader {
 public:
  explicit Reader(Bytes bytes) : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  const uint8_t* cursor() const { return at_; }

  void set_failed() {
    ok_ = false;
    at_ = end_;
  }

  uint8_t read_u8() {
    if (at_ == end_) {
      set_failed();
      return 0;
    }
    return *at_++;
  }

  uint64_t read_var_uint() {
    if (at_ != end_ && *at_ < 0x80) return *at_++;
    uint64_t value;
    if (!take_groups(value)) return read_var_uint_slow();
    if (value <= kVarUintMax) return value;
    set_failed();
    return 0;
  }

  // Eight bytes from here on, little-endian as they lie in memory; 0 if fewer are left.
  uint64_t peek_word() const {
    uint64_t word = 0;
    if (remaining() >= sizeof(word)) std::memcpy(&word, at_, sizeof(word));
    return word;
  }
  void skip(size_t count) { at_ += count; }  // no more than remaining()

  // The magnitude goes to `magnitude`; the result says whether the sign bit was set.
  bool read_var_int(uint64_t& magnitude) {
    if (at_ != end_ && *at_ < 0x80) {
      magnitude = *at_ & 0x3f;
      return (*at_++ & 0x40) != 0;
    }
    uint64_t groups;  // the first of them has the sign and six bits
    if (!take_groups(groups)) return read_var_int_slow(magnitude);
    magnitude = groups >> 7 << 6 | (groups & 0x3f);
    if (magnitude > kVarUintMax) {
      set_failed();
      magnitude = 0;
    }
    return (groups & 0x40) != 0;
  }

  Bytes read_bytes(uint64_t count) {
    if (count > remaining()) {
      set_failed();
      return {};
    }
    Bytes view(at_, static_cast<size_t>(count));
    at_ += count;
    return view;
  }

  Bytes read_var_bytes() { return read_bytes(read_var_uint()); }

  std::string_view read_var_string() {
    const Bytes view = read_var_bytes();
    return {reinterpret_cast<const char*>(view.data()), view.size()};
  }

 private:
  // Takes a number of up to eight bytes at once: seven bits of each, packed pairwise. False, and nothing
  // taken, if it is longer or too near the end.
  bool take_groups(uint64_t& groups) {
    if (remaining() < sizeof(uint64_t)) return false;
    uint64_t word;
    std::memcpy(&word, at_, sizeof(word));
    const uint64_t last = ~word & 0x8080808080808080ULL;  // bytes that nothing follows
    if (last == 0) return false;
    word &= last ^ (last - 1);
    at_ += (static_cast<unsigned>(__builtin_ctzll(last)) + 1) / 8;
    word = (word & 0x007f007f007f007fULL) | (word & 0x7f007f007f007f00ULL) >> 1;
    word = (word & 0x00003fff00003fffULL) | (word & 0x3fff00003fff0000ULL) >> 2;
    groups = (word & 0x000000000fffffffULL) | (word & 0x0fffffff00000000ULL) >> 4;
    return true;
  }

  // Not a member: a reader that nobody has the address of can be kept in registers.
  struct Number {
    uint64_t value;
    const uint8_t* end;  // null: out of range, or the bytes end before it does
  };
  static Number slow_var_uint(const uint8_t* at, const uint8_t* end);
  uint64_t read_var_uint_slow() {
    const Number number = slow_var_uint(at_, end_);
    if (number.end == nullptr) {
      set_failed();
    } else {
      at_ = number.end;
    }
    return number.value;
  }
  bool read_var_int_slow(uint64_t& magnitude);

  const uint8_t* begin_;
  const uint8_t* at_;
  const uint8_t* end_;
  bool ok_ = true;
};

// Appends to a Buffer.
class Writer {
 public:
  explicit Writer(Buffer& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(value); }

  void var_uint(uint64_t value) {
    uint8_t scratch[10];
    size_t count = 0;
    while (value >= 0x80) {
      scratch[count++] = static_cast<uint8_t>(value) | 0x80;
      value >>= 7;
    }
    scratch[count++] = static_cast<uint8_t>(value);
    out_.insert(out_.end(), scratch, scratch + count);
  }

  void bytes(Bytes view) { out_.insert(out_.end(), view.begin(), view.end()); }

  void var_bytes(Bytes view) {
    var_uint(view.size());
    bytes(view);
  }

  void var_string(std::string_view text) { var_bytes(as_bytes(text)); }

 private:
  Buffer& out_;
};

inline size_t var_uint_size(uint64_t value) {
  size_t count = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++count;
  }
  return count;
}

}  // namespace symphony
