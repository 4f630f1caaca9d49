// Whether a text is JSON, without building anything from it.
#pragma once

#include <cstddef>

#include "symphony/types.h"

namespace symphony {

inline constexpr size_t kJsonDepthMax = 1024;

// Whether JavaScript's JSON.parse would take the text, nested at most `depth_max` deep and never deeper than
// kJsonDepthMax. Linear, without recursion or allocation.
bool is_json(Bytes text, size_t depth_max);

}  // namespace symphony
