#include "base/json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace symphony {
namespace {

TEST(Json, TakesWhatJsonParseTakes) {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "12",
                           "-1.5e+10",
                           "1E5",
                           "0.1",
                           "\"\"",
                           "\"a\\u00e9\\n\\\\\\\"\\/\"",
                           "[]",
                           "{}",
                           " [ ] ",
                           "\t{\r\n}",
                           "[1,2,[3,{}],\"x\"]",
                           "{\"a\":{\"b\":[null,true]},\"c\":-1}",
                           "{\"\":[]}",
                           "\"\xe2\x82\xac\"",
                           "\"\\ud800\"",
                           "{ \"a\" : 1 , \"b\" : 2 }",
                           "[[],[]]",
                           "\"\x7f\""}) {
    EXPECT_TRUE(is_json(as_bytes(text), 64)) << text;
  }
}

TEST(Json, RefusesWhatJsonParseRefuses) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nulll",
                           "True",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x1",
                           "NaN",
                           "Infinity",
                           "\"",
                           "\"\\\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\u123",
                           "\"\n\"",
                           "'a'",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "}",
                           "{]",
                           "[}",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{\"a\" 1}",
                           "{1:1}",
                           "{,}",
                           "1 2",
                           "{} {}",
                           "[]]",
                           "\xff",
                           "\"\xc3\"",
                           "\"\xed\xa0\x80\"",
                           "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(is_json(as_bytes(text), 64)) << text;
  }
  EXPECT_FALSE(is_json(as_bytes(std::string_view("1\0", 2)), 64));
  EXPECT_FALSE(is_json(as_bytes(std::string_view("\"\0\"", 3)), 64));
}

TEST(Json, NestingHasALimit) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_json(as_bytes(nested(64)), 64));
  EXPECT_FALSE(is_json(as_bytes(nested(65)), 64));
  EXPECT_TRUE(is_json(as_bytes(nested(3)), 3));
  EXPECT_FALSE(is_json(as_bytes(nested(4)), 3));
  EXPECT_FALSE(is_json(as_bytes(nested(100000)), 1000000)) << "whatever the caller asks for";
}

TEST(Json, EscapesAreReadAsCodePoints) {
  const auto read = [](std::string_view text, size_t used) {
    const char* at = text.data();
    const uint32_t code = read_json_escape(at, text.data() + text.size());
    EXPECT_EQ(static_cast<size_t>(at - text.data()), used) << text;
    return code;
  };
  EXPECT_EQ(read("n\"", 1), uint32_t{'\n'});
  EXPECT_EQ(read("/\"", 1), uint32_t{'/'});
  EXPECT_EQ(read("u00e9\"", 5), 0xe9u);
  EXPECT_EQ(read("ud83d\\ude00\"", 11), 0x1f600u);
  EXPECT_EQ(read("ud83dx\"", 5), 0xd83du);
  EXPECT_EQ(read("ud83d\\u0041\"", 5), 0xd83du);
  EXPECT_EQ(read("ude00\"", 5), 0xde00u);
}

}  // namespace
}  // namespace symphony
