#include "base/varint.h"

namespace symphony {

Reader::Number Reader::slow_var_uint(const uint8_t* at, const uint8_t* end) {
  constexpr Number kNone{0, nullptr};
  uint64_t value = 0;
  for (unsigned shift = 0; at != end; shift += 7) {
    const uint8_t byte = *at++;
    const uint64_t bits = byte & 0x7f;
    // Non-minimal encodings are legal in lib0 as long as the value stays in range.
    if (bits != 0 && (shift > 49 || (bits << shift) > kVarUintMax)) return kNone;
    if (bits != 0) value |= bits << shift;
    if (byte < 0x80) return {value, at};
    if (shift > 63) return kNone;
  }
  return kNone;
}

bool Reader::read_var_int_slow(uint64_t& magnitude) {
  const uint8_t first = read_u8();
  magnitude = first & 0x3f;
  if (first & 0x80) {
    for (unsigned shift = 6;; shift += 7) {
      const uint8_t byte = read_u8();
      if (!ok_) break;
      const uint64_t bits = byte & 0x7f;
      if (bits != 0 && (shift > 48 || (bits << shift) > kVarUintMax)) {
        set_failed();
        break;
      }
      if (bits != 0) magnitude |= bits << shift;
      if (byte < 0x80) break;
      if (shift > 63) {
        set_failed();
        break;
      }
    }
  }
  if (!ok_) magnitude = 0;
  return (first & 0x40) != 0;
}

}  // namespace symphony
