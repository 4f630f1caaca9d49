// The tables of the SQLite file, and how a file gets to the current version.
//
//   rooms            one row a room: its newest slot, the slot its snapshot stands at, sizes, time of the
//   last update updates          the log: slots after the snapshot snapshot_chunks  the snapshot, cut into
//   pieces
//
// The file's application_id says that it is ours, its user_version is the schema's version.
#pragma once

#include "storage/sqlite/sqlite.h"

namespace symphony::sqlite {

inline constexpr int64_t kApplicationId = 0x53594d50;  // "SYMP"
inline constexpr int64_t kSchemaVersion = 1;

// Refuses a file of another program (kInvalid) or of a newer Symphony (kConflict), and changes nothing.
Result<void> check_owner(Connection& connection);

// Brings a file of ours, or an empty one, to kSchemaVersion.
Result<void> migrate(Connection& connection);

}  // namespace symphony::sqlite
