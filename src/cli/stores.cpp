#include "cli/stores.h"

#include <unistd.h>

#include <array>

#include "cli/random_number.h"
#include "storage/blob/open_object_store.h"
#include "storage/memory/memory_store.h"
#include "storage/postgres/postgres_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace symphony {
namespace {

// A room tries again by itself, later; a call that tries for longer keeps others from the few that load
// rooms.
constexpr RetryOptions kObjectRetries{.total = std::chrono::seconds(1)};

Result<OpenedStore> open_postgres(const StorageOptions& options, const OwnerOptions& owner) {
  OpenedStore opened;
  if (!options.snapshots.empty()) {
    auto objects = open_object_store(options.snapshots, process_environment);
    if (!objects) return fail(objects.error().code, "--snapshots: " + objects.error().message);
    opened.clock = std::make_unique<RetryClock>();
    opened.objects =
        std::make_unique<RetryingStore>(std::move(*objects), kObjectRetries, *opened.clock, random_number());
  }
  PostgresOptions postgres;
  postgres.connection.conninfo = options.data;
  postgres.connection.password_file = options.password_file;
  auto store = PostgresStore::open(owner, postgres, opened.objects.get());
  if (!store) return tl::unexpected(store.error());
  opened.store = std::move(*store);
  return opened;
}

Result<OpenedStore> open_sqlite(const StorageOptions& options, const OwnerOptions& owner) {
  SqliteStoreOptions sqlite;
  sqlite.path = options.data;
  sqlite.owner = owner;
  auto store = SqliteStore::open(sqlite);
  if (!store) return tl::unexpected(store.error());
  OpenedStore opened;
  opened.store = std::move(*store);
  return opened;
}

}  // namespace

void add_storage_options(OptionGroup& group, StorageOptions& options) {
  group
      .text("--data", "STORE", options.data,
            "Where rooms are kept: a file (SQLite, made if it is not there), "
            "postgres://USER@HOST/DATABASE, or \":memory:\", which keeps nothing after the end")
      .text("--snapshots", "STORE", options.snapshots,
            "With Postgres, where snapshots over 64 KiB are kept: file:///FOLDER, s3://BUCKET/PREFIX or "
            "gs://BUCKET/PREFIX; without it they are kept in the database")
      .text("--password-file", "FILE", options.password_file,
            "With Postgres, a file whose first line is the password; PGPASSWORD and ~/.pgpass work as well");
}

bool names_postgres(const std::string& data) {
  return data.starts_with("postgres://") || data.starts_with("postgresql://");
}

Result<OpenedStore> open_store(const StorageOptions& options, const OwnerOptions& owner) {
  if (names_postgres(options.data)) return open_postgres(options, owner);
  if (!options.snapshots.empty()) {
    return fail(Code::kInvalid, "--snapshots goes with --data postgres://...; a file holds its own");
  }
  if (options.data != ":memory:") return open_sqlite(options, owner);
  OpenedStore opened;
  opened.store = std::make_unique<MemoryStore>(owner);
  return opened;
}

OwnerOptions make_owner(const std::string& address, Duration lease) {
  std::array<char, 128> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  const std::string id =
      std::string(host.data()) + "-" + std::to_string(::getpid()) + "-" + std::to_string(random_number());
  return {id, address, lease};
}

std::string shown_data(const StorageOptions& options) {
  if (options.data == ":memory:") return "memory: nothing is kept";
  if (!names_postgres(options.data)) return options.data;
  // Without the query, which may hold a password as well.
  std::string shown = options.data.substr(0, options.data.find('?'));
  const size_t user = shown.find("://") + 3;
  const size_t at = shown.rfind('@', shown.find('/', user));
  if (at == std::string::npos || at < user) return shown;
  const size_t colon = shown.find(':', user);
  return colon < at ? shown.erase(colon, at - colon) : shown;
}

}  // namespace symphony
