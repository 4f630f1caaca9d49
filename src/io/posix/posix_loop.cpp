#include "io/posix/posix_loop.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "io/posix/posix_connection.h"
#include "io/posix/posix_listener.h"

namespace symphony::io::posix {
namespace {

Time steady_now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

class PosixTimer final : public Timer {
 public:
  PosixTimer(PosixLoop& loop, std::function<void()> on_fire)
      : state_(std::make_shared<State>(loop.context(), std::move(on_fire))) {}
  ~PosixTimer() override {
    ++state_->generation;
    state_->timer.cancel();
  }

  void set(Time at) override {
    const uint64_t generation = ++state_->generation;
    if (at == kNever) {
      state_->timer.cancel();
      return;
    }
    state_->timer.expires_at(at);
    state_->timer.async_wait([state = state_, generation](const boost::system::error_code& error) {
      if (!error && generation == state->generation) state->on_fire();
    });
  }

  void cancel() override { set(kNever); }

 private:
  struct State {
    State(boost::asio::io_context& context, std::function<void()> fire)
        : timer(context), on_fire(std::move(fire)) {}
    boost::asio::steady_timer timer;
    std::function<void()> on_fire;
    uint64_t generation = 0;  // a wait that was already on its way when it was replaced does nothing
  };
  std::shared_ptr<State> state_;
};

}  // namespace

PosixLoop::PosixLoop(const LoopOptions& options)
    : options_(options),
      context_(1),  // one thread runs it
      work_(context_.get_executor()),
      mailbox_(options.mailbox_max),
      read_buffer_(options.read_bytes) {}

PosixLoop::~PosixLoop() = default;

Time PosixLoop::now() const { return steady_now(); }

bool PosixLoop::post(Task&& task) {
  switch (mailbox_.put(std::move(task))) {
    case Mailbox::Put::kFull:
      return false;
    case Mailbox::Put::kFirst:
      boost::asio::post(context_, [this] { drain_mailbox(); });
      return true;
    case Mailbox::Put::kMore:
      return true;
  }
  return true;
}

void PosixLoop::defer(Task&& task) { deferred_.push_back(std::move(task)); }

void PosixLoop::drain_mailbox() {
  mailbox_.take(posted_);
  for (Task& task : posted_) task();
  posted_.clear();
}

void PosixLoop::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    context_.run_one();
    for (size_t i = 1; i < options_.events_per_turn && context_.poll_one() != 0; ++i) {
    }
    end_turn();
  }
  mailbox_.close();
  deferred_.clear();
  to_flush_.clear();
}

// Deferred tasks queue bytes, and a flush that empties a queue may lead to more of both; what is left after a
// few rounds waits for the next turn, so that one connection cannot keep the loop.
void PosixLoop::end_turn() {
  for (int round = 0; round < 4 && !(deferred_.empty() && to_flush_.empty()); ++round) {
    running_.swap(deferred_);
    for (Task& task : running_) task();
    running_.clear();
    flushing_.swap(to_flush_);
    for (const auto& core : flushing_) core->flush();
    flushing_.clear();
  }
  if (!(deferred_.empty() && to_flush_.empty())) boost::asio::post(context_, [] {});
}

void PosixLoop::stop() {
  stopping_.store(true, std::memory_order_release);
  boost::asio::post(context_, [] {});
}

std::unique_ptr<Timer> PosixLoop::make_timer(std::function<void()> on_fire) {
  return std::make_unique<PosixTimer>(*this, std::move(on_fire));
}

std::unique_ptr<Connection> PosixLoop::attach(std::unique_ptr<Socket> socket, ConnectionHandler& handler) {
  return attach_connection(*this, static_cast<PosixSocket&>(*socket), handler);
}

Result<std::unique_ptr<Listener>> PosixLoop::listen(const std::string& host, uint16_t port,
                                                    OnAccept on_accept) {
  return open_listener(context_, host, port, std::move(on_accept));
}

}  // namespace symphony::io::posix
