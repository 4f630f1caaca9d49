#include "storage/blob/s3_xml.h"

#include "storage/store_testing.h"

namespace symphony {
namespace {

using Names = std::vector<std::string>;

std::string list(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3/doc/\">" + inside +
         "</ListBucketResult>\n";
}
const std::string kLast = "<IsTruncated>false</IsTruncated>";

TEST(S3Xml, reads_lists_as_services_write_them) {
  const auto aws =
      parse_s3_list(list("<Name>b</Name><Prefix>p/</Prefix><KeyCount>2</KeyCount><MaxKeys>2</"
                         "MaxKeys><IsTruncated>true</IsTruncated>"
                         "<Contents><Key>p/a.1</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                         "<ETag>&quot;0&quot;</ETag><Owner><ID>1</ID></Owner><Size>1</Size></Contents>"
                         "<Contents><Size>1</Size><Key>p/a.2</Key></Contents><CommonPrefixes><Prefix>q</"
                         "Prefix></CommonPrefixes>"));
  ASSERT_TRUE(aws);
  EXPECT_TRUE(aws->truncated);
  EXPECT_EQ(aws->names, (Names{"p/a.1", "p/a.2"}));
  EXPECT_EQ(parse_s3_list(list("\n  <Prefix/>\n  <IsTruncated>false</IsTruncated>\n <Contents\n/>"))->names,
            Names{});
  EXPECT_EQ(
      parse_s3_list("\xef\xbb\xbf" + list(kLast + "<!-- > <Key> --><Contents a='>'><Key>x</Key></Contents>"))
          ->names,
      Names{"x"});
}

TEST(S3Xml, reads_every_kind_of_character) {
  const auto key = [](const std::string& text) {
    const auto parsed = parse_s3_list(list(kLast + "<Contents><Key>" + text + "</Key></Contents>"));
    return parsed ? parsed->names.at(0) : "malformed";
  };
  EXPECT_EQ(key("a&amp;&lt;&gt;&quot;&apos;b"), "a&<>\"'b");
  EXPECT_EQ(key("&#65;&#x42;&#xe9;&#x20ac;&#x1F600;"), "AB\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(key(""), "");
  for (const char* bad : {"&", "&amp", "&nbsp;", "&#;", "&#x;", "&#0;", "&#xd800;", "&#x110000;", "&#12a;",
                          "&#-1;", "&#99999999999;"})
    EXPECT_EQ(key(bad), "malformed") << bad;
}

TEST(S3Xml, refuses_what_is_not_a_whole_list) {
  const std::string good = list(kLast + "<Contents><Key>a</Key></Contents>");
  ASSERT_TRUE(parse_s3_list(good));
  for (size_t size = 0; size + 1 < good.size(); ++size)
    expect_code(parse_s3_list(good.substr(0, size)), Code::kInvalid);
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "<a>";
  for (const std::string& bad :
       {std::string("text"), "x" + good, good + "x", good + good, list(""), list(kLast + kLast),
        list("<IsTruncated>yes</IsTruncated>"), list(kLast + "<a></b>"), list(kLast + "</a>"),
        list(kLast + "<>"), list(kLast + "<!DOCTYPE a>"), list(kLast + "<![CDATA[a]]>"), list(kLast + deep),
        list(kLast + "<a <b>"), list(kLast + "<a b='></a>"), "<Error>" + kLast + "</Error>",
        "<a>" + list(kLast) + "</a>"})
    expect_code(parse_s3_list(bad), Code::kInvalid);
}

TEST(S3Xml, reads_errors_or_nothing) {
  const S3Error error =
      parse_s3_error("<Error><Code>SlowDown</Code><Message>Please &amp; thank you</Message></Error>");
  EXPECT_EQ(error.code, "SlowDown");
  EXPECT_EQ(error.message, "Please & thank you");
  for (const char* other : {"", "<html><p>No</html>", "<Error><Code>NoSuchKey</Code>", "{}"})
    EXPECT_EQ(parse_s3_error(other).code, "") << other;
}

}  // namespace
}  // namespace symphony
