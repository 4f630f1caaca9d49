// A connection while it speaks HTTP: health, metrics, the static pages, and the door to rooms.
#pragma once

#include <memory>
#include <string>

#include "server/http.h"
#include "server/shard.h"

namespace symphony {

class HttpSession final : public Session {
 public:
  HttpSession(Shard& shard, uint64_t id, std::unique_ptr<io::Socket> socket, Admission::Ticket ticket);

  // Begins: reads requests, or says why the connection is refused.
  void start();

  void on_read(Bytes bytes) override;
  void on_backlog(size_t queued_bytes) override;
  void on_end(const std::string& why) override;
  void on_tick(Time now) override;
  void on_drain() override;
  size_t queued_bytes() const override { return connection_->queued_bytes(); }

 private:
  enum class State : uint8_t {
    kReading,   // a request's head
    kWaiting,   // for an answer from elsewhere; the socket is not read
    kFinished,  // the last response is queued; what still comes in is dropped until the client hangs up
  };

  void process();
  void handle(const HttpRequest& request);
  void upgrade(const HttpRequest& request);
  void show_metrics();
  void show_readiness();
  // Answers what the session waits for, unless it has been answered already.
  void answer(uint64_t wait, HttpResponse response);
  uint64_t begin_wait();
  void respond(HttpResponse response);
  void finish();

  Shard& shard_;
  const uint64_t id_;
  Admission::Ticket ticket_;
  std::unique_ptr<io::Connection> connection_;
  std::string received_;
  size_t searched_ = 0;  // of received_, for the end of the head
  Time deadline_;        // of the present state
  Time progress_;        // when the client last took some of what is queued
  uint64_t wait_ = 0;    // counts answers waited for
  State state_ = State::kReading;
  bool keep_alive_ = true;  // as the request at hand wants it
  bool head_only_ = false;
};

}  // namespace symphony
