// Snapshots: a moment in a document's history, as which clocks were known and which of them were deleted. The
// contents stay in the document, which must not collect them (DocOptions::gc = false) if it is to be
// restored.
//
// Encoded snapshots are byte for byte Yjs 13's, in v1 (Y.encodeSnapshot) and v2 (Y.encodeSnapshotV2).
#pragma once

#include <cstdint>
#include <vector>

#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony {

// A client and its next clock.
struct ClientClock {
  uint64_t client = 0;
  uint32_t clock = 0;

  friend bool operator==(const ClientClock&, const ClientClock&) = default;
};

// A run of deleted clocks.
struct DeletedRange {
  uint64_t client = 0;
  uint32_t clock = 0;
  uint32_t len = 0;

  uint32_t end() const { return clock + len; }

  friend bool operator==(const DeletedRange&, const DeletedRange&) = default;
};

// Y.Snapshot; a default one is Y.emptySnapshot. Equality is Y.equalSnapshots.
struct Snapshot {
  std::vector<ClientClock> state_vector;  // descending by client, each client once
  std::vector<DeletedRange> deletes;      // descending by client, then ascending; ranges do not touch

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// Y.encodeSnapshot and Y.encodeSnapshotV2.
Buffer encode_snapshot(const Snapshot& snapshot);
Buffer encode_snapshot_v2(const Snapshot& snapshot);

// Y.decodeSnapshot and Y.decodeSnapshotV2. What comes in another order is put in order. kInvalid if it is
// malformed, has bytes behind its end, or names clocks past 2^32-1.
Result<Snapshot> decode_snapshot(Bytes snapshot);
Result<Snapshot> decode_snapshot_v2(Bytes snapshot);

// Y.snapshotContainsUpdate and Y.snapshotContainsUpdateV2: whether a document in this state would learn
// nothing from `update`. An error if the update is malformed.
Result<bool> snapshot_contains_update(const Snapshot& snapshot, Bytes update, const DocLimits& limits = {});
Result<bool> snapshot_contains_update_v2(const Snapshot& snapshot, Bytes update,
                                         const DocLimits& limits = {});

}  // namespace symphony
