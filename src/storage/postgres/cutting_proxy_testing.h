// A proxy in front of a Postgres that cuts the connection in the middle of a chosen message, of either
// direction, or swallows everything: what a network does to us. A message is one of Postgres's protocol, so
// that a cut falls before and after each step of a call: before it is executed, between that and the sync,
// which commits, and before each part of the answer. Messages that stand between the same steps as their
// neighbours are not counted.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "storage/postgres/postgres_server_testing.h"

namespace symphony {

class CuttingProxy {
 public:
  explicit CuttingProxy(const PostgresServer& server)
      : upstream_(server.folder() + ".s.PGSQL." + std::to_string(server.port())),
        listener_(listen_at(folder_.file(".s.PGSQL.5432"))),
        thread_([this] { run(); }) {}
  ~CuttingProxy() {
    stopping_ = true;
    thread_.join();
    close(listener_);
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  std::string conninfo(const std::string& database) const {
    return "host=" + folder_.file("") + " port=5432 user=symphony dbname=" + database;
  }

  // The n-th message from now on, from 1, arrives by half, and then nothing; 0: none.
  void cut_at(uint64_t n) {
    left_ = static_cast<int64_t>(n);
    cut_ = false;
  }
  bool has_cut() const { return cut_; }
  // Connections stay open, and nothing passes.
  void swallow(bool on) { swallowing_ = on; }

 private:
  struct Side {
    int fd = -1;
    std::string_view counted = {};  // the types of messages that count
    bool first = false;             // the client's first message has no type, and counts
    std::string waiting = {};
  };
  struct Pair {
    Side client, server;
  };

  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) std::abort();
    path.copy(address.sun_path, path.size());
    return address;
  }
  static int listen_at(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(path);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(fd, 64) != 0) {
      std::abort();
    }
    return fd;
  }

  void run() {
    std::list<Pair> pairs;
    while (!stopping_) {
      std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
      for (const Pair& pair : pairs) {
        polled.push_back({pair.client.fd, POLLIN, 0});
        polled.push_back({pair.server.fd, POLLIN, 0});
      }
      poll(polled.data(), polled.size(), 10);
      size_t at = 1;
      for (auto pair = pairs.begin(); pair != pairs.end(); at += 2) {
        const bool open = (polled[at].revents == 0 || pass(pair->client, pair->server.fd)) &&
                          (polled[at + 1].revents == 0 || pass(pair->server, pair->client.fd));
        if (open) {
          ++pair;
        } else {
          shut(*pair);
          pair = pairs.erase(pair);
        }
      }
      if (polled[0].revents != 0) accept_one(pairs);
    }
    for (Pair& pair : pairs) shut(pair);
  }

  void accept_one(std::list<Pair>& pairs) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(upstream_);
    // Query, Parse, Execute, Sync; DataRow, CommandComplete, ErrorResponse, ReadyForQuery.
    pairs.push_back({{client, "QPES", true}, {server, "DCEZ", false}});
    if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      shut(pairs.back());
      pairs.pop_back();
    }
  }

  static void shut(const Pair& pair) {
    close(pair.client.fd);
    close(pair.server.fd);
  }

  // Passes on the whole messages that have come; false to close both sides.
  bool pass(Side& from, int to) {
    char buffer[65536];
    const ssize_t got = recv(from.fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    if (swallowing_) return true;
    from.waiting.append(buffer, static_cast<size_t>(got));
    size_t at = 0;
    for (;;) {
      const size_t type = from.first ? 0 : 1;
      if (from.waiting.size() < at + type + 4) break;
      size_t size = 0;
      for (size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>(from.waiting[at + type + i]);
      size += type;
      if (from.waiting.size() < at + size) break;
      const bool counted = from.first || from.counted.find(from.waiting[at]) != std::string_view::npos;
      const bool last = counted && left_ > 0 && --left_ == 0;
      if (!send_all(to, from.waiting.data() + at, last ? size / 2 : size) || last) {
        cut_ = cut_ || last;
        return false;
      }
      from.first = false;
      at += size;
    }
    from.waiting.erase(0, at);
    return true;
  }

  static bool send_all(int fd, const char* data, size_t size) {
    for (ssize_t sent = 0; size > 0; data += sent, size -= static_cast<size_t>(sent)) {
      sent = send(fd, data, size, MSG_NOSIGNAL);
      if (sent <= 0) return false;
    }
    return true;
  }

  TemporaryFolder folder_;
  const std::string upstream_;
  const int listener_;
  std::atomic<bool> stopping_ = false, swallowing_ = false, cut_ = false;
  std::atomic<int64_t> left_ = 0;
  std::thread thread_;
};

}  // namespace symphony
