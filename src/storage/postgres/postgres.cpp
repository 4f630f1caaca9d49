#include "storage/postgres/postgres.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "base/assert.h"

namespace symphony::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Type numbers of Postgres's catalogue, which never change.
constexpr uint32_t kOidBytea = 17, kOidBigint = 20, kOidText = 25;
// 2000-01-01, from which Postgres counts microseconds.
constexpr int64_t kEpochUnixMs = 946'684'800'000;
constexpr uint64_t kBytesPerSecond = 8 << 20;

void put_be(std::string& out, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
}

uint64_t get_be(Bytes bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// An array of one dimension, without nulls; `append` adds element i with its length before it.
template <class Append>
std::string array_of(uint32_t oid, size_t size, Append append) {
  std::string out;
  put_be(out, size == 0 ? 0 : 1, 4);
  put_be(out, 0, 4);
  put_be(out, oid, 4);
  if (size == 0) return out;
  put_be(out, size, 4);
  put_be(out, 1, 4);
  for (size_t i = 0; i < size; ++i) append(out, i);
  return out;
}

// libpq's messages are several lines; ours are one.
std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) text.replace(at, 1, "; ");
  return text;
}

Code code_of(std::string_view sqlstate) {
  const std::string_view kind = sqlstate.substr(0, 2);
  if (sqlstate == "XX001" || sqlstate == "XX002") return Code::kCorrupt;
  if (kind == "54") return Code::kLimit;
  // Lost connections, refused logins and rights, aborted transactions, full disks, stopped servers, I/O
  // errors.
  for (const std::string_view passing : {"08", "25", "28", "3D", "40", "53", "55", "57", "58"}) {
    if (kind == passing) return Code::kUnavailable;
  }
  if (sqlstate == "42501") return Code::kUnavailable;
  return Code::kInternal;
}

std::string_view advice_for(std::string_view sqlstate) {
  if (sqlstate == "42501")
    return "; grant this user the role symphony_room (the dashboard: symphony_dashboard)";
  if (sqlstate == "53100") return "; free space and it goes on by itself";
  if (sqlstate == "53300") return "; raise max_connections or run fewer processes";
  if (sqlstate == "25006") return "; the address must lead to the primary, not to a standby";
  if (sqlstate == "57014") return "; the database is overloaded, or another transaction holds what is needed";
  return "";
}

// Every statement of ours finds its rows by index. The planner must not decide otherwise for a table that was
// empty when it looked, and need not look again.
constexpr const char* kPlanner =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;"
    "SET plan_cache_mode = force_generic_plan;";

// What holds for a session whatever the server's configuration says: isolation as the argument in schema_v1.h
// needs it, commits that are durable when they are answered, and an end for the transactions of clients that
// are gone.
constexpr const char* kPromises =
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off;"
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
    "SET client_min_messages = error; SET search_path = pg_catalog;"
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = "
    "'off'";

}  // namespace

Parameters& Parameters::own(std::string bytes) {
  owned_.push_back(std::move(bytes));
  return add(std::string_view(owned_.back()));
}

Parameters& Parameters::add(Bytes view) {
  ASSERT(view.size() <= INT32_MAX);
  values_.push_back(view.empty() ? "" : reinterpret_cast<const char*>(view.data()));  // null would be NULL
  lengths_.push_back(static_cast<int>(view.size()));
  bytes_ += view.size();
  return *this;
}

Parameters& Parameters::add_null() {
  values_.push_back(nullptr);
  lengths_.push_back(0);
  return *this;
}

Parameters& Parameters::add(int64_t value) {
  std::string bytes;
  put_be(bytes, static_cast<uint64_t>(value), 8);
  return own(std::move(bytes));
}

Parameters& Parameters::add(std::span<const int64_t> values) {
  return own(array_of(kOidBigint, values.size(), [&](std::string& out, size_t i) {
    put_be(out, 8, 4);
    put_be(out, static_cast<uint64_t>(values[i]), 8);
  }));
}

Parameters& Parameters::add_blobs(std::span<const Bytes> values) {
  return own(array_of(kOidBytea, values.size(), [&](std::string& out, size_t i) {
    put_be(out, values[i].size(), 4);
    out += as_text(values[i]);
  }));
}

Parameters& Parameters::add_texts(std::span<const std::string> values) {
  return own(array_of(kOidText, values.size(), [&](std::string& out, size_t i) {
    put_be(out, values[i].size(), 4);
    out += values[i];
  }));
}

Parameters& Parameters::add_interval(Duration time) {
  std::string bytes;
  put_be(bytes, static_cast<uint64_t>(time.count()), 8);  // microseconds; then days and months
  put_be(bytes, 0, 8);
  return own(std::move(bytes));
}

Bytes Rows::bytes(int row, int column) const {
  return {reinterpret_cast<const uint8_t*>(PQgetvalue(result_.get(), row, column)),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t Rows::integer(int row, int column) const {
  const Bytes value = bytes(row, column);
  const uint64_t read = get_be(value);
  return value.size() == 4 ? static_cast<int32_t>(read) : static_cast<int64_t>(read);
}

int64_t Rows::unix_ms(int row, int column) const { return integer(row, column) / 1000 + kEpochUnixMs; }

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  std::unique_ptr<Connection> connection(new Connection(options));
  auto ready = connection->connect().and_then([&] { return connection->set_up(); });
  if (!ready) return tl::unexpected(ready.error());
  return connection;
}

Deadline Connection::deadline(uint64_t bytes) const {
  return steady_clock::now() + options_.call_timeout + milliseconds(bytes * 1000 / kBytesPerSecond);
}

Result<void> Connection::connect() {
  PQconninfoOption* parsed = PQconninfoParse(options_.conninfo.c_str(), nullptr);
  PQconninfoFree(parsed);
  if (parsed == nullptr) {  // libpq's reason may quote a piece of the password
    return fail(Code::kInvalid,
                "the database's address cannot be read; write it as postgresql://user@host:5432/name");
  }
  std::string password;
  if (!options_.password_file.empty()) {
    std::ifstream file(options_.password_file);
    if (!std::getline(file, password)) {
      return fail(Code::kUnavailable, "cannot read the database's password from " + options_.password_file);
    }
  }
  const auto timeout_ms = std::chrono::duration_cast<milliseconds>(options_.call_timeout).count();
  const std::string tcp_timeout = std::to_string(timeout_ms);
  // Those behind the conninfo win over it, those before it are defaults.
  const std::array<std::pair<const char*, const char*>, 9> all = {{
      {"application_name", "symphony"},
      {"target_session_attrs", "read-write"},
      {"keepalives_idle", "5"},
      {"keepalives_interval", "2"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", tcp_timeout.c_str()},
      {"dbname", options_.conninfo.c_str()},
      {"client_encoding", "UTF8"},
      {password.empty() ? nullptr : "password", password.c_str()},
  }};
  std::array<const char*, all.size() + 1> keys{}, values{};
  std::ranges::transform(all, keys.begin(), [](const auto& each) { return each.first; });
  std::ranges::transform(all, values.begin(), [](const auto& each) { return each.second; });

  const Deadline until = deadline(0);
  connection_.reset(PQconnectStartParams(keys.data(), values.data(), 1));
  if (!connection_) return tl::unexpected(lost("no memory"));
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  usable_ = true;
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
    if (PQstatus(connection_.get()) == CONNECTION_BAD || state == PGRES_POLLING_FAILED) {
      return tl::unexpected(lost(PQerrorMessage(connection_.get())));
    }
    auto waited = wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until);
    if (!waited) return waited;
    state = PQconnectPoll(connection_.get());
  }
  PQsetnonblocking(connection_.get(), 1);
  return {};
}

Result<void> Connection::set_up() {
  const auto timeout = [](Duration time) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(time).count()) + ";";
  };
  // Whoever waits for a lock gives up when its client does.
  return execute("SET statement_timeout = " + timeout(options_.statement_timeout) +
                 "SET lock_timeout = " + timeout(options_.call_timeout) + kPlanner + kPromises);
}

Result<void> Connection::execute(const std::string& sql) {
  sqlstate_.clear();
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) {
    return tl::unexpected(lost(PQerrorMessage(connection_.get())));
  }
  // Not faster than the server may work.
  Deadline until = steady_clock::now() + std::max(options_.call_timeout, options_.statement_timeout);
  Result<void> outcome;
  for (;;) {
    const auto result = next(until);
    if (!result) return tl::unexpected(result.error());
    if (*result == nullptr) return outcome;
    const Rows owned(*result);
    if (PQresultStatus(*result) == PGRES_FATAL_ERROR && outcome) {
      outcome = tl::unexpected(server_error(*result));
    }
  }
}

Result<Rows> Connection::run(const Statement& statement, const Parameters& parameters) {
  return run(statement, std::span(&parameters, 1)).map([](std::vector<Rows> all) {
    return std::move(all.front());
  });
}

Result<void> Connection::send(const Statement& statement, const Parameters& with) {
  const std::vector<int> binary(with.values_.size(), 1);
  if (PQsendQueryPrepared(connection_.get(), statement.name, static_cast<int>(binary.size()),
                          with.values_.data(), with.lengths_.data(), binary.data(), 1) == 0) {
    return tl::unexpected(lost(PQerrorMessage(connection_.get())));
  }
  return {};
}

// In a pipeline all statements up to the sync are one transaction, and after a failure the server skips to
// the sync. Each statement has its results, then a null; so has preparing one.
Result<std::vector<Rows>> Connection::run(const Statement& statement, std::span<const Parameters> each) {
  sqlstate_.clear();
  const bool prepare = !prepared_.contains(statement.name);
  if (PQenterPipelineMode(connection_.get()) == 0) return tl::unexpected(lost("it is in use"));
  if (prepare && PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) == 0) {
    return tl::unexpected(lost(PQerrorMessage(connection_.get())));
  }
  uint64_t bytes = 0;
  for (const Parameters& with : each) {
    if (auto sent = send(statement, with); !sent) return tl::unexpected(sent.error());
    bytes += with.bytes_;
  }
  if (PQpipelineSync(connection_.get()) == 0) return tl::unexpected(lost(PQerrorMessage(connection_.get())));

  Deadline until = deadline(bytes);
  Result<std::vector<Rows>> outcome;
  for (size_t i = 0; i < each.size() + (prepare ? 1 : 0); ++i) {
    const bool preparing = prepare && i == 0;
    for (;;) {
      const auto result = next(until);
      if (!result) return tl::unexpected(result.error());
      if (*result == nullptr) break;
      Rows rows(*result);
      switch (PQresultStatus(*result)) {
        case PGRES_FATAL_ERROR:
          if (outcome) outcome = tl::unexpected(server_error(*result));
          break;
        case PGRES_PIPELINE_ABORTED:
          break;
        default:
          if (preparing) {
            prepared_.insert(statement.name);
          } else if (outcome) {
            outcome->push_back(std::move(rows));
          }
      }
    }
  }
  const auto sync = next(until);
  if (!sync) return tl::unexpected(sync.error());
  const Rows synced(*sync);
  // Only the sync says that the transaction is committed; one that cannot be answers with an error in its
  // place.
  if (PQresultStatus(*sync) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(connection_.get()) == 0) {
    Error error = *sync != nullptr ? server_error(*sync) : lost("it does not say whether it committed");
    error.code = Code::kUnavailable;
    usable_ = false;
    return tl::unexpected(std::move(error));
  }
  return outcome;
}

Result<PGresult*> Connection::next(Deadline& until) {
  for (;;) {
    const int unsent = PQflush(connection_.get());
    if (unsent < 0) return tl::unexpected(lost(PQerrorMessage(connection_.get())));
    if (PQisBusy(connection_.get()) == 0) break;
    auto waited = wait(unsent > 0 ? POLLIN | POLLOUT : POLLIN, until);
    if (!waited) return tl::unexpected(waited.error());
    if (PQconsumeInput(connection_.get()) == 0) {
      return tl::unexpected(lost(PQerrorMessage(connection_.get())));
    }
    until = std::max<Deadline>(until, deadline(0));
  }
  PGresult* result = PQgetResult(connection_.get());
  if (PQstatus(connection_.get()) == CONNECTION_BAD) {
    const Rows owned(result);
    // What the server said as it went is the better reason.
    if (result != nullptr && PQresultErrorField(result, PG_DIAG_SQLSTATE) != nullptr) {
      Error error = server_error(result);
      error.code = Code::kUnavailable;
      usable_ = false;
      return tl::unexpected(std::move(error));
    }
    return tl::unexpected(lost(PQerrorMessage(connection_.get())));
  }
  return result;
}

Result<void> Connection::wait(int poll_events, Deadline until) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now()).count();
    pollfd polled{PQsocket(connection_.get()), static_cast<short>(poll_events), 0};
    const int ready = left > 0 ? poll(&polled, 1, static_cast<int>(std::min<int64_t>(left, INT32_MAX))) : 0;
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR) continue;
    return tl::unexpected(lost("it does not answer in time"));
  }
}

bool Connection::still_usable() {
  pollfd polled{PQsocket(connection_.get()), POLLIN, 0};
  if (usable_ && poll(&polled, 1, 0) != 0) {
    usable_ = PQconsumeInput(connection_.get()) != 0 && PQstatus(connection_.get()) == CONNECTION_OK;
  }
  return usable_;
}

Error Connection::lost(std::string_view why) {
  usable_ = false;
  return {Code::kUnavailable, "cannot reach the database: " + one_line(std::string(why))};
}

Error Connection::server_error(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  sqlstate_ = state != nullptr ? state : "";
  // The session is over (57P01 to 57P05), or is one that cannot write: the next one may be better.
  if (sqlstate_.starts_with("57P") || sqlstate_ == "25006" || sqlstate_.empty()) usable_ = false;
  return {sqlstate_.empty() ? Code::kUnavailable : code_of(sqlstate_),
          "the database refuses: " + one_line(message != nullptr ? message : PQresultErrorMessage(result)) +
              ", SQLSTATE " + sqlstate_ + std::string(advice_for(sqlstate_))};
}

}  // namespace symphony::postgres
