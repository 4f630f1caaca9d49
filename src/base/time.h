// Time as the core sees it: handed in, never read. Only differences mean anything.
#pragma once

#include <chrono>

namespace symphony {

using Duration = std::chrono::microseconds;
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

inline constexpr Time kNever = Time::max();

}  // namespace symphony
