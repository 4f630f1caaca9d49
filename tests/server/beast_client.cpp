#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "base/varint.h"
#include "crdt/awareness/awareness_codec.h"
#include "support.h"

namespace symphony::test {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

}  // namespace

struct Client::Impl {
  Impl() : stream(context) {}

  // Runs one asynchronous operation to its end.
  template <class Start>
  beast::error_code run(Start start) {
    std::optional<beast::error_code> result;
    start([&](const beast::error_code& error, auto&&...) { result = error; });
    const auto until = std::chrono::steady_clock::now() + kPatience;
    context.restart();
    while (!result && std::chrono::steady_clock::now() < until) context.run_one_until(until);
    if (!result) {
      ADD_FAILURE() << "the server did not answer in time";
      beast::error_code ignored;
      stream.next_layer().close(ignored);
      context.restart();
      context.run();
      return asio::error::timed_out;
    }
    return *result;
  }

  asio::io_context context;
  beast::websocket::stream<tcp::socket> stream;
  beast::websocket::response_type response;
  beast::flat_buffer buffer;
  bool open = false;
};

Client::Client(uint16_t port, const std::string& target) : Client(port, target, Options()) {}

Client::Client(uint16_t port, const std::string& target, const Options& options)
    : impl_(std::make_unique<Impl>()) {
  auto& socket = impl_->stream.next_layer();
  socket.open(tcp::v4());
  if (options.receive_buffer != 0)
    socket.set_option(asio::socket_base::receive_buffer_size(options.receive_buffer));
  beast::error_code error = impl_->run([&](auto handler) {
    socket.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), std::move(handler));
  });
  EXPECT_FALSE(error) << error.message();
  socket.set_option(tcp::no_delay(true));
  impl_->stream.binary(true);
  impl_->stream.read_message_max(0);
  impl_->stream.set_option(
      beast::websocket::stream_base::decorator([&](beast::websocket::request_type& request) {
        if (!options.subprotocols.empty()) {
          request.set(beast::http::field::sec_websocket_protocol, options.subprotocols);
        }
      }));
  error = impl_->run([&](auto handler) {
    impl_->stream.async_handshake(impl_->response, "127.0.0.1:" + std::to_string(port), target,
                                  std::move(handler));
  });
  impl_->open = !error;
}

Client::~Client() = default;

bool Client::open() const { return impl_->open; }
unsigned Client::status() const { return impl_->response.result_int(); }
std::string Client::subprotocol() const {
  return std::string(impl_->response[beast::http::field::sec_websocket_protocol]);
}
std::string Client::body() const { return impl_->response.body(); }

void Client::send(const Buffer& message) {
  impl_->stream.binary(true);
  impl_->run([&](auto handler) { impl_->stream.async_write(asio::buffer(message), std::move(handler)); });
}

void Client::send_text(const std::string& text) {
  impl_->stream.text(true);
  impl_->run([&](auto handler) { impl_->stream.async_write(asio::buffer(text), std::move(handler)); });
}

void Client::send_ping() {
  impl_->run([&](auto handler) { impl_->stream.async_ping({}, std::move(handler)); });
}

std::optional<Buffer> Client::receive() {
  impl_->buffer.clear();
  const beast::error_code error =
      impl_->run([&](auto handler) { impl_->stream.async_read(impl_->buffer, std::move(handler)); });
  if (error) return std::nullopt;
  const auto data = impl_->buffer.cdata();
  const auto* bytes = static_cast<const uint8_t*>(data.data());
  return Buffer(bytes, bytes + data.size());
}

bool Client::receive_until(const Buffer& wanted) {
  while (auto message = receive()) {
    if (*message == wanted) return true;
  }
  return false;
}

bool Client::receive_presence(uint64_t client, const std::string& json) {
  while (auto message = receive()) {
    if (message->empty() || message->front() != 1) continue;
    Reader reader(Bytes(*message).subspan(1));
    std::vector<AwarenessEntry> entries;
    if (!decode_awareness(reader.read_var_bytes(), entries)) continue;
    for (const AwarenessEntry& entry : entries) {
      if (entry.client == client && std::string(entry.state.begin(), entry.state.end()) == json) return true;
    }
  }
  return false;
}

void Client::drain() {
  while (receive()) {
  }
}

void Client::close() {
  impl_->run([&](auto handler) {
    impl_->stream.async_close(beast::websocket::close_code::normal, std::move(handler));
  });
}

uint16_t Client::close_code() const { return impl_->stream.reason().code; }

std::string Client::close_reason() const {
  const auto& reason = impl_->stream.reason().reason;
  return {reason.data(), reason.size()};
}

}  // namespace symphony::test
