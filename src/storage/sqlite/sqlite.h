// Thin owners for SQLite's C handles, and its result codes as our errors. One connection, one thread at a
// time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "symphony/types.h"

namespace symphony::sqlite {

// A connection. Statements must be gone before it.
class Connection {
 public:
  // Opens or creates `path`; `vfs` may be null.
  static Result<Connection> open(const std::string& path, const char* vfs);

  sqlite3* get() const { return db_.get(); }
  const std::string& path() const { return path_; }

  // Runs `sql` (several statements), ignoring rows.
  Result<void> execute(const char* sql);

  // The first column of the first row, as text; empty if there is no row.
  Result<std::string> query_text(const char* sql);
  Result<int64_t> query_int(const char* sql);

  // The error that belongs to `rc`, as "cannot <verb> <path>: <why, and what helps>".
  Error error(int rc, std::string_view verb) const;

 private:
  struct Closer {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Closer> db_;
};

// A prepared statement, kept for the connection's life.
class Statement {
 public:
  Statement() = default;
  static Result<Statement> prepare(Connection& connection, const char* sql);
  sqlite3_stmt* get() const { return statement_.get(); }

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

// One run of a statement: binds, steps, and leaves the statement reset. What is bound must outlive the run.
class Run {
 public:
  explicit Run(const Statement& statement) : statement_(statement.get()) {}
  ~Run() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Parameters in order, from ?1. A failure shows in the next step().
  Run& bind(int64_t value) {
    note(sqlite3_bind_int64(statement_, ++bound_, value));
    return *this;
  }
  Run& bind(Bytes blob) {
    ++bound_;
    note(blob.empty() ? sqlite3_bind_zeroblob(statement_, bound_, 0)  // a null pointer would bind NULL
                      : sqlite3_bind_blob64(statement_, bound_, blob.data(), blob.size(), SQLITE_STATIC));
    return *this;
  }
  Run& bind(std::string_view blob) {
    return bind(Bytes(reinterpret_cast<const uint8_t*>(blob.data()), blob.size()));
  }

  // SQLITE_ROW, SQLITE_DONE or an error.
  int step() const { return bind_rc_ != SQLITE_OK ? bind_rc_ : sqlite3_step(statement_); }

  // Columns of the current row, from 0. Blobs are valid until the next step.
  int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  Bytes blob(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    return {static_cast<const uint8_t*>(data), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }
  std::string text(int column) const {
    const Bytes view = blob(column);
    return {view.begin(), view.end()};
  }

 private:
  void note(int rc) {
    if (bind_rc_ == SQLITE_OK) bind_rc_ = rc;
  }

  sqlite3_stmt* statement_;
  int bound_ = 0;
  int bind_rc_ = SQLITE_OK;
};

}  // namespace symphony::sqlite
