// UTF-8 as JavaScript's fatal TextDecoder reads it, and its length in UTF-16 code units.
#pragma once

#include <cstddef>
#include <optional>

#include "symphony/types.h"

namespace symphony {

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

}  // namespace symphony
