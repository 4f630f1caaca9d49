#include "server/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace symphony {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kUpgrade =
    "GET /rooms/a?x=1 HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
    "WebSocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: one, two\r\nSec-WebSocket-Protocol: three\r\n\r\n";

TEST(Http, ReadsAnUpgrade) {
  const auto request = parse_http_request(kUpgrade);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/rooms/a?x=1");
  EXPECT_TRUE(request->upgrade_websocket);
  EXPECT_FALSE(request->has_body);
  EXPECT_EQ(request->websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(request->websocket_version, "13");
  EXPECT_THAT(request->websocket_protocols, ElementsAre("one", "two", "three"));
}

TEST(Http, KnowsWhetherTheConnectionGoesOn) {
  EXPECT_TRUE(parse_http_request("GET / HTTP/1.1\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse_http_request("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse_http_request("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  EXPECT_FALSE(parse_http_request("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")->upgrade_websocket);
}

TEST(Http, KnowsWhetherABodyFollows) {
  EXPECT_TRUE(parse_http_request("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n")->has_body);
  EXPECT_TRUE(parse_http_request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")->has_body);
  EXPECT_FALSE(parse_http_request("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")->has_body);
}

TEST(Http, RefusesWhatIsNoRequest) {
  for (const std::string_view head :
       {"\r\n\r\n", "hello\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "\x16\x03\x01\x02\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    const auto request = parse_http_request(head);
    ASSERT_FALSE(request) << head;
    EXPECT_EQ(request.error().code, Code::kInvalid);
  }
}

TEST(Http, FindsTheEndOfAHeadAcrossReads) {
  const std::string_view head = "GET / HTTP/1.1\r\n\r\nrest";
  for (size_t seen = 0; seen < 18; ++seen) {
    EXPECT_FALSE(find_head_end(head.substr(0, seen), 0)) << seen;
    EXPECT_EQ(find_head_end(head, seen), 18u) << seen;
  }
}

TEST(Http, FormatsResponses) {
  HttpResponse response = text_response(404, "nothing here");
  response.keep_alive = false;
  const Buffer head = format_http_head(response);
  const std::string text(head.begin(), head.end());
  EXPECT_THAT(text, testing::StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Length: 13\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(text, testing::EndsWith("\r\n\r\n"));
}

}  // namespace
}  // namespace symphony
