// One person at a keyboard: a WebSocket connection that speaks y-websocket, without blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "protocol/websocket.h"
#include "symphony/types.h"

namespace symphony::bench {

// What a user tells its owner.
struct UserEvents {
  std::function<void()> on_synced;              // the server answered sync step 1
  std::function<void(Bytes update)> on_update;  // a document update; the view is valid during the call
  std::function<void(size_t bytes)> on_presence;
  std::function<void(uint64_t messages)> on_durable =
      {};  // so many of its document messages are stored (acks=1)
};

// Owns its socket. The owner watches `fd()` and calls on_readable and on_writable; everything is
// non-blocking, and what the socket does not take waits in memory, as in a browser.
class User {
 public:
  User(UserEvents events, uint64_t seed) : events_(std::move(events)), prng_(seed), parser_(options()) {}
  ~User();
  User(const User&) = delete;
  User& operator=(const User&) = delete;

  // Starts connecting to 127.0.0.1:port and asks for `path`.
  Result<void> connect(uint16_t port, std::string_view path);

  int fd() const { return fd_; }
  bool wants_write() const { return !out_.empty(); }

  // An error: the connection is lost or the server broke the protocol.
  Result<void> on_readable();
  Result<void> on_writable();

  Result<void> send_update(Bytes update);
  void queue_update(Bytes update);  // goes out with the next on_writable()
  Result<void> send_presence(uint64_t client, uint64_t clock, std::string_view state);

 private:
  static ws::ParserOptions options();
  Result<void> send_message(Bytes message);
  void queue_message(Bytes message);
  Result<void> read_upgrade(Bytes bytes);
  Result<void> read_messages();
  Result<void> on_message(Bytes message);

  UserEvents events_;
  Prng prng_;
  ws::FrameParser parser_;
  int fd_ = -1;
  bool upgraded_ = false;
  bool synced_ = false;
  std::string upgrade_;  // the answer to the upgrade request, until it is complete
  Buffer out_;           // framed, not taken by the socket yet
  size_t sent_ = 0;      // of out_
};

}  // namespace symphony::bench
