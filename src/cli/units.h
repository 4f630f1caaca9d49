// Quantities as people write them on a command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "symphony/types.h"

namespace symphony {

// "250ms", "30s", "5m", "2h"; a plain number is seconds.
Result<Duration> parse_duration(std::string_view text);

// "65536", "64KiB", "1MiB", "2GiB"; also k, m, g and kb, mb, gb, all of them powers of 1024.
Result<size_t> parse_bytes(std::string_view text);

// A count without sign or unit.
Result<size_t> parse_count(std::string_view text);

struct ListenAddress {
  std::string host;
  uint16_t port = 0;
};

// "127.0.0.1:8080", "[::1]:8080", "localhost:0", ":8080" (every interface), "8080" (this machine only).
Result<ListenAddress> parse_listen(std::string_view text);

// How parse_duration and parse_bytes would read them, in the largest unit that fits.
std::string format_duration(Duration duration);
std::string format_bytes(size_t bytes);

}  // namespace symphony
