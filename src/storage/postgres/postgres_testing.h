// A fresh, migrated database for a test, on the program's server, and a folder for its objects.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/blob/folder_store.h"
#include "storage/postgres/postgres_server_testing.h"
#include "storage/postgres/postgres_store.h"
#include "storage/postgres/schema.h"

namespace symphony {

class TestDatabase {
 public:
  TestDatabase();
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  std::string conninfo(const std::string& user = "symphony") const {
    return PostgresServer::shared().conninfo(name_, user);
  }
  const std::string& name() const { return name_; }
  std::string sql(const std::string& text) const { return run_sql(conninfo(), text); }
  ObjectStore& objects() { return *objects_; }
  std::string objects_folder() const { return folder_.file(""); }

  PostgresOptions options() const;
  std::unique_ptr<PostgresStore> open(const OwnerOptions& owner, const PostgresOptions& options);
  std::unique_ptr<PostgresStore> open(const OwnerOptions& owner) { return open(owner, options()); }
  // For triggers and the like: the database is not used again.
  void alter_schema(const std::string& text) {
    schema_altered_ = true;
    sql(text);
  }
  // The clock that leases are judged by moves on.
  void pass(Duration time);

 private:
  // Emptying a database is quicker than making one.
  static std::vector<std::string>& used();

  TemporaryFolder folder_;
  FileCalls calls_;
  std::unique_ptr<ObjectStore> objects_ = FolderStore::open(folder_.file(""), calls_).value();
  std::string name_;
  bool schema_altered_ = false;
};

inline TestDatabase::TestDatabase() {
  static int created = 0;
  PostgresServer& server = PostgresServer::shared();
  const std::string admin = server.conninfo("postgres");
  if (created == 0) {
    run_sql(admin, "CREATE DATABASE migrated");
    auto connection = postgres::Connection::open({.conninfo = server.conninfo("migrated")});
    if (!connection || !postgres::migrate(**connection)) std::abort();
  }
  if (used().empty()) {
    name_ = "test_" + std::to_string(++created);
    run_sql(admin, "CREATE DATABASE " + name_ + " TEMPLATE migrated");
  } else {
    name_ = used().back();
    used().pop_back();
    sql("TRUNCATE symphony.owner, symphony.room, symphony.slot, symphony.snapshot, symphony.quarantine,"
        " symphony.connection");
  }
}

inline TestDatabase::~TestDatabase() {
  if (schema_altered_) {
    run_sql(PostgresServer::shared().conninfo("postgres"), "DROP DATABASE " + name_ + " WITH (FORCE)");
  } else {
    used().push_back(name_);
  }
}

inline std::vector<std::string>& TestDatabase::used() {
  static std::vector<std::string> names;
  return names;
}

inline PostgresOptions TestDatabase::options() const {
  PostgresOptions options;
  options.connection.conninfo = conninfo();
  return options;
}

inline std::unique_ptr<PostgresStore> TestDatabase::open(const OwnerOptions& owner,
                                                         const PostgresOptions& options) {
  auto store = PostgresStore::open(owner, options, objects_.get());
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    std::abort();
  }
  return std::move(*store);
}

inline void TestDatabase::pass(Duration time) {
  sql("UPDATE symphony.owner SET until = until - interval '" + std::to_string(time.count()) +
      " microseconds'");
}

}  // namespace symphony
