// What one event loop owns: its connections, its rooms, its counters. Everything here runs on that loop.
//
// A connection begins as HTTP on the loop it was dealt to. A WebSocket then moves to the loop that owns its
// room.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/loop.h"
#include "server/admission.h"
#include "server/metrics.h"
#include "server/options.h"
#include "server/room_host.h"

namespace symphony {

class Shard;
class StaticFiles;

// One connection in its present role.
class Session : public io::ConnectionHandler {
 public:
  // About once a second.
  virtual void on_tick(Time now) = 0;
  // The server drains: idle connections end now, others when what they do is done.
  virtual void on_drain() = 0;
  virtual size_t queued_bytes() const = 0;
};

// A WebSocket on its way to the loop that owns its room.
struct Upgraded {
  std::unique_ptr<io::Socket> socket;
  Admission::Ticket ticket;
  std::string room;
  PeerOptions options;
  Buffer response;  // the 101
  Buffer rest;      // what the client sent after its head
};

// What shards need of each other and of the process. Any thread, except where a function says otherwise.
class ServerServices {
 public:
  virtual ~ServerServices() = default;
  virtual const ServerOptions& options() const = 0;
  virtual const StaticFiles& files() const = 0;
  virtual bool draining() const = 0;

  // To the loop that owns the room. If it cannot take the connection, it is closed.
  virtual void hand_over(Upgraded upgraded) = 0;

  // Answers come on the asking shard's loop.
  virtual void collect_metrics(Shard& asking, std::function<void(std::string)> done) = 0;
  virtual void check_ready(Shard& asking, std::function<void(Result<void>)> done) = 0;
};

class Shard {
 public:
  Shard(size_t index, io::Loop& loop, ServerServices& services, StoreQueue& store, size_t rooms_max,
        uint64_t seed);
  ~Shard();

  size_t index() const { return index_; }
  io::Loop& loop() { return loop_; }
  ServerServices& services() { return services_; }
  RoomHost& rooms() { return rooms_; }
  LoopMetrics& counters() { return counters_; }

  // A new connection. A ticket that was refused: it is told so and closed.
  void accept(std::unique_ptr<io::Socket> socket, Admission::Ticket ticket);

  void adopt(Upgraded upgraded);

  // Ends all HTTP, closes all rooms. `stored` when everything is stored; `ended` when after that the last
  // client has heard so and hung up, which the caller need not wait for: a process that ends at once resets
  // connections on which something is still under way, and their clients would not learn why.
  void drain(std::function<void()> stored, std::function<void()> ended);

  LoopMetrics metrics() const;

  // Sessions end themselves by this, from any place: they are destroyed at the end of the turn.
  void retire(uint64_t session);

  // Runs `task` at the end of the turn if the session is still there.
  void defer_for(uint64_t session, std::function<void(Session&)> task);

  Session* find(uint64_t session);
  size_t sessions() const { return sessions_.size(); }

 private:
  void tick();
  void end_if_empty();

  const size_t index_;
  io::Loop& loop_;
  ServerServices& services_;
  LoopMetrics counters_;
  RoomHost rooms_;
  std::unordered_map<uint64_t, std::unique_ptr<Session>> sessions_;
  std::vector<uint64_t> retired_;  // destroyed at the end of the turn
  uint64_t next_session_ = 1;
  std::function<void()> ended_;  // set once a drain has stored everything
  std::unique_ptr<io::Timer> ticker_;
  Time next_tick_;
};

}  // namespace symphony
