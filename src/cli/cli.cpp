#include "cli/cli.h"

#include <CLI/CLI.hpp>

#include "cli/migrate_command.h"
#include "cli/serve.h"
#include "cli/transfer_command.h"

namespace symphony {
namespace {

// Says what CLI11 says, shorter: variables are explained once, at the end of the page.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    column_width(36);
    label("OPTIONS", "options");
    label("SUBCOMMAND", "command");
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return {};
    return " " + option->get_type_name();
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
    return wrapped(text);
  }

 private:
  static constexpr size_t kLineMax = 104;

  // Broken between words; CLI11 indents what follows a line break.
  std::string wrapped(const std::string& text) const {
    const size_t width = kLineMax - column_width_;
    std::string out;
    size_t line = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      const size_t word = end - at;
      if (line != 0 && line + 1 + word > width) {
        out += '\n';
        line = 0;
      } else if (line != 0) {
        out += ' ';
        ++line;
      }
      out += text.substr(at, word);
      line += word;
      at = end + 1;
    }
    return out;
  }
};

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Symphony: a self-hosted collaboration backend for Yjs apps.\n", "symphony");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "symphony " SYMPHONY_VERSION, "Show the version");
  app.require_subcommand(0, 1);
  app.footer("`symphony serve` is all you need to begin; `symphony serve --help` shows its options.");
  app.failure_message([](const CLI::App* command, const CLI::Error& error) {
    return "symphony: " + std::string(error.what()) + "\nTry `" +
           (command->get_parent() == nullptr
                ? command->get_name()
                : command->get_parent()->get_name() + " " + command->get_name()) +
           " --help`.\n";
  });
  ServeOptions serve;
  serve.server.version = SYMPHONY_VERSION;
  add_serve_command(app, serve);
  StorageOptions migrated;
  add_migrate_command(app, migrated);
  TransferOptions exported;
  add_export_command(app, exported);
  TransferOptions imported;
  add_import_command(app, imported);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  if (app.got_subcommand("serve")) return run_serve(std::move(serve));
  if (app.got_subcommand("migrate")) return run_migrate(migrated);
  if (app.got_subcommand("export")) return run_export(exported);
  if (app.got_subcommand("import")) return run_import(imported);
  std::fputs(app.help().c_str(), stdout);
  return 0;
}

}  // namespace symphony
