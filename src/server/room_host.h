// The rooms of one loop: finds or makes a room for each peer, feeds it events and carries out its effects.
//
//   peers --messages--> Room --effects--> peers (Send, Close), StoreQueue (Load, Append, Compact, Gone),
//                                         the heap of deadlines
//   what is stored comes back through StoreClient on this loop
//
// One timer serves all rooms: their deadlines are rounded up to a grid, so that many rooms with a tick of
// milliseconds wake the loop once.
#pragma once

#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/loop.h"
#include "room/room.h"
#include "server/metrics.h"
#include "server/options.h"
#include "server/store_queue.h"

namespace symphony {

// A peer's connection, as its room's host sees it. It never calls the host back from inside these.
class PeerConnection {
 public:
  virtual ~PeerConnection() = default;
  virtual void send(SharedBuffer frame) = 0;
  // The room is done with the peer; the host has forgotten it.
  virtual void close(uint16_t code, const std::string& reason) = 0;
  // True: give the host no messages of this peer until false comes.
  virtual void hold(bool on) = 0;
};

class RoomHost final : public StoreClient {
 public:
  // `rooms_max` is this loop's share. All references outlive the host.
  RoomHost(io::Loop& loop, StoreQueue& store, const ServerOptions& options, size_t rooms_max, uint64_t seed,
           LoopMetrics& metrics);
  ~RoomHost() override;

  // A peer joins; `peer` is never used again after it has left. kUnavailable: this server has no room for
  // another room, or drains.
  Result<void> join(const std::string& room, PeerId peer, PeerConnection& connection,
                    const PeerOptions& options);

  // Its connection has ended. Unknown peers are ignored.
  void leave(PeerId peer);

  // One whole binary message. An error: the host has forgotten the peer; the caller tells it why.
  Result<void> message(PeerId peer, Bytes bytes);

  // The peer's queue went over its bound or came back under it.
  void backlog(PeerId peer, bool over);

  // Closes all rooms; `done` runs when everything is stored and every room is gone. No one can join any more.
  void drain(std::function<void()> done);

  // The process's lease had run out: every room asks the store whether it is still ours.
  void on_lease_lapsed();

  // Once a second or so: hands over what is written in the background, and gives back freed memory.
  void on_tick();

  // Rooms that are not gone yet, and what is not durable yet: for the log line of a drain that took too long.
  size_t rooms() const { return rooms_.size(); }

  // The numbers of the rooms, those that are gone included.
  void add_metrics(LoopMetrics& to) const;

  void on_loaded(uint64_t room_key, const RoomName& room, Loaded loaded) override;
  void on_stored(uint64_t room_key, StoreToken token, Result<void> outcome) override;
  void on_compacted(uint64_t room_key, StoreToken token, Result<size_t> state_bytes) override;

 private:
  struct Hosted;
  struct Member {
    Hosted* hosted;
    PeerConnection* connection;
  };
  struct Deadline {
    Time at;
    uint64_t room_key;
    bool operator>(const Deadline& other) const { return at > other.at; }
  };

  Hosted* find(uint64_t room_key);
  Hosted* find_or_make(const std::string& room);
  void settle(Hosted& hosted);  // carries out effects; the room may be gone afterwards
  void carry_out(Hosted& hosted, Effect& effect);
  void erase(Hosted& hosted);
  void schedule(Hosted& hosted);
  void on_timer();
  void hold(Hosted& hosted, PeerId peer, PeerConnection& connection);
  void release_held(Hosted& hosted);
  void submit_appends();
  void release(const RoomName& room, uint64_t epoch);
  std::vector<uint64_t> room_keys() const;
  void log_failure(const Hosted& hosted, const char* what, const Error& error);

  io::Loop& loop_;
  StoreQueue& store_;
  const ServerOptions& options_;
  const size_t rooms_max_;
  uint64_t next_seed_;
  LoopMetrics& metrics_;
  std::unique_ptr<io::Timer> timer_;
  Time timer_at_ = kNever;
  uint64_t next_key_ = 1;
  std::unordered_map<uint64_t, std::unique_ptr<Hosted>> rooms_;
  std::unordered_map<std::string_view, Hosted*> by_name_;  // keys are the rooms' own names
  std::unordered_map<PeerId, Member> members_;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  std::vector<AppendCall> appends_;            // of this turn of the loop
  std::vector<ConnectionRecord> connections_;  // since the last tick
  // Rooms that are gone and not released, with their epochs; 0: a failed take may have left them to us.
  std::vector<std::pair<RoomName, uint64_t>> unreleased_;
  RoomStats gone_;  // counters of rooms that are gone
  std::function<void()> drained_;
  bool draining_ = false;
  bool freed_ = false;  // since the last tick, documents were destroyed or laid to rest
  Time next_failure_line_{};
};

}  // namespace symphony
