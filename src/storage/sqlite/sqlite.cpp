#include "storage/sqlite/sqlite.h"

#include <cstring>

namespace symphony::sqlite {
namespace {

Code code_of(int rc) {
  switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return Code::kUnavailable;
    case SQLITE_CORRUPT:
      return Code::kCorrupt;
    case SQLITE_NOTADB:
      return Code::kInvalid;
    case SQLITE_TOOBIG:
      return Code::kLimit;
    default:
      return Code::kInternal;
  }
}

std::string reason_of(sqlite3* db, int rc) {
  switch (rc & 0xff) {
    case SQLITE_FULL:
      return "the disk is full; free space and it goes on by itself";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds the file; stop it, or give this one a file of its own";
    case SQLITE_READONLY:
      return "the file or its folder cannot be written by this user";
    case SQLITE_CORRUPT:
      return "the file is damaged; restore it from a backup";
    case SQLITE_NOTADB:
      return "this is not a Symphony database; name another file";
    default:
      break;
  }
  std::string reason = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
  const int system_error = db != nullptr ? sqlite3_system_errno(db) : 0;
  if (system_error != 0) reason += std::string(" (") + std::strerror(system_error) + ")";
  return reason + ", SQLite code " + std::to_string(rc);
}

}  // namespace

Result<Connection> Connection::open(const std::string& path, const char* vfs) {
  // Nobody asks SQLite how much memory it holds, so it need not count under a lock whatever it takes and
  // gives back. In vain, and no harm, if the library is in use already.
  static const int without_statistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(without_statistics);
  // One thread at a time is our caller's promise, so SQLite need not take a mutex in every call.
  constexpr int kFlags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &db, kFlags, vfs);
  Connection connection;
  connection.path_ = path;
  connection.db_.reset(db);  // set even when opening failed
  if (rc != SQLITE_OK) return tl::unexpected(connection.error(rc, "open"));
  return connection;
}

Result<void> Connection::execute(const char* sql) {
  const int rc = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return tl::unexpected(error(rc, "set up"));
  return {};
}

Result<std::string> Connection::query_text(const char* sql) {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) return tl::unexpected(statement.error());
  Run run(*statement);
  const int rc = run.step();
  if (rc == SQLITE_ROW) return run.text(0);
  if (rc == SQLITE_DONE) return std::string();
  return tl::unexpected(error(rc, "read"));
}

Result<int64_t> Connection::query_int(const char* sql) {
  auto statement = Statement::prepare(*this, sql);
  if (!statement) return tl::unexpected(statement.error());
  Run run(*statement);
  const int rc = run.step();
  if (rc == SQLITE_ROW) return run.integer(0);
  if (rc == SQLITE_DONE) return int64_t{0};
  return tl::unexpected(error(rc, "read"));
}

Error Connection::error(int rc, std::string_view verb) const {
  return {code_of(rc), "cannot " + std::string(verb) + " " + path_ + ": " + reason_of(get(), rc)};
}

Result<Statement> Statement::prepare(Connection& connection, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int rc = sqlite3_prepare_v3(connection.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement;
  statement.statement_.reset(raw);
  if (rc != SQLITE_OK) return tl::unexpected(connection.error(rc, "read"));
  return statement;
}

}  // namespace symphony::sqlite
