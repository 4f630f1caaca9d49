// HTTP/1.1 as far as this server speaks it: requests without a body in, whole responses out. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_buffer.h"
#include "symphony/types.h"

namespace symphony {

// A request's head. What a server needs of it, copied.
struct HttpRequest {
  std::string method;
  std::string target;
  bool keep_alive = true;
  bool has_body = false;  // Content-Length above zero or Transfer-Encoding
  std::string if_none_match;
  bool upgrade_websocket = false;  // Connection: Upgrade and Upgrade: websocket
  std::string websocket_key;
  std::string websocket_version;
  std::vector<std::string> websocket_protocols;  // in the client's order of preference
};

// Bytes up to and with the empty line that ends a head; nothing if it has not arrived yet. `searched` says
// how many bytes were seen by earlier calls, so that a slow head is not read again and again.
std::optional<size_t> find_head_end(std::string_view received, size_t searched);

// Parses a whole head. kInvalid with the reason.
Result<HttpRequest> parse_http_request(std::string_view head);

struct HttpResponse {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string headers;  // further lines, each "Name: value\r\n"
  SharedBuffer body;    // null: none
  bool keep_alive = true;
  bool head_only = false;  // the answer to HEAD: as to GET, without the body
};

// The status line and headers; the body follows as a buffer of its own. Every response states its length.
Buffer format_http_head(const HttpResponse& response);

// A response that is one line of text.
HttpResponse text_response(unsigned status, std::string_view line);

}  // namespace symphony
