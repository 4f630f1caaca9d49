// JSON text and lib0's `any`, one into the other: update v1 writes the values of formats and embeds as the
// former, update v2 as the latter. What comes out is what JavaScript writes after it has read what went in:
// numbers in their shortest form, object keys in property order, a half of a surrogate pair as U+FFFD.
//
// Neither direction builds a value in memory; cost is linear in the text, for an object with keys out of
// order times its depth.
#pragma once

#include <string>
#include <string_view>

#include "base/varint.h"
#include "symphony/types.h"

namespace symphony::crdt {

// Appends to `out` what encoding.writeAny(JSON.parse(text)) writes. `text` is valid JSON.
void json_to_any(std::string_view text, Buffer& out);

// Reads one validated `any` value and appends JSON.stringify(value) to `out`. False for what JSON.stringify
// does not write: undefined on its own, and a bigint anywhere. Inside, undefined is left out of objects and
// null in arrays, NaN and infinities are null, and a Uint8Array is an object with its indices as keys.
bool any_to_json(Reader& in, std::string& out);

}  // namespace symphony::crdt
