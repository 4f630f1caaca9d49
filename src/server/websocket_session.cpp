#include "server/websocket_session.h"

#include "base/code_table.h"
#include "server/log.h"

namespace symphony {
namespace {

// Read ahead of a client that is held or throttled: most then fall silent, and those that hang up are
// noticed.
constexpr size_t kReadAheadBytesMax = 64u << 10;

const SharedBuffer& ping_frame() {
  static const SharedBuffer frame = share(ws::frame(ws::Opcode::kPing, {}));
  return frame;
}

ws::ParserOptions parser_options(const ServerOptions& options) {
  ws::ParserOptions parser;
  parser.message_bytes_max = options.message_bytes_max;
  return parser;
}

}  // namespace

WebSocketSession::WebSocketSession(Shard& shard, uint64_t id, std::unique_ptr<io::Socket> socket,
                                   Admission::Ticket ticket)
    : shard_(shard),
      id_(id),
      ticket_(std::move(ticket)),
      connection_(shard.loop().attach(std::move(socket), *this)),
      parser_(parser_options(shard.services().options())),
      heard_(shard.loop().now()) {}

void WebSocketSession::start(Upgraded& upgraded) {
  ++shard_.counters().websockets_opened;
  connection_->send(share(std::move(upgraded.response)));
  connection_->set_reading(true);
  const auto joined = shard_.rooms().join(upgraded.room, id_, *this, upgraded.options);
  if (!joined) return refuse(row_of(joined.error().code).close_code, joined.error().message);
  if (!upgraded.rest.empty()) on_read(upgraded.rest);
}

void WebSocketSession::on_read(Bytes bytes) {
  heard_ = shard_.loop().now();
  pinged_at_ = kNever;
  if (closing_since_ != kNever) return;
  shard_.counters().received_bytes += bytes.size();
  parser_.feed(bytes);
  process();
  if (!flowing() && closing_since_ == kNever && parser_.buffered_bytes() > kReadAheadBytesMax) {
    muted_ = true;
    connection_->set_reading(false);
  }
}

void WebSocketSession::process() {
  while (flowing()) {
    const auto next = parser_.next();
    if (!next) return refuse(parser_.close_code(), next.error().message);
    if (!*next) return;
    handle(**next);
    if (++messages_ == shard_.services().options().messages_per_second_max) {
      throttled_ = true;
      ++shard_.counters().throttles;
    }
  }
}

void WebSocketSession::handle(const ws::Message& message) {
  switch (message.opcode) {
    case ws::Opcode::kBinary: {
      ++shard_.counters().messages_received;
      const auto taken = shard_.rooms().message(id_, message.payload);
      if (!taken) refuse(row_of(taken.error().code).close_code, taken.error().message);
      return;
    }
    case ws::Opcode::kText:
      return refuse(ws::kUnsupportedData,
                    "rooms speak binary messages (the y-websocket protocol); this one is text");
    case ws::Opcode::kPing:
      // A client that takes nothing needs no more answers.
      if (connection_->queued_bytes() < shard_.services().options().backlog_high_bytes) {
        connection_->send(share(ws::frame(ws::Opcode::kPong, message.payload)));
      }
      return;
    case ws::Opcode::kClose: {
      const uint16_t code = message.close_code == 1005 ? uint16_t{ws::kNormal} : message.close_code;
      shard_.rooms().leave(id_);
      return finish(ws::frame_close(code, ""), "client");
    }
    case ws::Opcode::kPong:
    case ws::Opcode::kContinuation:
      return;
  }
}

void WebSocketSession::send(SharedBuffer frame) {
  if (closing_since_ == kNever) connection_->send(std::move(frame));
}

void WebSocketSession::hold(bool on) {
  held_ = on;
  if (!on) shard_.defer_for(id_, [](Session& session) { static_cast<WebSocketSession&>(session).resume(); });
}

void WebSocketSession::resume() {
  if (!flowing()) return;
  if (std::exchange(muted_, false)) {
    connection_->set_reading(true);
    heard_ = shard_.loop().now();  // it could not be heard until now
    pinged_at_ = kNever;
  }
  process();
}

void WebSocketSession::close(uint16_t code, const std::string& reason) {
  if (closing_since_ != kNever) return;
  if (log_enabled(LogLevel::kDebug)) {
    log_line(LogLevel::kDebug, "closing a client code=" + std::to_string(code) +
                                   " reason=" + in_quotes(reason) + " ip=" + connection_->remote_ip());
  }
  finish(ws::frame_close(code, reason), std::to_string(code));
}

void WebSocketSession::refuse(uint16_t code, const std::string& reason) {
  shard_.rooms().leave(id_);
  close(code, reason);
}

void WebSocketSession::finish(Buffer close_frame, const std::string& counted_as) {
  ++shard_.counters().websocket_closes[counted_as];
  connection_->send(share(std::move(close_frame)));
  connection_->finish();
  // What the client was sending when it was closed is read and dropped: unread bytes would reset the
  // connection before it has read the reason.
  connection_->set_reading(true);
  closing_since_ = shard_.loop().now();
}

void WebSocketSession::on_backlog(size_t queued_bytes) {
  const ServerOptions& options = shard_.services().options();
  const bool begins = progress_ == kNever;
  if (queued_bytes == 0) {
    progress_ = kNever;
  } else if (begins || connection_->sent_bytes() != sent_bytes_) {
    progress_ = shard_.loop().now();
  }
  sent_bytes_ = connection_->sent_bytes();
  if (closing_since_ != kNever) return;
  if (!over_ && queued_bytes > options.backlog_high_bytes) {
    over_ = true;
    ++shard_.counters().backlogs;
    shard_.rooms().backlog(id_, true);
  } else if (over_ && queued_bytes <= options.backlog_low_bytes) {
    over_ = false;
    shard_.rooms().backlog(id_, false);
  }
}

void WebSocketSession::on_end(const std::string& why) {
  if (closing_since_ == kNever) {
    if (log_enabled(LogLevel::kDebug)) {
      log_line(LogLevel::kDebug, "a client is gone: " + why + " ip=" + connection_->remote_ip());
    }
    ++shard_.counters().websocket_closes["lost"];
    shard_.rooms().leave(id_);
  }
  shard_.retire(id_);
}

void WebSocketSession::on_tick(Time now) {
  const ServerOptions& options = shard_.services().options();
  if (closing_since_ != kNever) {
    if (now - closing_since_ >= options.close_timeout) shard_.retire(id_);
    return;
  }
  messages_ = 0;
  if (std::exchange(throttled_, false)) resume();
  if (progress_ != kNever && now - progress_ >= options.stuck_timeout) {
    return refuse(ws::kTryAgainLater, "the connection takes nothing of what is sent; reconnect to catch up");
  }
  if (muted_) return;  // its silence is our doing
  if (pinged_at_ != kNever && now - pinged_at_ >= options.idle_timeout / 2) {
    // Most likely nobody is there any more, but who only lost a pong hears why.
    shard_.rooms().leave(id_);
    finish(ws::frame_close(ws::kTryAgainLater, "no sign of life for too long, not even a pong; reconnect"),
           "idle");
  } else if (pinged_at_ == kNever && now - heard_ >= options.idle_timeout / 2) {
    pinged_at_ = now;
    connection_->send(ping_frame());
  }
}

}  // namespace symphony
