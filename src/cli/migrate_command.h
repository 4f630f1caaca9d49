// `symphony migrate`: brings a database to the schema of this version. What the database initialisation job
// runs.
#pragma once

#include "cli/stores.h"

namespace CLI {
class App;
}

namespace symphony {

// Describes the command; `options` outlives it.
void add_migrate_command(CLI::App& app, StorageOptions& options);

// The process's exit code: 0 if the schema is the current one now, 1 with one line that says why not.
int run_migrate(const StorageOptions& options);

}  // namespace symphony
