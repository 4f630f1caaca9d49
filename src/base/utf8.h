// UTF-8 as JavaScript's fatal TextDecoder reads it, and its length in UTF-16 code units.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>

#include "symphony/types.h"

namespace symphony {

// Whether every byte is ASCII. Short texts, which most are, take two loads that may overlap and no loop.
inline bool is_ascii(Bytes text) {
  constexpr uint64_t kHighBits = 0x8080808080808080ULL;
  const auto load = [](const uint8_t* at, auto word) {
    std::memcpy(&word, at, sizeof(word));
    return uint64_t{word};
  };
  const uint8_t* at = text.data();
  const size_t size = text.size();
  uint64_t bits = 0;
  if (size >= 8) {
    const uint8_t* const last = at + size - 8;
    for (; at < last; at += 8) bits |= load(at, uint64_t{});
    bits |= load(last, uint64_t{});
  } else if (size >= 4) {
    bits = load(at, uint32_t{}) | load(at + size - 4, uint32_t{});
  } else if (size > 0) {
    bits = uint64_t{at[0]} | at[size / 2] | at[size - 1];
  }
  return (bits & kHighBits) == 0;
}

// UTF-16 code units of valid UTF-8; nothing if the bytes are not valid UTF-8 (overlong forms, surrogates,
// values past U+10FFFF, truncation). Cost: linear, eight bytes at a time while the text is ASCII.
std::optional<size_t> utf16_length(Bytes utf8);

inline bool is_utf8(Bytes bytes) { return utf16_length(bytes).has_value(); }

// Where UTF-16 code unit `units` begins in valid UTF-8 that holds at least that many.
struct Utf16Cut {
  size_t bytes;      // byte offset of the character that holds the unit
  bool inside_pair;  // the unit is the second half of a surrogate pair (of the 4-byte character at `bytes`)
};
Utf16Cut utf16_cut(Bytes utf8, size_t units);

// The same, looked for from the nearer end of a text that has `all` units.
Utf16Cut utf16_cut(Bytes utf8, size_t units, size_t all);

}  // namespace symphony
