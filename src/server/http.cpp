#include "server/http.h"

#include <algorithm>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>

namespace symphony {
namespace {

namespace http = boost::beast::http;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

void append(Buffer& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

HttpRequest copy_of(const http::request_parser<http::empty_body>& parser) {
  const auto& message = parser.get();
  HttpRequest request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  request.keep_alive = message.keep_alive();
  request.has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  request.if_none_match = view(message[http::field::if_none_match]);
  request.upgrade_websocket = http::token_list{message[http::field::connection]}.exists("upgrade") &&
                              http::token_list{message[http::field::upgrade]}.exists("websocket");
  request.websocket_key = view(message[http::field::sec_websocket_key]);
  request.websocket_version = view(message[http::field::sec_websocket_version]);
  // The field may be repeated as well as hold a list.
  const auto [first, last] = message.equal_range(http::field::sec_websocket_protocol);
  for (auto field = first; field != last; ++field) {
    for (const auto& token : http::token_list{field->value()}) {
      request.websocket_protocols.emplace_back(view(token));
    }
  }
  return request;
}

}  // namespace

std::optional<size_t> find_head_end(std::string_view received, size_t searched) {
  const size_t from = searched > 3 ? searched - 3 : 0;
  const size_t at = received.find("\r\n\r\n", from);
  if (at == std::string_view::npos) return std::nullopt;
  return at + 4;
}

Result<HttpRequest> parse_http_request(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(std::min<size_t>(head.size() + 1, UINT32_MAX)));
  boost::system::error_code error;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error == http::error::need_more) error = {};
  if (error) return fail(Code::kInvalid, "this is not an HTTP/1.1 request: " + error.message());
  if (!parser.is_header_done())
    return fail(Code::kInvalid, "this is not an HTTP/1.1 request: it is incomplete");
  return copy_of(parser);
}

Buffer format_http_head(const HttpResponse& response) {
  Buffer head;
  head.reserve(256 + response.headers.size());
  append(head, "HTTP/1.1 " + std::to_string(response.status) + " ");
  append(head, view(http::obsolete_reason(static_cast<http::status>(response.status))));
  append(head, "\r\n");
  if (response.body && !response.body->empty()) {
    append(head, "Content-Type: ");
    append(head, response.content_type);
    append(head, "\r\n");
  }
  // 304 describes a body that it does not carry.
  if (response.status != 304) {
    append(head, "Content-Length: " + std::to_string(response.body ? response.body->size() : 0) + "\r\n");
  }
  append(head, response.headers);
  append(head, "X-Content-Type-Options: nosniff\r\n");
  if (!response.keep_alive) append(head, "Connection: close\r\n");
  append(head, "\r\n");
  return head;
}

HttpResponse text_response(unsigned status, std::string_view line) {
  HttpResponse response;
  response.status = status;
  response.headers = "Cache-Control: no-store\r\n";
  Buffer body(line.begin(), line.end());
  body.push_back('\n');
  response.body = share(std::move(body));
  return response;
}

}  // namespace symphony
