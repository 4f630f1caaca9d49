// The log: lines for an operator, on stderr. A line begins with what happened and ends with `key=value`
// facts. What a peer chose (room ids, reasons) goes in through in_quotes().
#pragma once

#include <string>
#include <string_view>

#include "base/code_table.h"

namespace symphony {

// Before the first line. One of "debug", "info", "warning", "error", "off"; false if it is none of them.
bool set_log_level(std::string_view level);

bool log_enabled(LogLevel level);
void log_line(LogLevel level, const std::string& line);

// In quotes, with quotes, backslashes and control characters escaped; at most 300 bytes of it.
std::string in_quotes(std::string_view text);

}  // namespace symphony
