#include "server/shard.h"

#include <algorithm>

#include "server/http_session.h"
#include "server/websocket_session.h"

namespace symphony {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);

}  // namespace

Shard::Shard(size_t index, io::Loop& loop, ServerServices& services, StoreQueue& store, size_t rooms_max,
             uint64_t seed)
    : index_(index),
      loop_(loop),
      services_(services),
      rooms_(loop, store, services.options(), rooms_max, seed, counters_),
      ticker_(loop.make_timer([this] { tick(); })),
      next_tick_(loop.now() + kTick) {
  ticker_->set(next_tick_);
}

Shard::~Shard() = default;

void Shard::accept(std::unique_ptr<io::Socket> socket, Admission::Ticket ticket) {
  const uint64_t id = next_session_++;
  auto session = std::make_unique<HttpSession>(*this, id, std::move(socket), std::move(ticket));
  HttpSession& begun = *session;
  sessions_.emplace(id, std::move(session));
  begun.start();
}

void Shard::adopt(Upgraded upgraded) {
  const uint64_t id = next_session_++;
  auto session =
      std::make_unique<WebSocketSession>(*this, id, std::move(upgraded.socket), std::move(upgraded.ticket));
  WebSocketSession& begun = *session;
  sessions_.emplace(id, std::move(session));
  begun.start(upgraded);
}

void Shard::drain(std::function<void()> stored, std::function<void()> ended) {
  for (const auto& [id, session] : sessions_) session->on_drain();
  rooms_.drain([this, stored = std::move(stored), ended = std::move(ended)]() mutable {
    stored();
    ended_ = std::move(ended);
    end_if_empty();
  });
}

void Shard::end_if_empty() {
  if (sessions_.empty() && ended_) std::exchange(ended_, nullptr)();
}

LoopMetrics Shard::metrics() const {
  LoopMetrics copy = counters_;
  copy.connections = sessions_.size();
  rooms_.add_metrics(copy);
  for (const auto& [id, session] : sessions_) copy.queued_bytes += session->queued_bytes();
  return copy;
}

void Shard::retire(uint64_t session) {
  if (retired_.empty()) {
    loop_.defer([this] {
      for (const uint64_t id : std::exchange(retired_, {})) sessions_.erase(id);
      end_if_empty();
    });
  }
  retired_.push_back(session);
}

void Shard::defer_for(uint64_t session, std::function<void(Session&)> task) {
  loop_.defer([this, session, task = std::move(task)] {
    if (Session* found = find(session)) task(*found);
  });
}

Session* Shard::find(uint64_t session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void Shard::tick() {
  const Time now = loop_.now();
  counters_.loop_delay.observe(std::max(now - next_tick_, Duration::zero()));
  for (const auto& [id, session] : sessions_) session->on_tick(now);
  rooms_.on_tick();
  next_tick_ = std::max(next_tick_ + kTick, now);
  ticker_->set(next_tick_);
}

}  // namespace symphony
