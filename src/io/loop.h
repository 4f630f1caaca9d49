// The outside world as the shells see it: threads that run tasks, clocks, timers, and TCP.
//
//   Executor   runs tasks one after another; post() is the only door in from other threads
//   Loop       an Executor with timers and sockets; everything it hands out lives and calls back on its
//   thread Socket     an accepted connection that belongs to no loop yet, on its way to the loop that will
//   own it Connection a Socket that a Loop serves
//
// io/posix implements this with Boost.Asio; a simulated world can implement it without threads or a kernel.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/shared_buffer.h"
#include "base/time.h"
#include "io/task.h"
#include "symphony/types.h"

namespace symphony::io {

// Runs tasks in the order of their posting, never two at once.
class Executor {
 public:
  virtual ~Executor() = default;

  // Any thread.
  virtual Time now() const = 0;

  // Any thread. The mailbox is bounded: false means that it is full and `task` is still the caller's. An
  // executor that has stopped takes tasks and drops them.
  virtual bool post(Task&& task) = 0;
};

// Fires once for each set(). Destroying or cancelling it from its own callback is fine.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual void set(Time at) = 0;  // replaces an earlier set(); a time that has passed fires on the next turn
  virtual void cancel() = 0;
};

class Socket {
 public:
  virtual ~Socket() = default;  // closes the connection if no Loop has taken it
  virtual const std::string& remote_ip() const = 0;
};

// What happens on a connection. Any of these may destroy the Connection.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;

  // `bytes` are valid during the call only.
  virtual void on_read(Bytes bytes) = 0;

  // After a turn in which the queue has changed while the socket does not take all of it: `queued_bytes` are
  // left. 0: the queue has become empty. Not called as long as every write goes through at once.
  virtual void on_backlog(size_t queued_bytes) = 0;

  // The client closed its side or the connection broke; nothing more will be read or called.
  virtual void on_end(const std::string& why) = 0;
};

// A connection served by a loop; used on the loop's thread only. Its callbacks come from the loop, never from
// inside a call of its own. Destroying it closes the connection and drops what is queued.
class Connection {
 public:
  virtual ~Connection() = default;

  // Queues bytes. All that is queued during one turn of the loop leaves in one system call.
  virtual void send(SharedBuffer bytes) = 0;

  // Bytes not yet taken by the socket, and bytes that it has taken so far.
  virtual size_t queued_bytes() const = 0;
  virtual uint64_t sent_bytes() const = 0;

  // Reading is off at first. While it is off the client is slowed by TCP itself, and its leaving goes
  // unnoticed.
  virtual void set_reading(bool on) = 0;

  // Half-close: our end of the stream follows what is queued. Reading goes on, so that a client in the middle
  // of sending can still read what it was told.
  virtual void finish() = 0;

  // Takes the socket away from this loop. Nothing may be queued. The Connection is then of no use.
  virtual std::unique_ptr<Socket> release() = 0;

  virtual const std::string& remote_ip() const = 0;
};

// Accepts until destroyed.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual uint16_t port() const = 0;
};

class Loop : public Executor {
 public:
  using OnAccept = std::function<void(std::unique_ptr<Socket>)>;

  // The functions below: the loop's thread only, or before it runs.

  // Runs `task` at the end of the current turn: after the events at hand, before queued bytes are written.
  virtual void defer(Task&& task) = 0;

  virtual std::unique_ptr<Timer> make_timer(std::function<void()> on_fire) = 0;

  // Takes a socket; `handler` outlives the Connection.
  virtual std::unique_ptr<Connection> attach(std::unique_ptr<Socket> socket, ConnectionHandler& handler) = 0;

  // Listens on host (a numeric address or a name) and port (0: any free one). The error says what to do.
  virtual Result<std::unique_ptr<Listener>> listen(const std::string& host, uint16_t port,
                                                   OnAccept on_accept) = 0;
};

}  // namespace symphony::io
