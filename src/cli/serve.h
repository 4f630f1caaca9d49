// `symphony serve`: everything on one machine, in one process.
#pragma once

#include <string>

#include "cli/stores.h"
#include "server/options.h"

namespace CLI {
class App;
}

namespace symphony {

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  StorageOptions storage;
  std::string advertise;  // empty: `listen`
  std::string www;        // empty: the built examples, where they are found beside the program
  std::string log_level = "info";
  size_t loops = 0;  // 0: one a core
  ServerOptions server;
};

// Describes the command; `options` outlives it.
void add_serve_command(CLI::App& app, ServeOptions& options);

// Serves until SIGTERM or SIGINT. The process's exit code: 0 after a clean drain, 1 with one line on stderr
// if starting failed or something could not be stored.
int run_serve(ServeOptions options);

// The folder of pages to serve: `www` if it is given, else the first place relative to `executable` that has
// an index.html; empty if there is none.
std::string find_pages(const std::string& www, const std::string& executable);

}  // namespace symphony
