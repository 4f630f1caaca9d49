// How the operator names storage, and the Store that is meant.
#pragma once

#include <memory>
#include <string>

#include "cli/options.h"
#include "storage/blob/retrying_store.h"
#include "storage/store.h"

namespace symphony {

struct StorageOptions {
  std::string data = "./symphony.db";  // a file (SQLite), ":memory:", or postgres://...
  // The rest only with Postgres.
  std::string snapshots = {};      // file:///..., s3://..., gs://...; empty: in the database
  std::string password_file = {};  // its first line is the database's password
};

// --data, --snapshots and --password-file.
void add_storage_options(OptionGroup& group, StorageOptions& options);

// Whether `data` names a Postgres database.
bool names_postgres(const std::string& data);

// A store with what it stands on.
struct OpenedStore {
  std::unique_ptr<RetryClock> clock = {};
  std::unique_ptr<ObjectStore> objects = {};  // snapshots; null: the store keeps them itself
  std::unique_ptr<Store> store = {};
};

// The error is one line for the operator.
Result<OpenedStore> open_store(const StorageOptions& options, const OwnerOptions& owner);

// An owner that no other process is, now or later: machine, process and a random number. `address` is where
// it is reached.
OwnerOptions make_owner(const std::string& address, Duration lease);

// `data` without a password, for log lines and pages.
std::string shown_data(const StorageOptions& options);

}  // namespace symphony
