#include "storage/postgres/schema.h"

#include <array>

#include "storage/postgres/schema_v1.h"

namespace symphony::postgres {
namespace {

// What leads from version i to i + 1.
constexpr std::array kSteps = {kSchemaV1};
static_assert(kSteps.size() == kSchemaVersion);

// Two migrations at once wait for each other here. The number is "symphony" in ASCII.
constexpr const char* kLock = "BEGIN; SELECT pg_advisory_xact_lock(x'73796d70686f6e79'::bigint);";

// -1: the schema has tables, but not ours.
constexpr Statement kVersion = {"version", R"sql(
  SELECT CASE WHEN to_regclass('symphony.schema_version') IS NOT NULL THEN 1
              WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                            WHERE n.nspname = 'symphony') THEN -1
              ELSE 0 END)sql"};
constexpr Statement kNewest = {"newest", "SELECT coalesce(max(version), 0) FROM symphony.schema_version"};

constexpr Statement kRoles = {"roles", R"sql(
  SELECT (SELECT count(*) FROM pg_roles WHERE rolname IN ('symphony_room', 'symphony_dashboard'))::integer,
         (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user))sql"};
constexpr const char* kCreateRoles = R"sql(
DO $$ BEGIN
  CREATE ROLE symphony_room NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
  CREATE ROLE symphony_dashboard NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
)sql";

Result<int64_t> version_of(Connection& connection) {
  const auto kind = connection.run(kVersion);
  if (!kind) return tl::unexpected(kind.error());
  if (kind->integer(0, 0) < 0) {
    return fail(
        Code::kInvalid,
        "the database's schema `symphony` belongs to another program; give Symphony a database of its own");
  }
  if (kind->integer(0, 0) == 0) return 0;
  const auto newest = connection.run(kNewest);
  if (!newest) return tl::unexpected(newest.error());
  const int64_t version = newest->integer(0, 0);
  if (version > kSchemaVersion) {
    return fail(Code::kConflict, "the database was migrated by a newer Symphony (schema " +
                                     std::to_string(version) + ", this one knows " +
                                     std::to_string(kSchemaVersion) + "); start that version");
  }
  return version;
}

// One version further, or nowhere if somebody else was quicker. Answers the version found.
Result<int64_t> step(Connection& connection) {
  auto locked = connection.execute(kLock);
  if (!locked) return tl::unexpected(locked.error());
  auto found = version_of(connection);
  if (found && *found < kSchemaVersion) {
    std::string sql;
    if (*found == 0) {
      sql =
          "CREATE SCHEMA IF NOT EXISTS symphony; CREATE TABLE symphony.schema_version ("
          "version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now());";
    }
    sql += kSteps.at(static_cast<size_t>(*found));
    sql += "INSERT INTO symphony.schema_version (version) VALUES (" + std::to_string(*found + 1) + ")";
    if (auto done = connection.execute(sql); !done) found = tl::unexpected(done.error());
  }
  auto ended = connection.execute(found ? "COMMIT" : "ROLLBACK");
  if (found && !ended) return tl::unexpected(ended.error());
  return found;
}

// Answers advice.
Result<std::string> set_up_roles(Connection& connection) {
  const auto roles = connection.run(kRoles);
  if (!roles) return tl::unexpected(roles.error());
  if (roles->integer(0, 0) < 2) {
    if (roles->integer(0, 1) == 0) {
      return std::string(
          "this user may not create roles; have an administrator run: CREATE ROLE symphony_room NOLOGIN; "
          "CREATE ROLE symphony_dashboard NOLOGIN; and migrate again");
    }
    if (auto created = connection.execute(kCreateRoles); !created) return tl::unexpected(created.error());
  }
  // Locked, because two that change the same rights at once fail.
  auto granted = connection.execute(kLock).and_then([&] { return connection.execute(kGrants); });
  auto ended = connection.execute(granted ? "COMMIT" : "ROLLBACK");
  if (!granted) return tl::unexpected(granted.error());
  if (!ended) return tl::unexpected(ended.error());
  return std::string();
}

}  // namespace

Result<Migration> migrate(Connection& connection) {
  Migration done;
  auto found = step(connection);
  if (!found) return tl::unexpected(found.error());
  done.from = *found;
  while (*found + 1 < kSchemaVersion) {
    found = step(connection);
    if (!found) return tl::unexpected(found.error());
  }
  done.to = kSchemaVersion;
  auto advice = set_up_roles(connection);
  if (!advice) return tl::unexpected(advice.error());
  done.advice = std::move(*advice);
  return done;
}

Result<void> check_schema(Connection& connection) {
  const auto version = version_of(connection);
  if (!version) return tl::unexpected(version.error());
  if (*version == kSchemaVersion) return {};
  return fail(Code::kInvalid, *version == 0 ? "the database has no tables yet; run `symphony migrate` once"
                                            : "the database has schema " + std::to_string(*version) +
                                                  ", this version needs " + std::to_string(kSchemaVersion) +
                                                  "; run `symphony migrate`");
}

}  // namespace symphony::postgres
