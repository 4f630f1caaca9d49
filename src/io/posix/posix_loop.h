// Loop on one Boost.Asio io_context. Private to this folder.
//
// Asio says when a socket is ready and keeps the time; reading and writing are plain recv and sendmsg, so
// that all connections of a loop share one read buffer and everything queued in a turn leaves in one call.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "io/posix/mailbox.h"
#include "io/posix/threads.h"

namespace symphony::io::posix {

class ConnectionCore;

class PosixLoop final : public Loop {
 public:
  explicit PosixLoop(const LoopOptions& options);
  ~PosixLoop() override;

  void run();
  void stop();  // any thread

  Time now() const override;
  bool post(Task&& task) override;
  void defer(Task&& task) override;
  std::unique_ptr<Timer> make_timer(std::function<void()> on_fire) override;
  std::unique_ptr<Connection> attach(std::unique_ptr<Socket> socket, ConnectionHandler& handler) override;
  Result<std::unique_ptr<Listener>> listen(const std::string& host, uint16_t port,
                                           OnAccept on_accept) override;

  boost::asio::io_context& context() { return context_; }
  Buffer& read_buffer() { return read_buffer_; }
  // `core` has queued something: it is flushed at the end of the turn.
  void flush_later(std::shared_ptr<ConnectionCore> core) { to_flush_.push_back(std::move(core)); }

 private:
  void drain_mailbox();
  void end_turn();

  const LoopOptions options_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::atomic<bool> stopping_ = false;
  Mailbox mailbox_;
  std::vector<Task> posted_;  // taken from the mailbox; capacity is reused
  std::vector<Task> deferred_;
  std::vector<Task> running_;  // of deferred_
  std::vector<std::shared_ptr<ConnectionCore>> to_flush_;
  std::vector<std::shared_ptr<ConnectionCore>> flushing_;
  Buffer read_buffer_;
};

}  // namespace symphony::io::posix
