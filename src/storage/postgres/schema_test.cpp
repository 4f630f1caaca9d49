#include "storage/postgres/schema.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <thread>

#include "storage/owner_testing.h"
#include "storage/postgres/postgres_testing.h"

namespace symphony {
namespace {

using testing::HasSubstr;

// An empty database.
class PostgresSchema : public testing::Test {
 protected:
  PostgresSchema() { run_sql(server.conninfo("postgres"), "CREATE DATABASE empty"); }
  ~PostgresSchema() override { run_sql(server.conninfo("postgres"), "DROP DATABASE empty WITH (FORCE)"); }

  Result<postgres::Migration> migrate(const std::string& user = "symphony") {
    auto connection = postgres::Connection::open({.conninfo = server.conninfo("empty", user)});
    if (!connection) return tl::unexpected(connection.error());
    return postgres::migrate(**connection);
  }
  Result<std::unique_ptr<PostgresStore>> open(const std::string& user = "symphony") {
    PostgresOptions options;
    options.connection.conninfo = server.conninfo("empty", user);
    return PostgresStore::open(test_owner("ada"), options, nullptr);
  }
  std::string sql(const std::string& text) { return run_sql(server.conninfo("empty"), text); }
  // SQLSTATE of a statement that must fail.
  std::string refusal(const std::string& user, const std::string& text) {
    auto connection = postgres::Connection::open({.conninfo = server.conninfo("empty", user)}).value();
    const auto done = connection->execute(text);
    return done ? "none" : connection->sqlstate();
  }

  PostgresServer& server = PostgresServer::shared();
};

TEST_F(PostgresSchema, is_made_once_by_many_at_once) {
  std::vector<Result<postgres::Migration>> results(4, postgres::Migration());
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = migrate(); });
  for (std::thread& thread : threads) thread.join();
  int made = 0;
  for (const auto& result : results) {
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->to, postgres::kSchemaVersion);
    EXPECT_EQ(result->advice, "");
    made += result->from == 0;
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(sql("SELECT count(*) FROM symphony.schema_version"), std::to_string(postgres::kSchemaVersion));
  EXPECT_TRUE(open());
}

TEST_F(PostgresSchema, may_be_empty_but_not_of_others) {
  sql("CREATE SCHEMA symphony; CREATE TABLE symphony.theirs ()");
  for (const Error& error : {migrate().error(), open().error()}) {
    EXPECT_EQ(error.code, Code::kInvalid);
    EXPECT_THAT(error.message, HasSubstr("another program"));
  }
  EXPECT_EQ(sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'symphony'"), "1");
  sql("DROP TABLE symphony.theirs");
  EXPECT_TRUE(migrate());
}

TEST_F(PostgresSchema, must_fit_and_is_left_alone_by_the_store) {
  auto store = open();
  expect_code(store, Code::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("run `symphony migrate`"));
  EXPECT_EQ(sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'symphony'"), "0");

  ASSERT_TRUE(migrate());
  sql("DELETE FROM symphony.schema_version");  // older than the first: none has been released
  store = open();
  expect_code(store, Code::kInvalid);
  EXPECT_THAT(store.error().message, HasSubstr("run `symphony migrate`"));

  sql("INSERT INTO symphony.schema_version VALUES (1), (2)");
  for (const Error& error : {migrate().error(), open().error()}) {
    EXPECT_EQ(error.code, Code::kConflict);
    EXPECT_THAT(error.message, HasSubstr("newer Symphony"));
  }
}

TEST_F(PostgresSchema, a_migration_that_fails_leaves_nothing) {
  sql("CREATE ROLE nobody LOGIN");
  const auto done = migrate("nobody");
  expect_code(done, Code::kUnavailable);
  EXPECT_THAT(done.error().message, HasSubstr("permission denied"));
  EXPECT_EQ(sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'symphony'"), "0");
  sql("DROP ROLE nobody");
}

TEST_F(PostgresSchema, says_what_to_run_if_roles_cannot_be_made) {
  ASSERT_TRUE(migrate());  // makes the roles, in this database or another before
  sql("DROP SCHEMA symphony CASCADE; ALTER ROLE symphony_room RENAME TO away; CREATE ROLE owner LOGIN;"
      "ALTER DATABASE empty OWNER TO owner");
  const auto alone = migrate("owner");
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_THAT(alone->advice, HasSubstr("CREATE ROLE symphony_room NOLOGIN"));
  EXPECT_TRUE(open("owner"));
  sql("ALTER ROLE away RENAME TO symphony_room");
  const auto again = migrate("owner");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->from, postgres::kSchemaVersion);
  EXPECT_EQ(again->advice, "");
  EXPECT_EQ(sql("SELECT has_table_privilege('symphony_room', 'symphony.slot', 'INSERT')"), "t");
  sql("DROP SCHEMA symphony CASCADE; ALTER DATABASE empty OWNER TO symphony; DROP ROLE owner");
}

// As docs/storage.md has it.
TEST_F(PostgresSchema, comes_back_from_a_dump) {
  TestDatabase database;
  TestOwner ada{database.open(test_owner("ada"))};
  for (const char* text : {"one", "two", "three"}) ASSERT_TRUE(ada.append("r", text));
  ASSERT_TRUE(ada.put_snapshot("r", 3, "one two"));
  const std::string dump = server.program("pg_dump") + " --schema=symphony '" + database.conninfo() + "' | " +
                           server.program("psql") + " -qX -v ON_ERROR_STOP=1 '" + server.conninfo("empty") +
                           "'";
  ASSERT_EQ(std::system((dump + " >/dev/null").c_str()), 0);
  ASSERT_EQ(migrate()->from, postgres::kSchemaVersion);
  sql("SELECT setval('symphony.epoch', nextval('symphony.epoch') + 1000000)");
  TestOwner bob{open().value()};
  EXPECT_EQ(shown(bob.store(), "r"), "one two | three");
  ASSERT_TRUE(ada.store().retire());
  sql("TRUNCATE symphony.owner");
  EXPECT_TRUE(bob.append("r", "four"));
  EXPECT_GT(bob.epoch("r"), ada.epoch("r") + 1000);
  EXPECT_EQ(sql("SELECT has_table_privilege('symphony_room', 'symphony.slot', 'INSERT')"), "t");
}

TEST_F(PostgresSchema, roles_may_do_what_they_need_and_no_more) {
  ASSERT_TRUE(migrate());
  sql("CREATE ROLE r1 LOGIN IN ROLE symphony_room; CREATE ROLE d1 LOGIN IN ROLE symphony_dashboard;"
      "CREATE ROLE stranger LOGIN");
  {
    TestOwner room{open("r1").value()};
    ASSERT_TRUE(room.append("r", "one"));
    ASSERT_TRUE(room.append("r", "two"));
    const Poison poison{room.newest("r"), "refused"};
    ASSERT_TRUE(
        put_snapshot(room.store(), {"r", room.epoch("r"), room.newest("r"), bytes_of("S"), {&poison, 1}}));
    EXPECT_EQ(shown(room.store(), "r"), "S");
    EXPECT_EQ(room.store().quarantined("r")->size(), 1u);
    ASSERT_TRUE(room.take("empty"));
    ASSERT_TRUE(room.release("empty"));
    sql("UPDATE symphony.owner SET until = now()");
    EXPECT_FALSE(room.store().renew().value());
    const ConnectionRecord connection{"r", 1000};
    ASSERT_TRUE(room.store().record_connections({&connection, 1}));
    ASSERT_TRUE(room.store().forget_connections(500));
    EXPECT_EQ(room.store().rooms("", 10)->size(), 1u);
    EXPECT_TRUE(room.store().ping());
    ASSERT_TRUE(room.store().retire());
  }
  constexpr const char* kDenied = "42501";
  for (const char* text :
       {"CREATE TABLE symphony.x ()", "DROP TABLE symphony.slot", "ALTER TABLE symphony.slot ADD x int",
        "TRUNCATE symphony.slot", "UPDATE symphony.slot SET epoch = 9", "DELETE FROM symphony.snapshot",
        "DELETE FROM symphony.quarantine", "INSERT INTO symphony.schema_version VALUES (2)",
        "CREATE OR REPLACE FUNCTION symphony.release(bytea, bigint) RETURNS void LANGUAGE sql AS ''",
        "SELECT setval('symphony.epoch', 1)", "CREATE SCHEMA other", "CREATE ROLE r2"}) {
    EXPECT_EQ(refusal("r1", text), kDenied) << text;
  }
  {
    const auto dashboard = open("d1").value();
    EXPECT_EQ(dashboard->rooms("", 10)->at(0).room, "r");
    EXPECT_EQ(dashboard->connections("r", 10)->size(), 1u);
    EXPECT_TRUE(dashboard->ping());
    expect_code(dashboard->take("r"), Code::kUnavailable);
    expect_code(dashboard->load("r"), Code::kUnavailable);
  }
  EXPECT_EQ(refusal("d1", "SELECT room, seq, reason, since FROM symphony.quarantine"), "none");
  for (const char* text : {"SELECT update FROM symphony.slot", "SELECT state FROM symphony.snapshot",
                           "SELECT update FROM symphony.quarantine", "SELECT * FROM symphony.stored('r')",
                           "SELECT symphony.release('r', 1)", "SELECT nextval('symphony.epoch')",
                           "DELETE FROM symphony.connection", "UPDATE symphony.owner SET until = now()",
                           "INSERT INTO symphony.connection VALUES ('r', now())"}) {
    EXPECT_EQ(refusal("d1", text), kDenied) << text;
  }
  EXPECT_EQ(refusal("stranger", "SELECT * FROM symphony.room_info"), kDenied);
  EXPECT_THAT(open("stranger").error().message, HasSubstr("symphony_room"));
  sql("DROP ROLE r1, d1, stranger");
}

}  // namespace
}  // namespace symphony
