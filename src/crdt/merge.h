// Updates merged and cut without a document, byte for byte as Yjs's mergeUpdates and diffUpdate (v1) do it:
// structs of later updates are sliced where earlier ones overlap, holes become Skips, nothing is compacted.
#pragma once

#include <span>

#include "crdt/update.h"
#include "symphony/types.h"

namespace symphony::crdt {

// Y.mergeUpdates. Cost: linear in all updates, times the logarithm of their number.
Buffer merge_updates(std::span<const ParsedUpdate> updates);

// Y.diffUpdate: what of `update` a holder of `state_vector` (descending by client; of equal ones the last
// counts) lacks; the delete set stays whole.
Buffer diff_update(const ParsedUpdate& update, std::span<const Id> state_vector);

// One struct of a parsed update as Yjs writes a struct that was read and not integrated, without its first
// `offset`.
class Encoder;
void write_parsed(Encoder& out, const ParsedUpdate& update, uint64_t client, const ParsedStruct& s,
                  uint32_t offset);

}  // namespace symphony::crdt
