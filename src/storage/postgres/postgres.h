// Thin owners for libpq's C handles: a connection with deadlines, parameters and rows in binary, and the
// server's errors as ours. One connection, one thread at a time.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "symphony/types.h"

namespace symphony::postgres {

using Deadline = std::chrono::steady_clock::time_point;

struct ConnectionOptions {
  // A libpq URL or "keyword=value ..."; TLS by its sslmode, sslrootcert and so on. A password is better kept
  // out of it: in password_file, PGPASSWORD or ~/.pgpass. Neither it nor the conninfo is ever part of a
  // message.
  std::string conninfo = {};
  // Its first line is the password. Read for each connection, so that it may change.
  std::string password_file = {};
  // How long a call may wait for the database, and connecting may take. A call that carries many bytes has
  // longer (8 MiB/s), and one whose answer is still arriving goes on.
  Duration call_timeout = std::chrono::seconds(5);
  // When the server itself gives up on a statement. Longer than a call may wait where a large state may be
  // written.
  Duration statement_timeout = std::chrono::seconds(5);
};

// A statement, prepared on each connection when it is first run there. Both strings live for ever.
struct Statement {
  const char* name;
  const char* sql;
};

// The parameters of one run, $1 first. Those that view bytes need them until the run has ended.
class Parameters {
 public:
  Parameters() = default;
  Parameters(Parameters&&) = default;  // a copy would point into the original
  Parameters& operator=(Parameters&&) = default;

  Parameters& add(int64_t value);
  Parameters& add(Bytes view);
  Parameters& add(std::string_view view) { return add(as_bytes(view)); }
  Parameters& add_null();
  Parameters& add(std::span<const int64_t> values);            // bigint[]
  Parameters& add_blobs(std::span<const Bytes> values);        // bytea[]
  Parameters& add_texts(std::span<const std::string> values);  // text[]
  // An interval of so long.
  Parameters& add_interval(Duration time);

 private:
  friend class Connection;
  Parameters& own(std::string bytes);
  std::deque<std::string> owned_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  uint64_t bytes_ = 0;
};

// What a statement answered. Views are valid as long as this lives.
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result) {}
  int size() const { return result_ ? PQntuples(result_.get()) : 0; }
  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  Bytes bytes(int row, int column) const;
  std::string text(int row, int column) const { return std::string(as_text(bytes(row, column))); }
  int64_t integer(int row, int column) const;  // of boolean, integer or bigint; 0 for null
  int64_t unix_ms(int row, int column) const;  // of timestamptz

 private:
  struct Clearer {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clearer> result_;
};

class Connection {
 public:
  // kInvalid for a conninfo that cannot be read, kUnavailable for all else.
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);

  Result<Rows> run(const Statement& statement, const Parameters& parameters = {});
  // Runs it with each of these parameters, in one transaction and one round trip; the rows of each. After an
  // error nothing of it has happened, except that after kUnavailable nobody knows.
  Result<std::vector<Rows>> run(const Statement& statement, std::span<const Parameters> each);

  // Runs several statements without parameters, ignoring rows.
  Result<void> execute(const std::string& sql);

  // SQLSTATE of the last failure, if the server told one.
  const std::string& sqlstate() const { return sqlstate_; }

  // False: close it; it lost its server or the place in the conversation.
  bool usable() const { return usable_; }
  // The same for one that has been idle: notices that the server has gone, without waiting.
  bool still_usable();

 private:
  explicit Connection(const ConnectionOptions& options) : options_(options) {}
  Result<void> connect();
  Result<void> set_up();
  Result<void> send(const Statement& statement, const Parameters& with);
  // The next result, or null at the end of a statement's.
  Result<PGresult*> next(Deadline& deadline);
  Result<void> wait(int poll_events, Deadline deadline);
  Error lost(std::string_view why);
  Error server_error(const PGresult* result);
  Deadline deadline(uint64_t bytes) const;

  struct Closer {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  ConnectionOptions options_;
  std::unique_ptr<PGconn, Closer> connection_;
  std::set<const char*> prepared_;
  std::string sqlstate_;
  bool usable_ = false;
};

}  // namespace symphony::postgres
