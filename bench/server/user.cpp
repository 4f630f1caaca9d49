#include "user.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/varint.h"

namespace symphony::bench {

namespace {

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr uint64_t kDurable = 80;                   // docs/protocol.md, acknowledgements
constexpr uint8_t kStep1[] = {0, 0, 1, 0};          // an empty state vector: send everything
constexpr uint8_t kStep2Empty[] = {0, 1, 2, 0, 0};  // nothing that the server lacks

tl::unexpected<Error> lost(const char* what) {
  return fail(Code::kUnavailable, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

ws::ParserOptions User::options() {
  ws::ParserOptions out;
  out.from_client = false;
  return out;
}

User::~User() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> User::connect(uint16_t port, std::string_view path) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return lost("socket");
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    return lost("connect");
  }
  const std::string request =
      "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: " + std::string(kKey) + "\r\n\r\n";
  out_.assign(request.begin(), request.end());
  return {};
}

Result<void> User::on_writable() {
  while (sent_ < out_.size()) {
    const ssize_t n = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN || errno == EINPROGRESS) return {};
      return lost("send");
    }
    sent_ += static_cast<size_t>(n);
  }
  out_.clear();
  sent_ = 0;
  return {};
}

Result<void> User::on_readable() {
  static thread_local uint8_t chunk[1u << 16];
  for (;;) {
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n < 0) {
      if (errno == EAGAIN) return {};
      return lost("recv");
    }
    if (n == 0) return fail(Code::kUnavailable, "the server closed the connection");
    const Bytes bytes(chunk, static_cast<size_t>(n));
    if (upgraded_) {
      parser_.feed(bytes);
    } else if (auto ok = read_upgrade(bytes); !ok) {
      return ok;
    }
    if (auto ok = read_messages(); !ok) return ok;
    if (bytes.size() < sizeof chunk) return {};
  }
}

Result<void> User::read_upgrade(Bytes bytes) {
  upgrade_.append(bytes.begin(), bytes.end());
  const size_t end = upgrade_.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  if (upgrade_.find(" 101 ") == std::string::npos ||
      upgrade_.find(ws::accept_key(kKey)) == std::string::npos) {
    return fail(Code::kInvalid,
                "the server refused the upgrade: " + upgrade_.substr(0, upgrade_.find("\r\n")));
  }
  upgraded_ = true;
  parser_.feed(as_bytes(upgrade_).subspan(end + 4));
  upgrade_.clear();
  return send_message(kStep1);
}

Result<void> User::read_messages() {
  if (!upgraded_) return {};
  for (;;) {
    auto message = parser_.next();
    if (!message) return tl::unexpected(message.error());
    if (!message->has_value()) return {};
    const ws::Message& one = **message;
    Result<void> ok;
    if (one.opcode == ws::Opcode::kBinary) ok = on_message(one.payload);
    if (one.opcode == ws::Opcode::kClose) {
      return fail(Code::kUnavailable, "the server closed with code " + std::to_string(one.close_code));
    }
    if (!ok) return ok;
  }
}

Result<void> User::on_message(Bytes message) {
  Reader in(message);
  const uint64_t kind = in.read_var_uint();
  if (kind == 1) {
    events_.on_presence(message.size());
    return {};
  }
  if (kind == kDurable && events_.on_durable) events_.on_durable(in.read_var_uint());
  if (kind != 0) return {};
  const uint64_t step = in.read_var_uint();
  const Bytes payload = in.read_var_bytes();
  if (!in.ok()) return fail(Code::kInvalid, "a sync message is cut short");
  if (step == 0) return send_message(kStep2Empty);
  events_.on_update(payload);
  if (step == 1 && !synced_) {
    synced_ = true;
    events_.on_synced();
  }
  return {};
}

void User::queue_message(Bytes message) {
  const Buffer framed = ws::frame_masked(ws::Opcode::kBinary, message, static_cast<uint32_t>(prng_.next()));
  out_.insert(out_.end(), framed.begin(), framed.end());
}

Result<void> User::send_message(Bytes message) {
  queue_message(message);
  return on_writable();
}

void User::queue_update(Bytes update) {
  Buffer message;
  Writer out(message);
  out.u8(0);
  out.u8(2);
  out.var_bytes(update);
  queue_message(message);
}

Result<void> User::send_update(Bytes update) {
  queue_update(update);
  return on_writable();
}

Result<void> User::send_presence(uint64_t client, uint64_t clock, std::string_view state) {
  Buffer inner;
  Writer in(inner);
  in.var_uint(1);
  in.var_uint(client);
  in.var_uint(clock);
  in.var_string(state);
  Buffer message;
  Writer out(message);
  out.u8(1);
  out.var_bytes(inner);
  return send_message(message);
}

}  // namespace symphony::bench
