// What the store does while the database or the way to it fails.
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <thread>

#include "storage/faults_conformance.h"
#include "storage/postgres/cutting_proxy_testing.h"
#include "storage/postgres/postgres_testing.h"

namespace symphony {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

struct CutHarness {
  TestDatabase database;
  CuttingProxy proxy{PostgresServer::shared()};
  std::unique_ptr<Store> open(const OwnerOptions& owner) {
    PostgresOptions options = database.options();
    options.connection.conninfo = proxy.conninfo(database.name());
    return database.open(owner, options);
  }
  void fail_operation(uint64_t n) { proxy.cut_at(n); }
  bool has_failed() const { return proxy.has_cut(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(PostgresBehindCuts, StoreFaults, CutHarness);

// An object store whose n-th step fails: a call is two, because it may fail before it has done anything, or
// after.
class FailingObjects final : public ObjectStore {
 public:
  explicit FailingObjects(ObjectStore& objects) : objects_(objects) {}

  Result<void> put_new(std::string_view key, Bytes bytes) override {
    return fallible<void>([&] { return objects_.put_new(key, bytes); });
  }
  Result<Buffer> get(std::string_view key) override {
    return fallible<Buffer>([&] { return objects_.get(key); });
  }
  Result<void> remove(std::string_view key) override {
    return fallible<void>([&] { return objects_.remove(key); });
  }
  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after,
                                        size_t limit) override {
    return fallible<std::vector<std::string>>([&] { return objects_.list(prefix, after, limit); });
  }

  uint64_t left = 0;
  bool failed = false;

 private:
  template <class T, class Call>
  Result<T> fallible(Call call) {
    if (fails()) return fail(Code::kUnavailable, "not done");
    auto result = call();
    if (fails()) return fail(Code::kUnavailable, "done, but not heard of");
    return result;
  }
  bool fails() {
    const bool now = left > 0 && --left == 0;
    failed = failed || now;
    return now;
  }
  ObjectStore& objects_;
};

struct ObjectsHarness {
  TestDatabase database;
  FailingObjects objects{database.objects()};
  std::unique_ptr<Store> open(const OwnerOptions& owner) {
    return PostgresStore::open(owner, database.options(), &objects).value();
  }
  void fail_operation(uint64_t n) {
    objects.left = n;
    objects.failed = false;
  }
  bool has_failed() const { return objects.failed; }
};

INSTANTIATE_TYPED_TEST_SUITE_P(PostgresWithFailingObjects, StoreFaults, ObjectsHarness);

class PostgresFaults : public testing::Test {
 protected:
  // Calls until the store can be reached; the backoff may take its time.
  template <class Call>
  static auto insist(Call call) {
    auto result = call();
    for (int tries = 0; tries < 1000 && !result && result.error().code == Code::kUnavailable; ++tries) {
      std::this_thread::sleep_for(milliseconds(20));
      result = call();
    }
    EXPECT_TRUE(result) << result.error().message;
    return result;
  }

  static void append(Store& store, const AppendRequest& request) {
    static_cast<void>(insist([&] { return store.append({&request, 1})[0]; }));
  }

  template <class Call>
  static milliseconds time_of(Call call) {
    const auto start = steady_clock::now();
    call();
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
  }

  TestDatabase database;
};

TEST_F(PostgresFaults, a_database_that_does_not_answer_is_given_up_soon) {
  CuttingProxy proxy(PostgresServer::shared());
  PostgresOptions options = database.options();
  options.connection.conninfo = proxy.conninfo(database.name());
  options.connection.call_timeout = milliseconds(1000);
  options.backoff_min = milliseconds(2000);
  TestOwner ada{database.open(test_owner("ada"), options)};
  ASSERT_TRUE(ada.append("r", "one"));
  const uint64_t epoch = ada.epoch("r"), next = ada.newest("r") + 1;
  proxy.swallow(true);
  const auto waited =
      time_of([&] { expect_code(ada.append_at("r", epoch, next, "two"), Code::kUnavailable); });
  EXPECT_GE(waited.count(), 900);
  EXPECT_LT(waited.count(), 3000);
  for (int i = 0; i < 3; ++i) {  // connecting does not get anywhere either
    const auto again = time_of([&] { expect_code(ada.store().load("r"), Code::kUnavailable); });
    EXPECT_LT(again.count(), 3000);
  }
  const auto at_once = time_of([&] { expect_code(ada.store().ping(), Code::kUnavailable); });
  EXPECT_LT(at_once.count(), 500) << "while it is not yet time to try again, a call does not wait";
  proxy.swallow(false);
  append(ada.store(), {"r", epoch, next, bytes_of("two")});
  EXPECT_EQ(shown(ada.store(), "r"), " | one | two");
}

TEST(PostgresBackoff, grows_to_its_limit_and_ends_with_success) {
  postgres::Backoff backoff(milliseconds(40), milliseconds(100), 1);
  EXPECT_TRUE(backoff.check());
  const Error error{Code::kUnavailable, "gone"};
  backoff.failed(error);
  EXPECT_TRUE(backoff.check()) << "one lost attempt is tried again at once";
  for (int i = 0; i < 70; ++i) backoff.failed(error);
  const auto refused = backoff.check();
  expect_code(refused, Code::kUnavailable);
  EXPECT_EQ(refused.error().message, "gone");
  std::this_thread::sleep_for(milliseconds(101));
  EXPECT_TRUE(backoff.check());
  backoff.failed(error);
  EXPECT_FALSE(backoff.check());
  backoff.succeeded();
  EXPECT_TRUE(backoff.check());
}

// A stuck transaction on the room's row: what needs the row fails in time, appends go on.
TEST_F(PostgresFaults, a_lock_that_is_not_given_up_does_not_hang_anybody) {
  PostgresOptions options = database.options();
  options.connection.call_timeout = milliseconds(1000);
  TestOwner ada{database.open(test_owner("ada"), options)};
  ASSERT_TRUE(ada.append("r", "one"));
  auto stuck = postgres::Connection::open({.conninfo = database.conninfo()}).value();
  ASSERT_TRUE(stuck->execute("BEGIN; SELECT FROM symphony.room FOR UPDATE"));
  const auto waited = time_of([&] { expect_code(ada.store().take("r"), Code::kUnavailable); });
  EXPECT_LT(waited.count(), 3000);
  EXPECT_TRUE(ada.append("r", "two"));
  ASSERT_TRUE(stuck->execute("ROLLBACK"));
  insist([&] { return ada.store().take("r"); });
}

TEST_F(PostgresFaults, a_statement_that_takes_too_long_is_ended_by_the_server) {
  postgres::ConnectionOptions options{.conninfo = database.conninfo()};
  options.statement_timeout = milliseconds(100);
  auto connection = postgres::Connection::open(options).value();
  constexpr postgres::Statement kSleep{"sleep", "SELECT pg_sleep(4)"};
  const auto slept = connection->run(kSleep);
  expect_code(slept, Code::kUnavailable);
  EXPECT_THAT(slept.error().message, HasSubstr("57014"));
  constexpr postgres::Statement kOne{"one", "SELECT 1"};
  EXPECT_TRUE(connection->run(kOne)) << "the connection goes on";
}

// All connections are in use by calls that take long; the last is left to short ones.
TEST_F(PostgresFaults, a_lease_is_renewed_while_large_calls_wait) {
  PostgresOptions options = database.options();
  options.connections_max = 2;
  const auto store = database.open(test_owner("ada"), options);
  ASSERT_TRUE(store->take("r"));
  auto stuck = postgres::Connection::open({.conninfo = database.conninfo()}).value();
  ASSERT_TRUE(stuck->execute("BEGIN; SELECT FROM symphony.room FOR UPDATE"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { static_cast<void>(store->take("r")); });
  }
  std::this_thread::sleep_for(milliseconds(300));
  const auto waited = time_of([&] { EXPECT_TRUE(store->renew()); });
  EXPECT_LT(waited.count(), 2000);
  ASSERT_TRUE(stuck->execute("ROLLBACK"));
  for (std::thread& thread : threads) thread.join();
}

// Four threads write, a fifth writes snapshots, and the server is killed and started again meanwhile.
TEST_F(PostgresFaults, a_server_that_is_killed_loses_nothing_acknowledged) {
  const auto store = database.open(test_owner("ada"));
  constexpr int kThreads = 4;
  std::vector<std::string> names;
  std::vector<Claim> claims;
  for (int i = 0; i < kThreads; ++i) {
    names.push_back("room " + std::to_string(i));
    claims.push_back(store->take(names.back()).value());
  }
  std::array<std::atomic<uint64_t>, kThreads> newest{};
  std::atomic<bool> stop = false;
  const auto write = [&](size_t i) {
    uint64_t seq = claims[i].stored.log.back().seq;
    while (!stop) {
      const std::string text = std::to_string(++seq);
      append(*store, {names[i], claims[i].epoch, seq, bytes_of(text)});
      newest[i] = seq;
    }
  };
  uint64_t snapshots = 0;
  const auto summarise = [&] {
    for (size_t i = 0; !stop; i = (i + 1) % kThreads) {
      const uint64_t seq = newest[i];
      if (seq == 0) continue;
      const Buffer state(100'000, static_cast<uint8_t>(seq));
      insist([&] { return put_snapshot(*store, {names[i], claims[i].epoch, seq, state, {}}); });
      ++snapshots;
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back(write, i);
  threads.emplace_back(summarise);
  for (const bool crash : {true, false}) {
    std::this_thread::sleep_for(milliseconds(500));
    PostgresServer::shared().stop(crash);
    std::this_thread::sleep_for(milliseconds(200));
    PostgresServer::shared().start();
  }
  std::this_thread::sleep_for(milliseconds(1500));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(snapshots, 8u);
  for (size_t i = 0; i < kThreads; ++i) {
    SCOPED_TRACE(names[i]);
    EXPECT_GT(newest[i], 20u);
    const StoredRoom stored = insist([&] { return store->load(names[i]); }).value();
    EXPECT_EQ(stored.snapshot, Buffer(100'000, static_cast<uint8_t>(stored.snapshot_seq)));
    EXPECT_EQ(stored.snapshot_seq + stored.log.size(), newest[i]);
    for (const LogEntry& entry : stored.log) EXPECT_EQ(text_of(entry.update), std::to_string(entry.seq));
  }
}

// The pool opens no more connections than it may, and closes none that is good.
TEST_F(PostgresFaults, connections_are_few_and_kept) {
  PostgresOptions options = database.options();
  options.connections_max = 2;
  const auto store = database.open(test_owner("ada"), options);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, room = "room " + std::to_string(i)] {
      TestOwner owner{database.open(test_owner("other " + room), options)};
      for (int k = 0; k < 5; ++k) {
        EXPECT_TRUE(store->load(room));
        EXPECT_TRUE(store->ping());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string mine =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
      " AND application_name = 'symphony'";
  // Those of the others end when the server has noticed.
  int open = 0;
  for (int tries = 0; tries < 100 && (open = std::stoi(database.sql(mine))) > 2; ++tries) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LE(open, 2);
  EXPECT_GE(open, 1);
}

}  // namespace
}  // namespace symphony
