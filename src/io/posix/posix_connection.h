// Connections of a PosixLoop. Private to this folder.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <vector>

#include "io/loop.h"

namespace symphony::io::posix {

class PosixLoop;

// Owns an accepted file descriptor.
class PosixSocket final : public Socket {
 public:
  PosixSocket(int fd, bool v6, std::string remote_ip) : fd_(fd), v6_(v6), remote_ip_(std::move(remote_ip)) {}
  ~PosixSocket() override;
  PosixSocket(const PosixSocket&) = delete;
  PosixSocket& operator=(const PosixSocket&) = delete;

  const std::string& remote_ip() const override { return remote_ip_; }
  bool v6() const { return v6_; }
  int take_fd();

 private:
  int fd_;
  bool v6_;
  std::string remote_ip_;
};

// The part of a connection that outlives it while an operation of the kernel is pending.
class ConnectionCore : public std::enable_shared_from_this<ConnectionCore> {
 public:
  ConnectionCore(PosixLoop& loop, PosixSocket& socket, ConnectionHandler& handler);

  void send(SharedBuffer bytes);
  size_t queued_bytes() const { return queued_bytes_; }
  uint64_t sent_bytes() const { return sent_bytes_; }
  void set_reading(bool on);
  void finish();
  void close();
  std::unique_ptr<Socket> release();
  const std::string& remote_ip() const { return remote_ip_; }

  // Writes what is queued, as far as the socket takes it. Called by the loop at the end of a turn.
  void flush();

 private:
  void arm_read();
  void read();
  void arm_write();
  void flush_soon();
  bool write_some();  // false: the connection is broken and the handler has been told
  void end(const std::string& why);
  void consume(size_t bytes);

  PosixLoop& loop_;
  ConnectionHandler* handler_;  // null once it must not be called any more
  boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type> socket_;
  std::string remote_ip_;
  std::vector<SharedBuffer> queue_;  // from front_ on; empty slots before
  size_t front_ = 0;
  size_t front_offset_ = 0;  // bytes of the front buffer that have been taken
  size_t queued_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
  bool v6_;
  bool reading_ = false;        // wanted
  bool read_armed_ = false;     // a wait for readability is pending
  bool write_armed_ = false;    // the socket is full; a wait for writability is pending
  bool backlogged_ = false;     // the handler was told that bytes are left
  bool flush_planned_ = false;  // the loop will flush at the end of the turn
  bool finishing_ = false;      // shut down our side once the queue is empty
};

std::unique_ptr<Connection> attach_connection(PosixLoop& loop, PosixSocket& socket,
                                              ConnectionHandler& handler);

}  // namespace symphony::io::posix
