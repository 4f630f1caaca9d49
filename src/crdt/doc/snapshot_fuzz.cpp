// Decoding a snapshot is total, and what it gives is written in either format as bytes that say the same.
//
// Input: u8 format (its low bit: 0 v1, 1 v2), a snapshot.
#include "base/assert.h"
#include "symphony/snapshot.h"

using namespace symphony;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Bytes input(data + 1, size - 1);
  const auto snapshot = data[0] & 1 ? decode_snapshot_v2(input) : decode_snapshot(input);
  if (!snapshot) return 0;
  const Buffer v1 = encode_snapshot(*snapshot), v2 = encode_snapshot_v2(*snapshot);
  ASSERT(*decode_snapshot(v1) == *snapshot);
  ASSERT(*decode_snapshot_v2(v2) == *snapshot);
  DocOptions options;
  options.gc = false;
  const auto restored = Doc(options).restore(*snapshot);
  ASSERT(!restored || restored->check_invariants().empty());
  return 0;
}
