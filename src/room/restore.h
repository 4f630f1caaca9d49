// A document rebuilt from what is stored of its room: when a room loads, and when its log is compacted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/store.h"
#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony {

// How far a room's log goes and what of it no snapshot covers yet.
struct LogExtent {
  uint64_t snapshot_seq = 0;
  size_t snapshot_bytes = 0;
  uint64_t seq = 0;      // the newest slot
  uint64_t updates = 0;  // in slots after snapshot_seq, fences left out
  uint64_t bytes = 0;    // of those
};

struct Restored {
  Doc doc;
  LogExtent log;
  // Updates of the log that the engine does not accept, which no update that it took before can become: what
  // it accepts has changed since, or somebody else wrote them. The document is everything else.
  std::vector<Poison> poison;
};

// The snapshot and then the log's slots up to `up_to`. Anything but a poisonous update is an error, and then
// nothing may be written to the room: kCorrupt if the snapshot is refused or a slot is missing, kLimit if the
// document is larger than `options` allow. Costs the time and memory of the whole document; what is stored is
// freed piece by piece as it goes in.
Result<Restored> restore_document(const std::string& room, StoredRoom stored, const DocOptions& options,
                                  uint64_t up_to = UINT64_MAX);

// A room that a loop asked for.
struct Loaded {
  uint64_t epoch = 0;  // the room is ours, even if it could not be read; 0: it was not taken
  std::optional<std::string> holder = {};  // another owner has it: that one's address
  Result<Restored> room = fail(Code::kUnavailable, "the room is not read");
};

// Takes the room and reads it; if `epoch` is not 0, the room is taken already and only read. `cautious`:
// takes it only if it can be read. Blocks for the store and for as long as a large document takes: not for an
// event loop.
Loaded load_room(Store& store, const std::string& room, uint64_t epoch, bool cautious,
                 const DocOptions& options);

}  // namespace symphony
