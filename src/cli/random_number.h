// 64 bits from the system: seeds, and names that no other process has.
#pragma once

#include <cstdint>
#include <random>

namespace symphony {

inline uint64_t random_number() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace symphony
