// Command-line options as every command writes them: `--some-name VALUE` with the variable
// SYMPHONY_SOME_NAME, a default that the help page shows, and one sentence when a value is wrong.
//
// Wraps CLI11 (its header is heavy, so commands see only this).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"

namespace CLI {
class App;
}

namespace symphony {

class OptionGroup {
 public:
  // Options appear under `title` in the help page of `command`.
  OptionGroup(CLI::App& command, std::string title) : command_(command), title_(std::move(title)) {}

  // Each target holds the default and outlives the command.
  OptionGroup& text(const std::string& flag, const std::string& type, std::string& target,
                    const std::string& help);
  // May be given several times; it has no variable.
  OptionGroup& texts(const std::string& flag, const std::string& type, std::vector<std::string>& target,
                     const std::string& help);
  OptionGroup& required_text(const std::string& flag, const std::string& type, std::string& target,
                             const std::string& help);
  OptionGroup& count(const std::string& flag, size_t& target, const std::string& help);
  OptionGroup& bytes(const std::string& flag, size_t& target, const std::string& help);
  OptionGroup& on_off(const std::string& flag, bool& target, const std::string& help);
  OptionGroup& duration(const std::string& flag, Duration& target, const std::string& help);

 private:
  CLI::App& command_;
  std::string title_;
};

// The variable that belongs to a flag: "--log-level" is SYMPHONY_LOG_LEVEL.
std::string variable_of(const std::string& flag);

}  // namespace symphony
