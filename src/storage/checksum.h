// CRC-32C (Castagnoli) of stored bytes: finds what a disk, a copy or an editor changed behind our back.
#pragma once

#include <cstdint>

#include "symphony/types.h"

namespace symphony::storage {

// The checksum of `bytes` after bytes whose checksum is `crc`; start with 0.
uint32_t crc32c(Bytes bytes, uint32_t crc = 0);

}  // namespace symphony::storage
