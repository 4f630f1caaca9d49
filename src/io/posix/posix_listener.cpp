#include "io/posix/posix_listener.h"

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>

#include "io/posix/posix_connection.h"

namespace symphony::io::posix {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int kAcceptsPerEvent = 64;
// Out of file descriptors: connections wait in the kernel's queue until some have closed.
constexpr auto kPauseWhenFull = std::chrono::milliseconds(100);

std::string ip_of(const sockaddr_storage& address, socklen_t size) {
  tcp::endpoint endpoint;
  if (size > endpoint.capacity()) return "unknown";
  std::memcpy(endpoint.data(), &address, size);
  endpoint.resize(size);
  const asio::ip::address ip = endpoint.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6()).to_string();
  }
  return ip.to_string();
}

class PosixListener final : public Listener {
 public:
  struct State : std::enable_shared_from_this<State> {
    State(boost::asio::io_context& context, Loop::OnAccept accept)
        : acceptor(context), pause(context), on_accept(std::move(accept)) {}

    void arm() {
      acceptor.async_wait(tcp::acceptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (self->open && !error) self->accept();
                          });
    }

    void accept() {
      for (int i = 0; i < kAcceptsPerEvent; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int fd = ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
          if (errno == EINTR || errno == ECONNABORTED) continue;
          if (errno == EAGAIN || errno == EWOULDBLOCK) break;
          return wait();
        }
        on_accept(std::make_unique<PosixSocket>(fd, address.ss_family == AF_INET6, ip_of(address, size)));
        if (!open) return;
      }
      arm();
    }

    void wait() {
      pause.expires_after(kPauseWhenFull);
      pause.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (self->open && !error) self->arm();
      });
    }

    tcp::acceptor acceptor;
    asio::steady_timer pause;
    Loop::OnAccept on_accept;
    bool open = true;
  };

  PosixListener(std::shared_ptr<State> state, uint16_t port) : state_(std::move(state)), port_(port) {}
  ~PosixListener() override {
    state_->open = false;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    state_->pause.cancel();
  }

  uint16_t port() const override { return port_; }

 private:
  std::shared_ptr<State> state_;
  uint16_t port_;
};

boost::system::error_code bind_and_listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  // `::` serves both families where the system allows it.
  if (!error && endpoint.address().is_v6()) {
    boost::system::error_code ignored;
    acceptor.set_option(asio::ip::v6_only(false), ignored);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  return error;
}

std::string advice(const boost::system::error_code& error, const std::string& where) {
  std::string text = "cannot listen on " + where + ": " + error.message();
  if (error == asio::error::address_in_use) {
    text +=
        "; another program has the port: stop it, or choose another with --listen (port 0 takes any free "
        "one)";
  } else if (error == asio::error::access_denied) {
    text += "; ports below 1024 need privileges: choose another with --listen";
  } else if (error == boost::system::errc::address_not_available) {
    text += "; this machine has no such address: 127.0.0.1 is itself only, 0.0.0.0 every interface";
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<Listener>> open_listener(boost::asio::io_context& context, const std::string& host,
                                                uint16_t port, Loop::OnAccept on_accept) {
  const std::string where = host + ":" + std::to_string(port);
  boost::system::error_code error;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return fail(Code::kInvalid, "cannot listen on " + where + ": no address is known for '" + host + "' (" +
                                    error.message() + ")");
  }
  auto state = std::make_shared<PosixListener::State>(context, std::move(on_accept));
  error = bind_and_listen(state->acceptor, found.begin()->endpoint());
  if (error) return fail(Code::kUnavailable, advice(error, where));
  const uint16_t real_port = state->acceptor.local_endpoint().port();
  state->arm();
  return std::make_unique<PosixListener>(std::move(state), real_port);
}

}  // namespace symphony::io::posix
