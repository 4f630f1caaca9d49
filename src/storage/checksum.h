// CRC-32C (Castagnoli) of stored bytes: finds what a disk, a copy or an editor changed behind our back.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "symphony/types.h"

namespace symphony::storage {

// The checksum of `bytes` after bytes whose checksum is `crc`; start with 0.
uint32_t crc32c(Bytes bytes, uint32_t crc = 0);

// Of a row of a table: whose it is, its place in numbers, and its bytes, so that a row in the wrong place is
// found as well.
uint32_t row_checksum(std::string_view room, std::initializer_list<uint64_t> numbers, Bytes bytes);

}  // namespace symphony::storage
