#include "storage/sqlite/slots.h"

#include "base/varint.h"
#include "storage/checksum.h"

namespace symphony::sqlite {

uint32_t slot_checksum(std::string_view room, uint64_t seq, uint64_t epoch, Bytes update) {
  return epoch == 0 ? storage::row_checksum(room, {seq}, update)
                    : storage::row_checksum(room, {seq, epoch}, update);
}

void write_slot(Buffer& to, uint32_t checksum, Bytes update) {
  Writer out(to);
  out.var_uint(update.size());
  for (int shift = 0; shift < 32; shift += 8) out.u8(static_cast<uint8_t>(checksum >> shift));
  to.insert(to.end(), update.begin(), update.end());
}

bool SlotReader::next(PackedSlot& slot) {
  Reader in(rest_);
  const uint64_t length = in.read_var_uint();
  slot.checksum = 0;
  for (int shift = 0; shift < 32; shift += 8) slot.checksum |= uint32_t{in.read_u8()} << shift;
  slot.update = in.read_bytes(length);
  if (!in.ok()) return false;
  rest_ = rest_.subspan(in.position());
  return true;
}

}  // namespace symphony::sqlite
