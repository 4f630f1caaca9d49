#include "cli/units.h"

#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace symphony {
namespace {

struct Split {
  uint64_t number;
  std::string unit;  // lower case
};

Result<Split> split(std::string_view text, const char* what) {
  Split parts{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts.number);
  if (error != std::errc{}) return fail(Code::kInvalid, "'" + std::string(text) + "' is no " + what);
  for (const char* at = end; at != text.data() + text.size(); ++at) {
    if (*at != ' ') parts.unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*at)));
  }
  return parts;
}

constexpr std::array<std::pair<std::string_view, int64_t>, 5> kDurationUnits = {
    {{"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"", 1'000'000}}};

constexpr std::array<std::pair<std::string_view, unsigned>, 12> kByteUnits = {{{"gib", 30},
                                                                               {"mib", 20},
                                                                               {"kib", 10},
                                                                               {"gb", 30},
                                                                               {"mb", 20},
                                                                               {"kb", 10},
                                                                               {"g", 30},
                                                                               {"m", 20},
                                                                               {"k", 10},
                                                                               {"b", 0},
                                                                               {"bytes", 0},
                                                                               {"", 0}}};

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto parts = split(text, "duration: write 250ms, 30s, 5m or 2h");
  if (!parts) return tl::unexpected(parts.error());
  for (const auto& [unit, micros] : kDurationUnits) {
    if (unit != parts->unit) continue;
    constexpr uint64_t kHoursMax = 24 * 365;
    if (parts->number > kHoursMax * 3'600'000'000ULL / static_cast<uint64_t>(micros)) {
      return fail(Code::kInvalid, "'" + std::string(text) + "' is longer than a year");
    }
    return Duration(static_cast<int64_t>(parts->number) * micros);
  }
  return fail(Code::kInvalid, "'" + std::string(text) + "' has an unknown unit: write 250ms, 30s, 5m or 2h");
}

Result<size_t> parse_bytes(std::string_view text) {
  const auto parts = split(text, "size: write 65536, 64KiB, 16MiB or 1GiB");
  if (!parts) return tl::unexpected(parts.error());
  for (const auto& [unit, shift] : kByteUnits) {
    if (unit != parts->unit) continue;
    if (parts->number > (uint64_t{1} << 50) >> shift) {
      return fail(Code::kInvalid, "'" + std::string(text) + "' is more than any machine has");
    }
    return static_cast<size_t>(parts->number << shift);
  }
  return fail(Code::kInvalid,
              "'" + std::string(text) + "' has an unknown unit: write 65536, 64KiB, 16MiB or 1GiB");
}

Result<size_t> parse_count(std::string_view text) {
  const auto parts = split(text, "number");
  if (!parts) return tl::unexpected(parts.error());
  if (!parts->unit.empty()) return fail(Code::kInvalid, "'" + std::string(text) + "' is no number");
  return static_cast<size_t>(parts->number);
}

Result<ListenAddress> parse_listen(std::string_view text) {
  const std::string advice = "'" + std::string(text) +
                             "' is no address to listen on: write HOST:PORT, for example 127.0.0.1:8080, "
                             "[::1]:8080 or 0.0.0.0:8080";
  ListenAddress address{"127.0.0.1", 0};
  std::string_view port = text;
  if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    port = text.substr(colon + 1);
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
      host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
      return fail(Code::kInvalid, advice);
    }
    address.host = host.empty() ? "::" : host;
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) return fail(Code::kInvalid, advice);
  return address;
}

std::string format_duration(Duration duration) {
  const int64_t micros = duration.count();
  for (const auto& [unit, scale] : kDurationUnits) {
    if (!unit.empty() && micros % scale == 0 && micros >= scale)
      return std::to_string(micros / scale).append(unit);
  }
  return "0s";
}

std::string format_bytes(size_t bytes) {
  constexpr std::array<std::pair<const char*, unsigned>, 3> kUnits = {
      {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}}};
  for (const auto& [unit, shift] : kUnits) {
    if (bytes >= size_t{1} << shift && bytes % (size_t{1} << shift) == 0) {
      return std::to_string(bytes >> shift) + unit;
    }
  }
  return std::to_string(bytes);
}

}  // namespace symphony
