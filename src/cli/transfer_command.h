// `symphony export` and `symphony import`: rooms from one store to another, and to and from folders of Yjs
// updates.
#pragma once

#include <string>
#include <vector>

#include "cli/stores.h"

namespace CLI {
class App;
}

namespace symphony {

struct TransferOptions {
  StorageOptions storage;
  std::string other;  // the other end: a folder, a SQLite file, or postgres://...
  // Of the other end, if it is Postgres.
  std::string other_snapshots;
  std::string other_password_file;
  std::vector<std::string> rooms;  // empty: all
};

// Describes the command; `options` outlives it.
void add_export_command(CLI::App& app, TransferOptions& options);
void add_import_command(CLI::App& app, TransferOptions& options);

// The process's exit code: 0 if every room was carried, 1 with a line for each that was not.
int run_export(const TransferOptions& options);
int run_import(const TransferOptions& options);

}  // namespace symphony
