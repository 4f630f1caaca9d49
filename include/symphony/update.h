// Updates as values: merged, cut, converted and read without building a document.
//
// An update is bytes in one of two formats that say the same: v1, which Symphony and y-websocket send, and
// v2, which takes about half the space. Functions without a suffix take and give v1. Every function reads its
// input whole and refuses what Doc::apply_update refuses, with kInvalid or kLimit and a sentence that says
// what is wrong. Where Yjs is named, the bytes are those of Yjs 13 for updates that Yjs wrote; what differs
// is said.
//
// What v1 cannot express is refused where v2 would have to become v1 (all functions named _v2, and
// Doc::apply_update_v2): undefined as the value of a format or an embed, and a bigint inside one. Yjs throws
// there, too, as soon as somebody listens to v1 updates. Half a surrogate pair in v2 becomes U+FFFD, as Yjs
// writes it in v1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony {

// Y.mergeUpdates: one update that says what all of `updates` say together. Nothing is compacted: structs stay
// as they were, overlaps are sliced, holes become Skips, delete sets are joined. No update gives the empty
// update, one is given back as it is. Cost: one pass over updates in the order in which they were made; else
// one more, and the logarithm of their number. Memory: 32 bytes an update, some 200 for each of several
// clients, and the result. The limits hold for each update, not for the result.
Result<Buffer> merge_updates(std::span<const Bytes> updates, const DocLimits& limits = {});

// Y.diffUpdate: what of `update` somebody lacks who has `state_vector`. Structs of which a part is known are
// sliced; the delete set stays whole.
Result<Buffer> diff_update(Bytes update, Bytes state_vector, const DocLimits& limits = {});

// Y.encodeStateVectorFromUpdate: what somebody knows who has applied nothing but `update`. A client counts
// from clock 0 to its first hole; one that begins later, or (unlike in Yjs, which counts it) with a hole, is
// not listed.
Result<Buffer> state_vector_from_update(Bytes update, const DocLimits& limits = {});

// Clocks of one client: `from` the first, `to` the one behind the last.
struct ClientRange {
  uint64_t client = 0;
  uint32_t from = 0;
  uint32_t to = 0;

  friend bool operator==(const ClientRange&, const ClientRange&) = default;
};

// Y.parseUpdateMeta: which clocks an update is about, holes included, in the order of the update (descending
// by client).
Result<std::vector<ClientRange>> update_meta(Bytes update, const DocLimits& limits = {});

// Y.convertUpdateFormatV1ToV2 and Y.convertUpdateFormatV2ToV1. The limits hold for the result, too: a few
// bytes of v2 can announce any number of structs.
Result<Buffer> convert_update_v1_to_v2(Bytes update, const DocLimits& limits = {});
Result<Buffer> convert_update_v2_to_v1(Bytes update, const DocLimits& limits = {});

// The same for v2 updates: Y.mergeUpdatesV2, Y.diffUpdateV2, Y.encodeStateVectorFromUpdateV2,
// Y.parseUpdateMetaV2. (A state vector has one format.)
Result<Buffer> merge_updates_v2(std::span<const Bytes> updates, const DocLimits& limits = {});
Result<Buffer> diff_update_v2(Bytes update, Bytes state_vector, const DocLimits& limits = {});
Result<Buffer> state_vector_from_update_v2(Bytes update, const DocLimits& limits = {});
Result<std::vector<ClientRange>> update_meta_v2(Bytes update, const DocLimits& limits = {});

}  // namespace symphony
