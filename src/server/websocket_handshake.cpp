#include "server/websocket_handshake.h"

#include <algorithm>

#include "protocol/websocket.h"

namespace symphony {
namespace {

bool is_base64_of_16_bytes(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  return std::all_of(key.begin(), key.end() - 2, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

}  // namespace

tl::expected<Handshake, HttpResponse> accept_websocket(const HttpRequest& request) {
  if (request.method != "GET" || request.has_body) {
    return tl::unexpected(text_response(400, "a WebSocket begins with a GET request without a body"));
  }
  if (request.websocket_version != "13") {
    HttpResponse response = text_response(426, "this server speaks WebSocket version 13 (RFC 6455)");
    response.headers += "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n";
    return tl::unexpected(std::move(response));
  }
  if (!is_base64_of_16_bytes(request.websocket_key)) {
    return tl::unexpected(text_response(400, "Sec-WebSocket-Key must be 16 bytes in base64"));
  }
  Handshake handshake;
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      ws::accept_key(request.websocket_key) + "\r\n";
  const auto& offered = request.websocket_protocols;
  handshake.acks = std::find(offered.begin(), offered.end(), kAcksProtocol) != offered.end();
  // Browsers give up when none of the subprotocols they offered is chosen; an app's own mean nothing to us,
  // so its first one is as good as any.
  if (!offered.empty()) {
    head += "Sec-WebSocket-Protocol: ";
    head += handshake.acks ? kAcksProtocol : std::string_view(offered.front());
    head += "\r\n";
  }
  head += "\r\n";
  handshake.response.assign(head.begin(), head.end());
  return handshake;
}

}  // namespace symphony
