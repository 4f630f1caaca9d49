#include "cli/options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace symphony {
namespace {

using namespace std::chrono_literals;

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    OptionGroup(app, "Group")
        .text("--log-level", "LEVEL", level, "how much")
        .count("--rooms-max", rooms, "how many")
        .bytes("--message-bytes-max", bytes, "how large")
        .on_off("--gaps", gaps, "Gaps")
        .duration("--grace", grace, "how long");
  }
  ~OptionsTest() override {
    for (const char* name : {"SYMPHONY_GRACE", "SYMPHONY_ROOMS_MAX"}) ::unsetenv(name);
  }

  // The error, or nothing.
  std::string parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return {};
  }

  CLI::App app{"test"};
  std::string level = "info";
  size_t rooms = 10;
  size_t bytes = 1 << 20;
  Duration grace = 30s;
  bool gaps = false;
};

TEST_F(OptionsTest, ValuesAreReadInTheirUnits) {
  EXPECT_EQ(
      parse({"--log-level", "debug", "--rooms-max=7", "--message-bytes-max", "2MiB", "--grace", "250ms"}),
      "");
  EXPECT_EQ(level, "debug");
  EXPECT_EQ(rooms, 7u);
  EXPECT_EQ(bytes, 2u << 20);
  EXPECT_EQ(grace, Duration(250ms));
  EXPECT_FALSE(gaps);
  EXPECT_EQ(parse({"--gaps", "on"}), "");
  EXPECT_TRUE(gaps);
}

TEST_F(OptionsTest, AFlagBeatsItsVariableBeatsTheDefault) {
  ::setenv("SYMPHONY_GRACE", "5m", 1);
  ::setenv("SYMPHONY_ROOMS_MAX", "3", 1);
  EXPECT_EQ(parse({"--rooms-max", "4"}), "");
  EXPECT_EQ(grace, Duration(5min));
  EXPECT_EQ(rooms, 4u);
  EXPECT_EQ(bytes, 1u << 20);
}

TEST_F(OptionsTest, WrongValuesAreExplainedWhereverTheyComeFrom) {
  EXPECT_NE(parse({"--grace", "3 weeks"}).find("write 250ms, 30s, 5m or 2h"), std::string::npos);
  EXPECT_NE(parse({"--gaps", "maybe"}).find("'maybe' is neither on nor off"), std::string::npos);
  EXPECT_NE(parse({"--rooms-max", "-1"}).find("'-1' is no number"), std::string::npos);
  ::setenv("SYMPHONY_GRACE", "soon", 1);
  EXPECT_NE(parse({}).find("'soon' is no duration"), std::string::npos);
}

TEST(Options, EachFlagHasAVariable) {
  EXPECT_EQ(variable_of("--log-level"), "SYMPHONY_LOG_LEVEL");
  EXPECT_EQ(variable_of("--www"), "SYMPHONY_WWW");
}

}  // namespace
}  // namespace symphony
