#include "server/websocket_handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace symphony {
namespace {

using testing::HasSubstr;
using testing::Not;

HttpRequest upgrade() {
  HttpRequest request;
  request.method = "GET";
  request.upgrade_websocket = true;
  request.websocket_key = "dGhlIHNhbXBsZSBub25jZQ==";
  request.websocket_version = "13";
  return request;
}

std::string accepted(const HttpRequest& request) {
  const auto handshake = accept_websocket(request);
  return handshake ? std::string(handshake->response.begin(), handshake->response.end()) : "refused";
}

unsigned refused_with(const HttpRequest& request) {
  const auto handshake = accept_websocket(request);
  return handshake ? 0 : handshake.error().status;
}

TEST(WebsocketHandshake, AnswersTheExampleOfTheRfc) {
  const std::string response = accepted(upgrade());
  EXPECT_THAT(response, testing::StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(response, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(response, Not(HasSubstr("Sec-WebSocket-Protocol")));
  EXPECT_THAT(response, testing::EndsWith("\r\n\r\n"));
}

TEST(WebsocketHandshake, ChoosesASubprotocolThatWasOffered) {
  HttpRequest request = upgrade();
  request.websocket_protocols = {"app.v2", "app.v1"};
  EXPECT_THAT(accepted(request), HasSubstr("Sec-WebSocket-Protocol: app.v2\r\n"));
  EXPECT_FALSE(accept_websocket(request)->acks);
  request.websocket_protocols.emplace_back(kAcksProtocol);
  EXPECT_THAT(accepted(request), HasSubstr("Sec-WebSocket-Protocol: symphony.acks.v1\r\n"));
  EXPECT_TRUE(accept_websocket(request)->acks);
}

TEST(WebsocketHandshake, SaysWhatIsWrong) {
  HttpRequest request = upgrade();
  request.websocket_version = "8";
  EXPECT_EQ(refused_with(request), 426u);
  EXPECT_THAT(accept_websocket(request).error().headers, HasSubstr("Sec-WebSocket-Version: 13\r\n"));
  request = upgrade();
  request.method = "POST";
  EXPECT_EQ(refused_with(request), 400u);
  for (const char* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j*Q==", "short=="}) {
    request = upgrade();
    request.websocket_key = key;
    EXPECT_EQ(refused_with(request), 400u) << key;
  }
}

}  // namespace
}  // namespace symphony
