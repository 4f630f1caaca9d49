// Awareness updates as y-protocols encodes them: who is here, and a JSON state of each.
//
//   varUint n, then n times { varUint client, varUint clock, varString state }      state "null": has left
#pragma once

#include <cstdint>
#include <vector>

#include "symphony/types.h"

namespace symphony {

struct AwarenessEntry {
  uint64_t client = 0;
  uint64_t clock = 0;
  Bytes state;  // JSON text; a view of what was decoded
};

// The largest clock that is taken from a peer: it leaves room for raising clocks within 2^53.
inline constexpr uint64_t kAwarenessClockMax = (uint64_t{1} << 53) - 1 - (uint64_t{1} << 32);

inline bool is_null_state(Bytes state) {
  return state.size() == 4 && state[0] == 'n' && state[1] == 'u' && state[2] == 'l' && state[3] == 'l';
}

// Fills `entries` (its old content goes, its memory stays) from the payload of an awareness message. kInvalid
// if the entries do not fill it exactly. States are not looked at: see is_json().
Result<void> decode_awareness(Bytes payload, std::vector<AwarenessEntry>& entries);

// Appends the payload of an awareness message that holds `entries`.
void encode_awareness(Buffer& out, const std::vector<AwarenessEntry>& entries);

}  // namespace symphony
