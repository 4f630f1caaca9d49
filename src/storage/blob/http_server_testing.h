// A hostile HTTP server in the test's own process: it answers each request with whatever bytes the test says.
// A fake, because no real service lies.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/assert.h"

namespace symphony {

inline sockaddr_in loopback_address(int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(static_cast<uint16_t>(port));
  return out;
}

// A connected socket.
class TestPeer {
 public:
  explicit TestPeer(int fd) : fd_(fd) {}
  ~TestPeer() { ::close(fd_); }
  TestPeer(const TestPeer&) = delete;
  TestPeer& operator=(const TestPeer&) = delete;

  // Connects to a port of this machine.
  static std::unique_ptr<TestPeer> connect(int port) {
    auto peer = std::make_unique<TestPeer>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = loopback_address(port);
    if (::connect(peer->fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return nullptr;
    return peer;
  }

  // False if the other side is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Empty at the end of the stream.
  std::string receive() {
    std::string out(64u << 10, '\0');
    out.resize(static_cast<size_t>(std::max<ssize_t>(0, ::recv(fd_, out.data(), out.size(), 0))));
    return out;
  }

  std::string receive_all() {
    std::string out;
    for (std::string piece = receive(); !piece.empty(); piece = receive()) out += piece;
    return out;
  }

  void shut_down() { ::shutdown(fd_, SHUT_RDWR); }

 private:
  const int fd_;
};

struct TestRequest {
  std::string method;
  std::string target;
  std::string head;  // request line and headers, with the empty line
  std::string body;
};

class TestServer {
 public:
  // Sends the answer, whole or not. Afterwards the connection is closed, unless it returns true. Runs on a
  // thread of each connection's own.
  using Handler = std::function<bool(const TestRequest&, TestPeer&)>;

  explicit TestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at = loopback_address(0);
    ASSERT(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    ASSERT(::listen(listener_, 64) == 0);
    socklen_t size = sizeof at;
    ASSERT(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }

  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (TestPeer* const peer : open_) peer->shut_down();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }
  int connections() const { return connections_; }

 private:
  void accept() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    TestPeer peer(fd);
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(&peer);
    }
    std::string rest;
    while (const auto request = read_request(peer, rest)) {
      ++requests_;
      if (!handler_(*request, peer)) break;
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, &peer);
  }

  static std::optional<TestRequest> read_request(TestPeer& peer, std::string& rest) {
    const auto more = [&] {
      const std::string piece = peer.receive();
      rest += piece;
      return !piece.empty();
    };
    size_t end;
    while ((end = rest.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    TestRequest out;
    out.head = rest.substr(0, end + 4);
    const size_t space = out.head.find(' ');
    out.method = out.head.substr(0, space);
    out.target = out.head.substr(space + 1, out.head.find(' ', space + 1) - space - 1);
    std::string lower = out.head;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const size_t length = lower.find("\r\ncontent-length:");
    const size_t size =
        length == std::string::npos ? 0 : std::strtoull(lower.c_str() + length + 17, nullptr, 10);
    rest.erase(0, end + 4);
    while (rest.size() < size) {
      if (!more()) return {};
    }
    out.body = rest.substr(0, size);
    rest.erase(0, size);
    return out;
  }

  const Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> threads_;  // the acceptor's until it has ended
  std::mutex mutex_;
  std::vector<TestPeer*> open_;
  std::atomic<int> requests_ = 0;
  std::atomic<int> connections_ = 0;
};

inline std::string http_answer(const std::string& status, std::string_view body,
                               const std::string& headers = {}) {
  return "HTTP/1.1 " + status + "\r\n" + headers + "content-length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace symphony
