// The tables in the database's schema `symphony`, and how a database gets to the current version. Only
// `symphony migrate` changes them; a store only looks whether they fit.
//
// A migration must leave a schema that the version before can still work with: its processes go on until they
// are replaced.
#pragma once

#include "storage/postgres/postgres.h"

namespace symphony::postgres {

inline constexpr int64_t kSchemaVersion = 1;

struct Migration {
  int64_t from = 0;  // 0: there was nothing
  int64_t to = 0;
  std::string advice;  // what an administrator has to run, if this user may not create the roles; else empty
};

// Brings an empty or older database to kSchemaVersion, a transaction a version, and grants the roles
// symphony_room and symphony_dashboard what they need, creating them if it may. May run twice, and by several
// at once. The connection's statement_timeout should allow what a step takes on a large database. kConflict
// for a newer schema, kInvalid for one of another program; neither is touched.
Result<Migration> migrate(Connection& connection);

// Whether a store can work with the schema. If not: kInvalid, run `symphony migrate`; kConflict, it is newer.
Result<void> check_schema(Connection& connection);

}  // namespace symphony::postgres
