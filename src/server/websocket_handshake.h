// The opening handshake of RFC 6455, the server's side. No I/O.
#pragma once

#include <string>
#include <string_view>

#include "server/http.h"

namespace symphony {

// A client that offers this subprotocol gets it, and asks for acknowledgements by it (docs/protocol.md).
inline constexpr std::string_view kAcksProtocol = "symphony.acks.v1";

struct Handshake {
  Buffer response;  // 101 Switching Protocols
  bool acks = false;
};

// A request to upgrade, accepted; or the response that says what is wrong with it.
tl::expected<Handshake, HttpResponse> accept_websocket(const HttpRequest& request);

}  // namespace symphony
