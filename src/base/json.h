// Whether a text is JSON, without building anything from it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "symphony/types.h"

namespace symphony {

inline constexpr size_t kJsonDepthMax = 1024;

// Whether JavaScript's JSON.parse would take the text, nested at most `depth_max` deep and never deeper than
// kJsonDepthMax. Linear, without recursion or allocation.
bool is_json(Bytes text, size_t depth_max);

// Reads an escape in a string of valid JSON, from behind its backslash to behind its end. The code point, or
// half of a surrogate pair that has no other half.
uint32_t read_json_escape(const char*& at, const char* end);

}  // namespace symphony
