// The open file: how it is set up, one transaction at a time, and what goes wrong as sentences. One thread at
// a time.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "storage/sqlite/sqlite.h"
#include "storage/sqlite/sqlite_store.h"

namespace symphony::sqlite {

class Database {
 public:
  // As SqliteStore::open; `former_version`, if not null, is set to the schema's version before.
  static Result<std::unique_ptr<Database>> open(const SqliteStoreOptions& options,
                                                int64_t* former_version = nullptr);

  Connection& connection() { return connection_; }
  Result<void> prepare(std::initializer_list<std::pair<Statement&, const char*>> statements);

  // Everything `body` (a callable that returns Result<void>) writes becomes durable, or nothing does.
  template <class Body>
  Result<void> transact(Body body) {
    if (auto clean = abandon(); !clean) return clean;
    auto outcome = run(Run(begin_)).and_then(body).and_then([this] { return run(Run(commit_)); });
    if (!outcome) {
      static_cast<void>(abandon());  // if this fails too, it is tried again before the next use
    }
    last_write_failed_ = !outcome && outcome.error().code == Code::kUnavailable;
    return outcome;
  }

  // Ends a transaction that has not been committed; SQLite has often done so itself. Before every read
  // outside of a transaction, which would see it.
  Result<void> abandon();

  // Runs a statement without rows.
  Result<void> run(const Run& statement);

  // Reads the file; if the last write failed, tries to write as well.
  Result<void> ping();

  Error error(int rc, std::string_view verb) const { return connection_.error(rc, verb); }
  // Damage at `where`.
  Error corrupt(const std::string& where, const std::string& what) const;
  // An error while reading `where`; damage that SQLite itself has found names the place too.
  Error read_error(int rc, const std::string& where) const;

 private:
  Result<void> configure(const SqliteStoreOptions& options, int64_t* former_version);

  Connection connection_;
  Statement begin_, commit_, rollback_;
  bool last_write_failed_ = false;
};

}  // namespace symphony::sqlite
