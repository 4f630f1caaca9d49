// What the tests of a running server share: the server, two kinds of client, and Yjs messages made by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/running_server.h"
#include "cli/stores.h"
#include "protocol/websocket.h"
#include "storage/memory/memory_store.h"

namespace symphony::test {

using namespace std::chrono_literals;

// How long anything may take before a test fails: sanitizers and a busy machine are slow.
inline constexpr auto kPatience = 20s;

// A folder that goes away with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path path;
};

// A server on a free port. Options may be changed before start().
class TestServer {
 public:
  TestServer();

  void start();
  // Drains and ends; whether everything was stored.
  bool drain();
  uint16_t port() const { return running_->port(); }
  // The value of a metric's line, `name` with its labels; 0 if there is none.
  double metric(const std::string& name) const;

  ServerOptions options;
  size_t loops = 2;
  std::string data = ":memory:";
  std::unique_ptr<Store> store;  // used instead of `data` if set
  std::string www;

 private:
  std::unique_ptr<RunningServer> running_;
};

// A WebSocket client by Boost.Beast. Every call fails the test when it takes longer than kPatience.
class Client {
 public:
  struct Options {
    std::string subprotocols;
    int receive_buffer = 0;  // of the socket; 0: the system's
  };
  Client(uint16_t port, const std::string& target);
  Client(uint16_t port, const std::string& target, const Options& options);
  ~Client();

  bool open() const;                // the upgrade was accepted
  unsigned status() const;          // of the answer to the upgrade
  std::string subprotocol() const;  // the one that the server chose
  std::string body() const;         // of a refusal

  void send(const Buffer& message);
  void send_text(const std::string& text);
  void send_ping();
  // The next whole message; nothing: the connection has ended (see close_code).
  std::optional<Buffer> receive();
  // Reads messages until `wanted` is one of them; false: the connection ended before.
  bool receive_until(const Buffer& wanted);
  // Reads messages until one says that `client` has the state `json` ("null": it has left).
  bool receive_presence(uint64_t client, const std::string& json);
  // Reads and drops messages until the server has closed.
  void drain();
  void close();

  uint16_t close_code() const;
  std::string close_reason() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A plain TCP client that sends what it is told and reads what comes.
class RawClient {
 public:
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False: the connection is broken.
  bool send(std::string_view bytes);
  bool send(const Buffer& bytes) {
    return send(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  // Everything up to the end of the connection.
  std::string read_all();
  // Up to and with `until`, or up to the end.
  std::string read_until(std::string_view until);
  // Sends an upgrade to `room` and reads the 101.
  void upgrade(const std::string& room);
  // After upgrade(): reads frames up to the close frame; its code, or 0 if the connection ended without one.
  uint16_t read_close(std::string* reason = nullptr);

 private:
  int fd_;
  std::string rest_;  // read, not yet given out
};

// One HTTP exchange on a connection of its own: head and body.
std::string http(uint16_t port, const std::string& request);
std::string http_get(uint16_t port, const std::string& target);

// An upgrade request by hand.
std::string upgrade_request(const std::string& target, const std::string& version = "13",
                            const std::string& key = "dGhlIHNhbXBsZSBub25jZQ==");

// A Yjs update: client `client` inserts `text` at the start of the root text "t", at its clock `clock`.
Buffer text_update(uint64_t client, uint64_t clock, const std::string& text);

Buffer sync_step1_empty();  // asks for everything
Buffer sync_step2(const Buffer& update);
Buffer update_message(const Buffer& update);
Buffer awareness_message(uint64_t client, uint64_t clock, const std::string& json);

// Connects to a room, exchanges first syncs as a provider does, and has read the server's step 2 when it
// returns.
std::unique_ptr<Client> join(uint16_t port, const std::string& target);

// Waits until `condition` holds.
void eventually(const std::function<bool()>& condition, const char* what);

}  // namespace symphony::test
