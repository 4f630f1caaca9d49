#include "storage/postgres/postgres_store.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "storage/conformance.h"
#include "storage/owners_conformance.h"
#include "storage/postgres/object_key.h"
#include "storage/postgres/postgres_testing.h"

namespace symphony {
namespace {

using testing::HasSubstr;

struct WithObjects {
  TestDatabase database;
  std::unique_ptr<Store> open(const OwnerOptions& owner) { return database.open(owner); }
  void pass(Duration time) { database.pass(time); }
};

// All snapshots in the database, and appends in small messages.
struct WithoutObjects {
  TestDatabase database;
  std::unique_ptr<Store> open(const OwnerOptions& owner) {
    PostgresOptions options = database.options();
    options.message_bytes = 100;
    return PostgresStore::open(owner, options, nullptr).value();
  }
  void pass(Duration time) { database.pass(time); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(PostgresAndObjects, StoreConformance, WithObjects);
INSTANTIATE_TYPED_TEST_SUITE_P(PostgresAlone, StoreConformance, WithoutObjects);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, StoreOwners, WithObjects);

class PostgresStoreTest : public testing::Test {
 protected:
  TestDatabase database;

  // A path to the object's file that the room's snapshot is in.
  std::string object_file(const std::string& room) {
    std::string key = database.sql("SELECT object FROM symphony.snapshot WHERE room = '" + room + "'");
    std::ranges::replace(key, '/', '.');
    return database.objects_folder() + key + ".object";
  }
  std::vector<std::string> keys() { return database.objects().list("", "", 100).value(); }
  static void damage(const std::string& file) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-20, std::ios::end);
    stream.put('!');
  }
};

// --- damage

class PostgresDamage : public PostgresStoreTest {
 protected:
  // Rooms "r" and "small" with a snapshot at 3 and slots 4 to 6, r's in an object; and a healthy one.
  PostgresDamage() {
    TestOwner ada{database.open(test_owner("ada"))};
    for (const char* room : {"r", "small", "ok"}) {
      for (int i = 1; i <= 5; ++i) EXPECT_TRUE(ada.append(room, room + std::to_string(i)));
      const size_t size = room == std::string("small") ? 100 : 100'000;
      EXPECT_TRUE(ada.put_snapshot(room, 3, Buffer(size, static_cast<uint8_t>(room[0]))));
    }
    EXPECT_TRUE(ada.store().retire());
  }

  void expect_damage(const std::string& room, const std::string& where) {
    const auto bob = database.open(test_owner("bob"));
    const char* contents =
        "SELECT md5(string_agg(s::text, '' ORDER BY s)) FROM"
        " (SELECT l::text FROM symphony.slot l WHERE update <> '' UNION SELECT s::text FROM "
        "symphony.snapshot s) AS x (s)";
    const std::string before = database.sql(contents);
    for (const Error& error : {bob->load(room).error(), bob->take(room).error()}) {
      EXPECT_EQ(error.code, Code::kCorrupt) << error.message;
      EXPECT_THAT(error.message, HasSubstr("room \"" + room + "\", " + where));
    }
    for (const RoomInfo& info : bob->rooms("", 10).value_or(std::vector<RoomInfo>()))
      EXPECT_FALSE(info.active);
    EXPECT_EQ(database.sql(contents), before) << "something was overwritten";
    TestOwner healthy{database.open(test_owner("carl"))};
    EXPECT_TRUE(healthy.append("ok", "goes on"));
    EXPECT_TRUE(healthy.store().retire());
  }
  void expect_damage_by(const std::string& sql, const std::string& room, const std::string& where) {
    SCOPED_TRACE(sql);
    database.sql(
        "CREATE TABLE public.slots AS TABLE symphony.slot;"
        "CREATE TABLE public.snapshots AS TABLE symphony.snapshot");
    EXPECT_NE(run_sql(database.conninfo(), "WITH x AS (" + sql + " RETURNING 1) SELECT count(*) FROM x"),
              "0");
    expect_damage(room, where);
    database.sql(
        "TRUNCATE symphony.slot, symphony.snapshot; INSERT INTO symphony.slot TABLE public.slots;"
        "INSERT INTO symphony.snapshot TABLE public.snapshots; DROP TABLE public.slots, public.snapshots");
  }
};

TEST_F(PostgresDamage, of_rows_is_found_and_named) {
  expect_damage_by("UPDATE symphony.slot SET update = 'x' WHERE room = 'r' AND seq = 5", "r", "slot 5");
  expect_damage_by("UPDATE symphony.slot SET update = '' WHERE room = 'r' AND seq = 5", "r", "slot 5");
  expect_damage_by("DELETE FROM symphony.slot WHERE room = 'r' AND seq = 5", "r", "slot 5");
  expect_damage_by("DELETE FROM symphony.slot WHERE room = 'r' AND seq = 4", "r", "slot 4");
  expect_damage_by("UPDATE symphony.slot SET seq = 7 WHERE room = 'r' AND seq = 6", "r", "slot 6");
  expect_damage_by("UPDATE symphony.slot SET epoch = 0 WHERE room = 'r' AND seq = 6", "r", "slot 6");
  expect_damage_by(
      "INSERT INTO symphony.slot SELECT 'r', 7, epoch, checksum, stored, update FROM symphony.slot"
      " WHERE room = 'ok' AND seq = 6",
      "r", "slot 7");
  expect_damage_by("UPDATE symphony.snapshot SET state = 'x' WHERE room = 'small'", "small",
                   "snapshot at slot 3");
  expect_damage_by("UPDATE symphony.snapshot SET seq = 4 WHERE room = 'small'", "small",
                   "snapshot at slot 4");
  expect_damage_by("UPDATE symphony.snapshot SET bytes = 5 WHERE room = 'r'", "r",
                   "snapshot at slot 3, object rooms/");
  expect_damage_by(
      "UPDATE symphony.snapshot SET object = (SELECT object FROM symphony.snapshot WHERE room = 'ok')"
      " WHERE room = 'r'",
      "r", "snapshot at slot 3, object rooms/");
}

TEST_F(PostgresDamage, of_objects_is_found_and_named) {
  damage(object_file("r"));
  expect_damage("r", "snapshot at slot 3, object rooms/");
  std::filesystem::remove(object_file("r"));
  expect_damage("r", "snapshot at slot 3, object rooms/");
}

// --- snapshots as objects

TEST_F(PostgresStoreTest, objects_are_removed_when_nothing_can_refer_to_them) {
  TestOwner ada{database.open(test_owner("ada"))};
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(ada.append("r", "x"));
  ASSERT_TRUE(ada.put_snapshot("r", 2, Buffer(100'000, 1)));
  EXPECT_EQ(keys().size(), 1u);
  ASSERT_TRUE(ada.put_snapshot("r", 3, Buffer(100'000, 2)));
  EXPECT_EQ(keys().size(), 1u) << "replaced, and gone";
  ASSERT_TRUE(ada.put_snapshot("r", 3, Buffer(100'000, 2)));
  EXPECT_EQ(keys().size(), 1u) << "a retry finds its own object";
  ASSERT_TRUE(ada.put_snapshot("r", 3, Buffer(100'000, 3)));
  EXPECT_EQ(keys().size(), 2u) << "an attempt that was given up may still make the other one current";
  ASSERT_TRUE(ada.put_snapshot("r", 4, bytes_of("small")));
  EXPECT_EQ(keys().size(), 1u);
  ASSERT_TRUE(ada.take("r"));
  ASSERT_TRUE(ada.put_snapshot("r", 5, Buffer(100'000, 4)));
  EXPECT_EQ(keys().size(), 2u);
  auto& sweeper = dynamic_cast<PostgresStore&>(ada.store());
  EXPECT_EQ(sweeper.sweep(100).value(), 1u) << "what is over for good";
  EXPECT_EQ(keys().size(), 1u);
  EXPECT_EQ(ada.store().load("r").value().snapshot, Buffer(100'000, 4));
}

TEST_F(PostgresStoreTest, a_damaged_object_does_not_stand_in_the_way) {
  TestOwner ada{database.open(test_owner("ada"))};
  ASSERT_TRUE(ada.append("r", "x"));
  const Buffer state(100'000, 1);
  ASSERT_TRUE(ada.put_snapshot("r", 2, state));
  damage(object_file("r"));
  ASSERT_TRUE(ada.put_snapshot("r", 2, state));
  EXPECT_EQ(ada.store().load("r").value().snapshot, state);
}

TEST_F(PostgresStoreTest, a_snapshot_elsewhere_needs_its_object_store) {
  {
    TestOwner ada{database.open(test_owner("ada"))};
    ASSERT_TRUE(ada.append("r", "x"));
    ASSERT_TRUE(ada.put_snapshot("r", 2, Buffer(100'000, 1)));
    ASSERT_TRUE(ada.store().retire());
  }
  const auto without = PostgresStore::open(test_owner("bob"), database.options(), nullptr).value();
  const auto taken = without->take("r");
  expect_code(taken, Code::kUnavailable);
  EXPECT_THAT(taken.error().message, HasSubstr("object store"));
  EXPECT_FALSE(without->rooms("", 1)->at(0).active) << "what could not be read is not kept";
  EXPECT_TRUE(database.open(test_owner("carl"))->take("r"));
}

TEST_F(PostgresStoreTest, sweep_removes_what_crashes_left_and_nothing_else) {
  auto store = database.open(test_owner("ada"));
  PostgresStore& sweeper = *store;
  TestOwner ada{std::move(store)};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(ada.append("r", "x"));
  ASSERT_TRUE(ada.put_snapshot("r", 3, Buffer(100'000, 1)));
  ASSERT_TRUE(ada.take("no snapshot"));
  const uint64_t epoch = ada.epoch("r"), other = ada.epoch("no snapshot");
  using postgres::ObjectKey;
  const std::vector<std::string> garbage = {ObjectKey::of("r", epoch - 1, 9, 0).text(),
                                            ObjectKey::of("r", epoch, 2, 0).text(),
                                            ObjectKey::of("no snapshot", other - 1, 1, 0).text()};
  std::vector<std::string> kept = {ObjectKey::of("of another database", epoch, 9, 0).text(),
                                   ObjectKey::of("r", epoch, 3, 1).text(),
                                   ObjectKey::of("r", epoch, 4, 0).text(),
                                   ObjectKey::of("no snapshot", other, 1, 0).text(),
                                   "rooms/of-others",
                                   "zoo"};
  for (const auto& all : {garbage, kept}) {
    for (const std::string& key : all) ASSERT_TRUE(database.objects().put_new(key, bytes_of("x")));
  }
  kept.push_back(database.sql("SELECT object FROM symphony.snapshot"));
  size_t removed = 0, calls = 0;
  for (; calls < 20; ++calls) removed += sweeper.sweep(2).value();
  EXPECT_EQ(removed, garbage.size());
  std::ranges::sort(kept);
  EXPECT_EQ(keys(), kept);
  EXPECT_EQ(ada.store().load("r").value().snapshot, Buffer(100'000, 1));
}

// --- leases

// The renewal that found the lease run out was answered to nobody.
TEST_F(PostgresStoreTest, a_lapse_is_told_even_if_the_answer_was_lost) {
  const auto ada = database.open(test_owner("ada"));
  const char* unheard = "SELECT symphony.renew('ada', 'ada:1234', '10 s')";
  ASSERT_TRUE(ada->take("r"));
  database.sql(unheard);
  EXPECT_TRUE(ada->renew().value()) << "it had not run out";
  database.pass(kTestLease * 2);
  database.sql(unheard);
  ASSERT_TRUE(ada->take("s"));
  EXPECT_FALSE(ada->renew().value());
  EXPECT_TRUE(ada->renew().value());
  ASSERT_TRUE(ada->retire());
  database.sql(unheard);
  EXPECT_FALSE(ada->renew().value());
}

TEST_F(PostgresStoreTest, owners_of_long_ago_are_forgotten) {
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(database.open(test_owner(id))->renew());
  database.pass(std::chrono::hours(25));
  EXPECT_FALSE(database.open(test_owner("d"))->renew().value());
  EXPECT_EQ(database.sql("SELECT string_agg(id, ',') FROM symphony.owner"), "d");
}

// --- sessions

// Whatever the administrator prefers: the argument in schema_v1.h needs READ COMMITTED, and an answer means
// durable.
TEST_F(PostgresStoreTest, sessions_have_what_the_promises_need) {
  database.alter_schema("ALTER DATABASE " + database.name() +
                        " SET default_transaction_isolation = 'serializable';"
                        "ALTER DATABASE " +
                        database.name() + " SET synchronous_commit = off");
  TestOwner ada{database.open(test_owner("ada"))};
  ASSERT_TRUE(ada.append("r", "x"));
  auto session = postgres::Connection::open({.conninfo = database.conninfo()}).value();
  constexpr postgres::Statement kSettings{
      "settings", "SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation')"};
  const auto settings = session->run(kSettings).value();
  EXPECT_EQ(settings.text(0, 0), "on");
  EXPECT_EQ(settings.text(0, 1), "read committed");
  ASSERT_TRUE(session->execute("SET default_transaction_isolation = 'repeatable read'"));
  EXPECT_FALSE(session->execute("SELECT symphony.append('{}', '{}', '{}', '{}', '{}')"));
  EXPECT_FALSE(session->execute("SELECT symphony.append_each('{}', '{}', '{}', '{}', '{}')"));
  EXPECT_FALSE(session->execute("SELECT symphony.take('s', 'x', 'x', '1 s')"));
}

TEST_F(PostgresStoreTest, passwords_come_from_files_and_stay_secret) {
  run_sql(database.conninfo(), "CREATE ROLE secretive LOGIN PASSWORD 'open sesame' IN ROLE symphony_room");
  const TemporaryFolder folder;
  PostgresOptions options;
  options.connection.conninfo = PostgresServer::shared().tcp_conninfo(database.name(), "secretive");
  options.connection.password_file = folder.file("password");
  const auto open = [&] { return PostgresStore::open(test_owner("ada"), options, nullptr); };
  expect_code(open(), Code::kUnavailable);
  std::ofstream(folder.file("password")) << "close sesame\n";
  auto store = open();
  expect_code(store, Code::kUnavailable);
  EXPECT_THAT(store.error().message, HasSubstr("password authentication failed"));
  EXPECT_THAT(store.error().message, testing::Not(HasSubstr("sesame")));
  std::ofstream(folder.file("password")) << "open sesame\n";
  EXPECT_TRUE(open());
  for (const char* wrong :
       {"postgresql://u:open sesame@:x/y", "host=h password=open sesame", "open sesame", ""}) {
    options.connection.conninfo = wrong;
    store = open();
    if (store) continue;  // "" means libpq's defaults
    EXPECT_THAT(store.error().message, testing::Not(HasSubstr("sesame"))) << wrong;
  }
  run_sql(database.conninfo(), "DROP ROLE secretive");
}

TEST_F(PostgresStoreTest, options_that_make_no_sense_are_refused) {
  const auto open = [&](const OwnerOptions& owner, const PostgresOptions& options) {
    return PostgresStore::open(owner, options, nullptr);
  };
  PostgresOptions options = database.options();
  expect_code(open({"", "", kTestLease}, options), Code::kInvalid);
  expect_code(open({"a\n", "", kTestLease}, options), Code::kInvalid);
  expect_code(open({std::string(256, 'a'), "", kTestLease}, options), Code::kInvalid);
  expect_code(open({"a", std::string(256, 'a'), kTestLease}, options), Code::kInvalid);
  expect_code(open({"a", "", Duration(0)}, options), Code::kInvalid);
  options.connections_max = 0;
  expect_code(open(test_owner("a"), options), Code::kInvalid);
  options = database.options();
  options.connection.conninfo = "postgresql://[";
  expect_code(open(test_owner("a"), options), Code::kInvalid);
}

TEST_F(PostgresStoreTest, names_have_a_limit) {
  TestOwner ada{database.open(test_owner("ada"))};
  const std::string longest(1024, 'x');
  EXPECT_TRUE(ada.append(longest, "x"));
  EXPECT_TRUE(ada.put_snapshot(longest, 2, "S"));
  const std::string more = longest + "x";
  expect_code(ada.store().take(more), Code::kLimit);
  expect_code(ada.store().load(more), Code::kLimit);
  expect_code(ada.append_at(more, 1, 1, "x"), Code::kLimit);
  expect_code(put_snapshot(ada.store(), {more, 1, 1, bytes_of("x"), {}}), Code::kLimit);
}

}  // namespace
}  // namespace symphony
