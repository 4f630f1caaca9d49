// How the operator names storage, and the Store that is meant.
#pragma once

#include <memory>
#include <string>

#include "cli/options.h"
#include "storage/store.h"

namespace symphony {

struct StorageOptions {
  std::string data = "./symphony.db";  // a file (SQLite), ":memory:", or postgres://...
  std::string snapshots;  // only with Postgres: file:///..., s3://..., gs://...; empty: in the database
};

// --data and --snapshots.
void add_storage_options(OptionGroup& group, StorageOptions& options);

// The error is one line for the operator.
Result<std::unique_ptr<Store>> open_store(const StorageOptions& options, const OwnerOptions& owner);

// An owner that no other process is, now or later: machine, process and a random number. `address` is where
// it is reached.
OwnerOptions make_owner(const std::string& address, Duration lease);

// `data` without a password, for log lines and pages.
std::string shown_data(const StorageOptions& options);

}  // namespace symphony
