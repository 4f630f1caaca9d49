// Update v2 at the border of the engine, which speaks v1 inside: the same structs, taken apart into columns.
//
//   update := varUint 0, nine columns as varBytes (columns.h), rest
//   columns: key clocks, clients, left clocks, right clocks, infos, strings, parent infos, type refs, lengths
//   rest   := varUint #clients, { varUint #structs, varUint clock, what the structs keep here }*, delete set
//   v2
//
// In `rest` stand the lengths of Skips, binaries and `any` values, among them those of formats and embeds,
// which v1 writes as JSON.
#pragma once

#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony::crdt {

enum class Infos : uint8_t {
  kAsRead,  // as Yjs writes structs that it has read: no key flag beside an origin
  kAsIs,    // as they are: a document and slices of structs keep it
};

// Y.convertUpdateFormatV2ToV1 (kAsRead). What it gives is accepted by parse_update with the same limits: all
// that is refused there is refused here. Refused, too, is what v1 cannot express and what makes Yjs throw:
// undefined as the value of a format or an embed, and a bigint inside one. Cost: one pass; what run-length
// columns announce is bounded by the limits, not by the bytes that came.
Result<Buffer> convert_v2_to_v1(Bytes update, const DocLimits& limits, Infos infos = Infos::kAsRead);

// Y.convertUpdateFormatV1ToV2 (kAsRead), and what a function of Yjs writes as v2 if it writes `update` as v1
// (kAsIs).
Result<Buffer> convert_v1_to_v2(Bytes update, const DocLimits& limits, Infos infos);

}  // namespace symphony::crdt
