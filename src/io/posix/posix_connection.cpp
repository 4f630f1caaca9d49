#include "io/posix/posix_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "io/posix/posix_loop.h"

namespace symphony::io::posix {
namespace {

constexpr size_t kBuffersPerWrite = 64;
// A fast reader of a large document must not hold the loop: the rest waits for the next turn.
constexpr size_t kBytesPerFlush = 1u << 20;
// An emptied queue gives back more capacity than this (entries of 16 bytes).
constexpr size_t kQueueCapacityKept = 64;
// What the kernel may hold of a connection's unsent bytes. The rest waits in our queue, where a slow reader
// is noticed and its updates can still be merged.
constexpr int kKernelUnsentBytes = 256 << 10;

std::string describe(int error) { return std::generic_category().message(error); }

class PosixConnection final : public Connection {
 public:
  explicit PosixConnection(std::shared_ptr<ConnectionCore> core) : core_(std::move(core)) {}
  ~PosixConnection() override { core_->close(); }

  void send(SharedBuffer bytes) override { core_->send(std::move(bytes)); }
  size_t queued_bytes() const override { return core_->queued_bytes(); }
  uint64_t sent_bytes() const override { return core_->sent_bytes(); }
  void set_reading(bool on) override { core_->set_reading(on); }
  void finish() override { core_->finish(); }
  std::unique_ptr<Socket> release() override { return core_->release(); }
  const std::string& remote_ip() const override { return core_->remote_ip(); }

 private:
  std::shared_ptr<ConnectionCore> core_;
};

}  // namespace

PosixSocket::~PosixSocket() {
  if (fd_ >= 0) ::close(fd_);
}

int PosixSocket::take_fd() { return std::exchange(fd_, -1); }

ConnectionCore::ConnectionCore(PosixLoop& loop, PosixSocket& socket, ConnectionHandler& handler)
    : loop_(loop),
      handler_(&handler),
      socket_(loop.context().get_executor()),
      remote_ip_(socket.remote_ip()),
      v6_(socket.v6()) {
  const int fd = socket.take_fd();
  boost::system::error_code error;
  socket_.assign(v6_ ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), fd, error);
  // Fails only when the kernel is out of epoll watches or memory; the first wait then reports it to the
  // handler.
  if (error) {
    ::close(fd);
    return;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kKernelUnsentBytes, sizeof kKernelUnsentBytes);
}

void ConnectionCore::send(SharedBuffer bytes) {
  if (bytes->empty() || handler_ == nullptr || finishing_) return;
  queued_bytes_ += bytes->size();
  queue_.push_back(std::move(bytes));
  flush_soon();
}

void ConnectionCore::flush_soon() {
  if (flush_planned_) return;
  flush_planned_ = true;
  loop_.flush_later(shared_from_this());
}

void ConnectionCore::finish() {
  if (handler_ == nullptr) return;
  finishing_ = true;
  flush_soon();
}

void ConnectionCore::set_reading(bool on) {
  reading_ = on;
  if (on && handler_ != nullptr) arm_read();
}

void ConnectionCore::arm_read() {
  if (read_armed_) return;
  read_armed_ = true;
  socket_.async_wait(boost::asio::socket_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->read_armed_ = false;
                       if (self->handler_ == nullptr || !self->reading_) return;
                       if (error) return self->end(error.message());
                       self->read();
                     });
}

// One recv for one readiness: every connection of the loop has its turn.
void ConnectionCore::read() {
  Buffer& buffer = loop_.read_buffer();
  ssize_t count = 0;
  do {
    count = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return end("the client closed the connection");
  if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return end(describe(errno));
  if (count > 0) handler_->on_read(Bytes(buffer.data(), static_cast<size_t>(count)));
  if (handler_ != nullptr && reading_) arm_read();
}

void ConnectionCore::arm_write() {
  write_armed_ = true;
  socket_.async_wait(boost::asio::socket_base::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->write_armed_ = false;
                       if (self->handler_ == nullptr) return;
                       if (error) return self->end(error.message());
                       self->flush();
                     });
}

void ConnectionCore::flush() {
  flush_planned_ = false;
  if (handler_ == nullptr) return;
  if (!write_armed_) {
    if (!write_some()) return;
    if (queued_bytes_ != 0) arm_write();
    if (finishing_ && queued_bytes_ == 0) ::shutdown(socket_.native_handle(), SHUT_WR);
  }
  const bool was_backlogged = std::exchange(backlogged_, queued_bytes_ != 0);
  if (backlogged_ || was_backlogged) handler_->on_backlog(queued_bytes_);
}

bool ConnectionCore::write_some() {
  for (size_t written = 0; queued_bytes_ != 0 && written < kBytesPerFlush;) {
    iovec parts[kBuffersPerWrite];
    size_t count = 0;
    size_t offered = 0;
    for (size_t i = front_; i < queue_.size() && count < kBuffersPerWrite; ++i) {
      const size_t skip = i == front_ ? front_offset_ : 0;
      parts[count].iov_base = const_cast<uint8_t*>(queue_[i]->data() + skip);
      parts[count].iov_len = queue_[i]->size() - skip;
      offered += parts[count++].iov_len;
    }
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    const ssize_t taken = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      end(describe(errno));
      return false;
    }
    consume(static_cast<size_t>(taken));
    written += static_cast<size_t>(taken);
    if (static_cast<size_t>(taken) < offered) return true;
  }
  return true;
}

void ConnectionCore::consume(size_t bytes) {
  queued_bytes_ -= bytes;
  sent_bytes_ += bytes;
  front_offset_ += bytes;
  while (front_ < queue_.size() && front_offset_ >= queue_[front_]->size()) {
    front_offset_ -= queue_[front_]->size();
    queue_[front_++].reset();
  }
  if (front_ == queue_.size()) {
    queue_.clear();
    front_ = 0;
    if (queue_.capacity() > kQueueCapacityKept) queue_.shrink_to_fit();
  } else if (front_ >= 1024 && front_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(front_));
    front_ = 0;
  }
}

void ConnectionCore::end(const std::string& why) {
  ConnectionHandler* handler = std::exchange(handler_, nullptr);
  if (handler != nullptr) handler->on_end(why);
}

void ConnectionCore::close() {
  handler_ = nullptr;
  queue_.clear();
  front_ = 0;
  front_offset_ = 0;
  queued_bytes_ = 0;
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.close(ignored);
}

std::unique_ptr<Socket> ConnectionCore::release() {
  ASSERT(queued_bytes_ == 0);
  handler_ = nullptr;
  boost::system::error_code error;
  const int fd = socket_.release(error);
  return std::make_unique<PosixSocket>(error ? -1 : fd, v6_, remote_ip_);
}

std::unique_ptr<Connection> attach_connection(PosixLoop& loop, PosixSocket& socket,
                                              ConnectionHandler& handler) {
  return std::make_unique<PosixConnection>(std::make_shared<ConnectionCore>(loop, socket, handler));
}

}  // namespace symphony::io::posix
