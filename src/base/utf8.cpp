#include "base/utf8.h"

#include <cstring>

namespace symphony {
namespace {

// Bytes of the ASCII prefix, found eight at a time.
size_t ascii_prefix(const uint8_t* at, size_t size) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, at + i, 8);
    if (const uint64_t high = word & 0x8080808080808080ULL; high != 0) {
      return i + static_cast<size_t>(__builtin_ctzll(high)) / 8;
    }
  }
  while (i < size && at[i] < 0x80) ++i;
  return i;
}

bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// Length of the multi-byte character at `at`, 0 if it is not valid.
size_t multibyte_length(const uint8_t* at, size_t left) {
  const uint8_t lead = at[0];
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
  if (lead < 0xf0) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    if (lead == 0xe0 && at[1] < 0xa0) return 0;   // overlong
    if (lead == 0xed && at[1] >= 0xa0) return 0;  // surrogate
    return 3;
  }
  if (lead > 0xf4 || left < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) ||
      !is_continuation(at[3])) {
    return 0;
  }
  if (lead == 0xf0 && at[1] < 0x90) return 0;   // overlong
  if (lead == 0xf4 && at[1] >= 0x90) return 0;  // past U+10FFFF
  return 4;
}

}  // namespace

std::optional<size_t> utf16_length(Bytes utf8) {
  size_t units = 0;
  for (size_t i = 0; i < utf8.size();) {
    const size_t ascii = ascii_prefix(utf8.data() + i, utf8.size() - i);
    units += ascii;
    i += ascii;
    if (i == utf8.size()) break;
    const size_t length = multibyte_length(utf8.data() + i, utf8.size() - i);
    if (length == 0) return std::nullopt;
    units += length == 4 ? 2 : 1;
    i += length;
  }
  return units;
}

Utf16Cut utf16_cut(Bytes utf8, size_t units, size_t all) {
  if (units <= all / 2) return utf16_cut(utf8, units);
  size_t i = utf8.size();
  for (size_t behind = all - units; behind > 0;) {
    do --i;
    while (is_continuation(utf8[i]));
    if (utf8[i] < 0xf0) {
      --behind;
    } else if (behind == 1) {
      return {i, true};
    } else {
      behind -= 2;
    }
  }
  return {i, false};
}

Utf16Cut utf16_cut(Bytes utf8, size_t units) {
  size_t i = 0;
  while (units > 0) {
    const uint8_t lead = utf8[i];
    if (lead < 0x80) {
      ++i;
      --units;
    } else if (lead < 0xf0) {
      i += lead < 0xe0 ? 2 : 3;
      --units;
    } else if (units == 1) {
      return {i, true};
    } else {
      i += 4;
      units -= 2;
    }
  }
  return {i, false};
}

}  // namespace symphony
