// A WebSocket in a room: frames in, messages to the room, frames out, signs of life, the closing handshake.
//
//   open --close() or the client's close frame--> closing --the client hangs up, or close_timeout--> retired
//     +---- the connection ends --------------------------------------------------------------------^
#pragma once

#include <memory>
#include <string>

#include "protocol/websocket.h"
#include "server/shard.h"

namespace symphony {

class WebSocketSession final : public Session, public PeerConnection {
 public:
  // `id` is the peer's id in its room.
  WebSocketSession(Shard& shard, uint64_t id, std::unique_ptr<io::Socket> socket, Admission::Ticket ticket);

  // Answers the handshake, joins the room and reads what came with it.
  void start(Upgraded& upgraded);

  void on_read(Bytes bytes) override;
  void on_backlog(size_t queued_bytes) override;
  void on_end(const std::string& why) override;
  void on_tick(Time now) override;
  void on_drain() override {}  // the room closes its peers
  size_t queued_bytes() const override { return connection_->queued_bytes(); }

  void send(SharedBuffer frame) override;
  void close(uint16_t code, const std::string& reason) override;
  void hold(bool on) override;

 private:
  void process();
  // Whether messages may be handed to the room.
  bool flowing() const { return closing_since_ == kNever && !held_ && !throttled_; }
  void resume();
  void handle(const ws::Message& message);
  // Tells the client why and closes; the room forgets it.
  void refuse(uint16_t code, const std::string& reason);
  void finish(Buffer close_frame, const std::string& counted_as);

  Shard& shard_;
  const uint64_t id_;
  Admission::Ticket ticket_;
  std::unique_ptr<io::Connection> connection_;
  ws::FrameParser parser_;
  Time heard_;               // when the client last sent anything
  Time progress_ = kNever;   // when the client last took some of its backlog; kNever: it has none
  uint64_t sent_bytes_ = 0;  // by then
  Time pinged_at_ = kNever;  // since heard_
  Time closing_since_ = kNever;
  size_t messages_ = 0;     // since the last tick
  bool held_ = false;       // by the room
  bool throttled_ = false;  // until the next tick
  bool muted_ = false;      // held or throttled with much read ahead: the socket is not read
  bool over_ = false;       // the room knows that the queue is over its bound
};

}  // namespace symphony
