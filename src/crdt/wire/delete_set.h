// Sets of deleted clocks on the wire, as updates and snapshots carry them.
//
//   v1 := varUint #clients, { varUint client, varUint #ranges, { varUint clock, varUint len }* }*
//   v2 := the same with clock as the distance from the end of the client's range before, and len - 1
//
// Yjs writes clients in descending order, and of each client the ranges in ascending order, apart from each
// other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/varint.h"
#include "crdt/wire/encoder.h"
#include "symphony/snapshot.h"

namespace symphony::crdt {

using DeleteRange = DeletedRange;

enum class WireFormat : uint8_t { kV1, kV2 };

// Appends what it reads to `out`, as it comes. On the first fault the reader fails and the answer says what
// is wrong (nullptr: nothing, or the bytes just end). Refused although Yjs takes them: ranges without length,
// and clocks past 2^32-1.
const char* read_delete_set(Reader& in, WireFormat format, std::vector<DeleteRange>& out);

// Sorts by client, descending, and clock, and joins what touches.
void join_ranges(std::vector<DeleteRange>& ranges);

// join_ranges, for ranges that most likely are in order already.
void ensure_joined(std::vector<DeleteRange>& ranges);

// Writes joined ranges.
void write_delete_set(Encoder& out, WireFormat format, std::span<const DeleteRange> ranges);

}  // namespace symphony::crdt
