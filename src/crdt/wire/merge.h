// Updates v1 merged and cut without a document, byte for byte as Yjs's mergeUpdates and diffUpdate do it:
// structs of later updates are sliced where earlier ones overlap, holes become Skips, nothing is compacted.
#pragma once

#include <span>

#include "crdt/wire/struct_reader.h"
#include "crdt/wire/update_v2.h"
#include "symphony/types.h"

namespace symphony::crdt {

// Y.mergeUpdates. Where updates begin a GC and an item at the same clock, Yjs's choice between them depends
// on its sort; of more than 63 updates that is not mirrored, and the one that comes first is taken. An error
// names the update that is malformed. Cost: one pass; updates that do not come in the order of their
// beginnings are read once more and sorted. Memory: 32 bytes an update, some 200 for each that is read in
// part (those of several clients), and the output.
Result<Buffer> merge_v1(std::span<const Bytes> updates, const DocLimits& limits);

// Y.diffUpdate: what of `update` a holder of `state_vector` (descending by client; of equal ones the last
// counts) lacks; the delete set stays whole.
// kAsIs: `update` is a document's state, and the diff what the document would write.
Result<Buffer> diff_v1(Bytes update, std::span<const Id> state_vector, const DocLimits& limits,
                       Infos infos = Infos::kAsRead);

}  // namespace symphony::crdt
