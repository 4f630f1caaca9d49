// Any bytes: what is read as slots lies within them, one behind the other, and is written as it was read.
#include "base/assert.h"
#include "storage/sqlite/slots.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace symphony;
  const Bytes bytes(data, size);
  sqlite::SlotReader reader(bytes);
  sqlite::PackedSlot slot;
  size_t update_bytes = 0;
  while (reader.next(slot)) {
    update_bytes += slot.update.size();
    ASSERT(slot.update.empty() ||
           (slot.update.data() >= data && slot.update.data() + slot.update.size() <= data + size));
    Buffer written;
    sqlite::write_slot(written, slot.checksum, slot.update);
    sqlite::SlotReader again(written);
    sqlite::PackedSlot same;
    ASSERT(again.next(same) && again.at_end());
    ASSERT(same.checksum == slot.checksum && same.update.size() == slot.update.size());
  }
  ASSERT(update_bytes <= size);
  return 0;
}
