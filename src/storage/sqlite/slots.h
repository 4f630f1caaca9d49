// Slots of a room one behind the other, as the journal and packed rows of the log hold them:
//
//   slot   varUint length | CRC-32C, four bytes, the lowest first | the update, `length` bytes
//
// A slot says neither its number nor its epoch: it is the next one, and its epoch is the row's. Its checksum
// covers both, and the room's name.
#pragma once

#include <cstdint>
#include <string_view>

#include "symphony/types.h"

namespace symphony::sqlite {

// Slots that were written before there were epochs have epoch 0, and a checksum without it.
uint32_t slot_checksum(std::string_view room, uint64_t seq, uint64_t epoch, Bytes update);

void write_slot(Buffer& to, uint32_t checksum, Bytes update);

struct PackedSlot {
  uint32_t checksum = 0;
  Bytes update;  // points into what is read
};

// Reads slots one after the other.
class SlotReader {
 public:
  explicit SlotReader(Bytes slots) : rest_(slots) {}

  bool at_end() const { return rest_.empty(); }
  // False if what is there is no slot; then nothing more can be read.
  bool next(PackedSlot& slot);

 private:
  Bytes rest_;
};

}  // namespace symphony::sqlite
