#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <cctype>

#include "cli/units.h"

namespace symphony {
namespace {

// Reads a value with `parse` into `target`; a bad one becomes CLI11's validation error.
template <class T, class Parse>
void add(CLI::App& command, const std::string& group, const std::string& flag, const std::string& type,
         T& target, const std::string& default_text, const std::string& help, Parse parse) {
  CLI::Option* option = command.add_option_function<std::string>(
      flag,
      [&target, parse](const std::string& text) {
        if (auto value = parse(text)) target = *value;
      },
      help);
  const auto check = [parse](std::string& text) {
    const auto value = parse(text);
    return value ? std::string() : value.error().message;
  };
  option->check(CLI::Validator(check, ""));
  option->type_name(type)->envname(variable_of(flag))->group(group)->default_str(default_text);
}

}  // namespace

std::string variable_of(const std::string& flag) {
  std::string name = "SYMPHONY_";
  for (const char c : flag.substr(2)) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

OptionGroup& OptionGroup::text(const std::string& flag, const std::string& type, std::string& target,
                               const std::string& help) {
  add(command_, title_, flag, type, target, target, help,
      [](const std::string& text) { return Result<std::string>(text); });
  return *this;
}

OptionGroup& OptionGroup::texts(const std::string& flag, const std::string& type,
                                std::vector<std::string>& target, const std::string& help) {
  command_.add_option(flag, target, help)->type_name(type)->group(title_)->expected(1)->take_all();
  return *this;
}

OptionGroup& OptionGroup::required_text(const std::string& flag, const std::string& type, std::string& target,
                                        const std::string& help) {
  text(flag, type, target, help);
  command_.get_option(flag)->required()->default_str("");
  return *this;
}

OptionGroup& OptionGroup::count(const std::string& flag, size_t& target, const std::string& help) {
  add(command_, title_, flag, "N", target, std::to_string(target), help, parse_count);
  return *this;
}

OptionGroup& OptionGroup::bytes(const std::string& flag, size_t& target, const std::string& help) {
  add(command_, title_, flag, "SIZE", target, format_bytes(target), help, parse_bytes);
  return *this;
}

OptionGroup& OptionGroup::on_off(const std::string& flag, bool& target, const std::string& help) {
  const auto parse = [](const std::string& text) -> Result<bool> {
    if (text == "on" || text == "off") return text == "on";
    return fail(Code::kInvalid, "'" + text + "' is neither on nor off");
  };
  add(command_, title_, flag, "on|off", target, target ? "on" : "off", help, parse);
  return *this;
}

OptionGroup& OptionGroup::duration(const std::string& flag, Duration& target, const std::string& help) {
  add(command_, title_, flag, "TIME", target, format_duration(target), help, parse_duration);
  return *this;
}

}  // namespace symphony
