#include "crdt/wire/json_any.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crdt/wire/content.h"
#include "crdt/wire/hex_testing.h"

namespace symphony::crdt {
namespace {

std::string to_any(std::string_view json) {
  Buffer out;
  json_to_any(json, out);
  return to_hex(out);
}

// "refused" if it cannot be said in JSON.
std::string to_json(std::string_view any) {
  const Buffer bytes = from_hex(any);
  Reader check(bytes);
  EXPECT_EQ(skip_any(check, 128), nullptr);
  EXPECT_TRUE(check.ok());
  Reader in(bytes);
  std::string out;
  if (!any_to_json(in, out)) return "refused";
  EXPECT_TRUE(in.at_end());
  return out;
}

struct Case {
  std::string json, any, back;
};

// As npm yjs 13.6 converts an embed to v2 and back.
TEST(JsonAny, SaysWhatJavaScriptSays) {
  for (const Case& c : std::vector<Case>{
           {"null", "7e", "null"},
           {" true ", "78", "true"},
           {"0", "7d00", "0"},
           {"-0", "7d40", "0"},
           {"64", "7d8001", "64"},
           {"-64", "7dc001", "-64"},
           {"2147483647", "7dbfffffff0f", "2147483647"},
           {"2147483648", "7c4f000000", "2147483648"},
           {"-2147483647", "7dffffffff0f", "-2147483647"},
           {"-2147483648", "7ccf000000", "-2147483648"},
           {"1.0", "7d01", "1"},
           {"1.5", "7c3fc00000", "1.5"},
           {"0.1", "7b3fb999999999999a", "0.1"},
           {"0.1e-6", "7b3e7ad7f29abcaf48", "1e-7"},
           {"1e21", "7b444b1ae4d6e2ef50", "1e+21"},
           {"123456789012345680000", "7b441ac53a7e04bcda", "123456789012345680000"},
           {"1e400", "7c7f800000", "null"},
           {"-1e400", "7cff800000", "null"},
           {"-1e-400", "7d40", "0"},
           {"1" + std::string(400, '0') + "e-390", "7c501502f9", "10000000000"},
           {R"("\ud83d\ude00 \ud800 \n\u0001")", "770bf09f988020efbfbd200a01",
            "\"\xf0\x9f\x98\x80 \xef\xbf\xbd \\n\\u0001\""},
           {R"("\\\/\"")", "77035c2f22", R"("\\/\"")"},
           {"[]", "7500", "[]"},
           {"{}", "7600", "{}"},
           {"[[],{},[null,true,false]]",
            "7503750076007503"
            "7e7879",
            "[[],{},[null,true,false]]"},
           {R"({"b":1,"1":2,"a":{"x":[1.5]}})",
            "760301317d0201627d010161760101787501"
            "7c3fc00000",
            R"({"1":2,"b":1,"a":{"x":[1.5]}})"},
           {R"({"a":1,"b":2,"a":3})", "760201617d0301627d02", R"({"a":3,"b":2})"},
           {R"({"__proto__":1,"a":2})", "7602095f5f70726f746f5f5f7d0101617d02", R"({"a":2})"},
       }) {
    EXPECT_EQ(to_any(c.json), c.any) << c.json;
    EXPECT_EQ(to_json(c.any), c.back) << c.json;
  }
}

TEST(JsonAny, WritesLongContainers) {
  std::string json = "[0", any = "758102";
  for (int i = 1; i < 257; ++i) json += ",0";
  for (int i = 0; i < 257; ++i) any += "7d00";
  EXPECT_EQ(to_any(json + "]"), any);
  EXPECT_EQ(to_json(any), json + "]");
  // Of an object whose keys are numbers in falling order every one moves.
  std::string falling = "{\"o\":{";
  for (int i = 1000; i > 0; --i) falling += "\"" + std::to_string(i) + "\":null,";
  falling.back() = '}';
  falling += ",\"1\":[]}";
  std::string ordered = "{\"1\":[],\"o\":{";
  for (int i = 1; i <= 1000; ++i) ordered += "\"" + std::to_string(i) + "\":null,";
  ordered.back() = '}';
  EXPECT_EQ(to_json(to_any(falling)), ordered + "}");
}

TEST(JsonAny, LeavesOutWhatJsonLacks) {
  EXPECT_EQ(to_json("760201757f016175047f7b7ff80000000000007c7f800000740201ff"),
            R"({"a":[null,null,null,{"0":1,"1":255}]})");
  EXPECT_EQ(to_json("760301617f01627d0101617f"), R"({"b":1})");
  EXPECT_EQ(to_json("760301617d0101617f01627d01"), R"({"b":1})");
  EXPECT_EQ(to_json("7f"), "refused");
  EXPECT_EQ(to_json("7a0000000000000001"), "refused");
  EXPECT_EQ(to_json("75017a0000000000000001"), "refused");
}

}  // namespace
}  // namespace symphony::crdt
