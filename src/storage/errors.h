// The sentences and rules that all adapters share, so that each refuses the same things in the same words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "symphony/types.h"

namespace symphony::storage {

// `room` in double quotes, fit for a log line: control characters, quotes and bytes that are not UTF-8 as
// \xNN.
std::string quoted(std::string_view room);

// Whether `epoch` is the room's present one. `present` is 0 for a room that nobody ever took.
Result<void> check_epoch(std::string_view room, uint64_t epoch, uint64_t present);

// Whether slot `seq` is the next one of a room whose newest is `newest`.
Result<void> check_slot(std::string_view room, uint64_t seq, uint64_t newest);

// Whether a snapshot at `seq` may replace the one at `snapshot_seq` in a room whose newest slot is `newest`.
Result<void> check_snapshot(std::string_view room, uint64_t seq, uint64_t snapshot_seq, uint64_t newest);

// A room is named by at least one byte.
Result<void> check_name(std::string_view room);

// Milliseconds since 1970, by the system's clock.
int64_t unix_ms();

}  // namespace symphony::storage
