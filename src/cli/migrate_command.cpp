#include "cli/migrate_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "storage/postgres/schema.h"
#include "storage/sqlite/sqlite_store.h"

namespace symphony {
namespace {

constexpr Duration kPatience =
    std::chrono::minutes(10);  // a large table is altered, or another migration waited for

struct Done {
  int64_t from = 0;  // 0: there was nothing
  int64_t to = 0;
  std::string advice;
};

Result<Done> migrate_postgres(const StorageOptions& options) {
  postgres::ConnectionOptions connection;
  connection.conninfo = options.data;
  connection.password_file = options.password_file;
  connection.call_timeout = connection.statement_timeout = kPatience;
  return postgres::Connection::open(connection)
      .and_then(
          [](const std::unique_ptr<postgres::Connection>& opened) { return postgres::migrate(*opened); })
      .map([](const postgres::Migration& done) {
        return Done{done.from, done.to, done.advice};
      });
}

Result<Done> migrate_file(const StorageOptions& options) {
  SqliteStoreOptions sqlite;
  sqlite.path = options.data;
  return migrate_sqlite(sqlite).map([](const SqliteMigration& done) { return Done{done.from, done.to, ""}; });
}

}  // namespace

void add_migrate_command(CLI::App& app, StorageOptions& options) {
  CLI::App& command = *app.add_subcommand("migrate", "Bring a database to the schema of this version");
  command.group("Commands");
  OptionGroup(command, "What")
      .text("--data", "STORE", options.data,
            "A SQLite file, or postgres://USER@HOST/DATABASE with a user who may alter the schema")
      .text("--password-file", "FILE", options.password_file,
            "With Postgres, a file whose first line is the password; PGPASSWORD and ~/.pgpass work as well");
  command.footer(
      "May be run twice, and by several at once. A newer schema is refused and not touched.\n"
      "On Postgres it also grants the roles symphony_room and symphony_dashboard what they need.");
}

int run_migrate(const StorageOptions& options) {
  if (options.data == ":memory:") {
    std::fputs("symphony: :memory: has no schema; name a file or a database\n", stderr);
    return 1;
  }
  const auto done = names_postgres(options.data) ? migrate_postgres(options) : migrate_file(options);
  if (!done) {
    std::fprintf(stderr, "symphony: %s\n", done.error().message.c_str());
    return 1;
  }
  const std::string where = shown_data(options);
  if (done->from == done->to) {
    std::printf("%s has schema %lld already\n", where.c_str(), static_cast<long long>(done->to));
  } else if (done->from == 0) {
    std::printf("%s has schema %lld now\n", where.c_str(), static_cast<long long>(done->to));
  } else {
    std::printf("%s went from schema %lld to %lld\n", where.c_str(), static_cast<long long>(done->from),
                static_cast<long long>(done->to));
  }
  if (!done->advice.empty()) std::printf("\n%s\n", done->advice.c_str());
  return 0;
}

}  // namespace symphony
