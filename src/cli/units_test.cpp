#include "cli/units.h"

#include <gtest/gtest.h>

namespace symphony {
namespace {

using namespace std::chrono_literals;

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
  EXPECT_EQ(parse_duration("30s"), Duration(30s));
  EXPECT_EQ(parse_duration("30"), Duration(30s));
  EXPECT_EQ(parse_duration("5 m"), Duration(5min));
  EXPECT_EQ(parse_duration("2H"), Duration(2h));
  EXPECT_EQ(parse_duration("0"), Duration(0s));
  for (const char* bad : {"", "s", "-1s", "1.5s", "1 week", "10000h", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Units, Sizes) {
  EXPECT_EQ(parse_bytes("65536"), 65536u);
  EXPECT_EQ(parse_bytes("64KiB"), 65536u);
  EXPECT_EQ(parse_bytes("16mb"), 16u << 20);
  EXPECT_EQ(parse_bytes("2 GiB"), size_t{2} << 30);
  for (const char* bad : {"", "KiB", "-1", "1.5MiB", "1 pound", "9999999999999GiB"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
}

TEST(Units, WhatIsFormattedIsReadBack) {
  for (const Duration each : {Duration(1ms), Duration(1500ms), Duration(30s), Duration(90s), Duration(2h)}) {
    EXPECT_EQ(parse_duration(format_duration(each)), each);
  }
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  for (const size_t each : {size_t{1000}, size_t{64} << 10, size_t{3} << 20, size_t{1} << 30}) {
    EXPECT_EQ(parse_bytes(format_bytes(each)), each);
  }
  EXPECT_EQ(format_bytes(64 << 10), "64KiB");
}

TEST(Units, Addresses) {
  const auto at = [](std::string_view text) {
    const auto address = parse_listen(text);
    return address ? address->host + " " + std::to_string(address->port) : "refused";
  };
  EXPECT_EQ(at("127.0.0.1:8080"), "127.0.0.1 8080");
  EXPECT_EQ(at("localhost:0"), "localhost 0");
  EXPECT_EQ(at("[::1]:80"), "::1 80");
  EXPECT_EQ(at(":8080"), ":: 8080");
  EXPECT_EQ(at("8080"), "127.0.0.1 8080");
  for (const char* bad :
       {"", "localhost", "::1:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "h:80x"}) {
    EXPECT_EQ(at(bad), "refused") << bad;
  }
}

}  // namespace
}  // namespace symphony
