// The tables of the SQLite file, and how a file gets to the current version.
//
//   rooms            one row a room: its newest epoch and slot, its snapshot, sizes, times
//   journal          the newest slots of all rooms, a row a commit (journal.h)
//   updates          the logs: each room's slots after its snapshot and before those in the journal
//   snapshot_chunks  the snapshots, cut into pieces; those that no room's row names are garbage
//   quarantine       updates that the engine refused
//   connections      when clients connected
//   epochs           the newest epoch that was ever given
//
// The file's application_id says that it is ours, its user_version is the schema's version.
#pragma once

#include "storage/sqlite/sqlite.h"

namespace symphony::sqlite {

inline constexpr int64_t kApplicationId = 0x53594d50;  // "SYMP"
inline constexpr int64_t kSchemaVersion = 3;

// The schema's version in the file; 0: the file is empty. Refuses a file of another program (kInvalid) or of
// a newer Symphony (kConflict). Changes nothing.
Result<int64_t> schema_version(Connection& connection);

// Brings a file of ours, or an empty one, to kSchemaVersion, one version after the other, each in a
// transaction of its own: after a crash it goes on where it stopped. Snapshots and updates are not copied.
Result<void> migrate(Connection& connection);

}  // namespace symphony::sqlite
