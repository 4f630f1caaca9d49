#include "storage/checksum.h"

#include <array>
#include <cstring>

namespace symphony::storage {
namespace {

// Slicing by eight: tables[k][b] is the checksum of byte b followed by k zero bytes, so that eight bytes are
// folded with eight independent look-ups.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, bits reversed
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t crc = tables[k - 1][byte];
      tables[k][byte] = (crc >> 8) ^ tables[0][crc & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

uint32_t read_le32(const uint8_t* at) {
  return uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}

}  // namespace

uint32_t crc32c(Bytes bytes, uint32_t crc) {
  const uint8_t* at = bytes.data();
  size_t left = bytes.size();
  crc = ~crc;
  for (; left >= 8; at += 8, left -= 8) {
    const uint32_t low = crc ^ read_le32(at);
    const uint32_t high = read_le32(at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][high & 0xff] ^ kTables[2][(high >> 8) & 0xff] ^
          kTables[1][(high >> 16) & 0xff] ^ kTables[0][high >> 24];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xff];
  return ~crc;
}

uint32_t row_checksum(std::string_view room, std::initializer_list<uint64_t> numbers, Bytes bytes) {
  uint32_t crc = crc32c(as_bytes(room));
  for (const uint64_t number : numbers) {
    std::array<uint8_t, 8> little_endian{};
    for (size_t i = 0; i < little_endian.size(); ++i)
      little_endian[i] = static_cast<uint8_t>(number >> (8 * i));
    crc = crc32c(little_endian, crc);
  }
  return crc32c(bytes, crc);
}

}  // namespace symphony::storage
