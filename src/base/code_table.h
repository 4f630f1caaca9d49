// What each error Code means outside: one table, so that a code has the same HTTP status, WebSocket close
// code and log level wherever it surfaces.
#pragma once

#include <cstdint>
#include <string_view>

#include "symphony/types.h"

namespace symphony {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

struct CodeRow {
  Code code;
  std::string_view name;  // in logs and metrics
  uint16_t http_status;
  uint16_t close_code;  // 4400 to 4499: the same client will be refused again, so do not retry
  bool retry;           // the same request may succeed later
  LogLevel log_level;   // a client's own mistakes are no news to an operator
};

// In the order of Code.
inline constexpr CodeRow kCodeTable[] = {
    {Code::kInvalid, "invalid", 400, 4400, false, LogLevel::kInfo},
    {Code::kLimit, "limit", 413, 4413, false, LogLevel::kInfo},
    {Code::kNotFound, "not_found", 404, 4404, false, LogLevel::kInfo},
    {Code::kConflict, "conflict", 409, 1012, true, LogLevel::kWarning},
    {Code::kUnavailable, "unavailable", 503, 1013, true, LogLevel::kWarning},
    {Code::kCorrupt, "corrupt", 500, 1011, true, LogLevel::kError},
    {Code::kInternal, "internal", 500, 1011, true, LogLevel::kError},
};

constexpr const CodeRow& row_of(Code code) { return kCodeTable[static_cast<uint8_t>(code)]; }

}  // namespace symphony
