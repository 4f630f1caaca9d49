#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "base/varint.h"
#include "server/log.h"

namespace symphony::test {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "symphony-test-XXXXXX").string();
  path = ::mkdtemp(name.data());
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path); }

TestServer::TestServer() {
  set_log_level("off");
  options.port = 0;
  options.seed = 1;
}

void TestServer::start() {
  StaticFiles files;
  if (!www.empty()) files = std::move(StaticFiles::read(www).value());
  if (!store) {
    auto opened = open_store({.data = data}, make_owner("test", options.lease));
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(opened->store);
  }
  auto running = RunningServer::start(options, loops, std::move(files), {.store = std::move(store)});
  ASSERT_TRUE(running) << running.error().message;
  running_ = std::move(*running);
}

bool TestServer::drain() {
  std::promise<bool> stored;
  running_->drain([&](bool all) { stored.set_value(all); });
  const bool all = stored.get_future().get();
  running_->stop();
  running_.reset();
  return all;
}

double TestServer::metric(const std::string& name) const {
  const std::string page = http_get(port(), "/metrics");
  const size_t at = page.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stod(page.substr(at + name.size() + 2));
}

RawClient::RawClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval patience{std::chrono::seconds(kPatience).count(), 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
}

RawClient::~RawClient() { ::close(fd_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string RawClient::read_until(std::string_view until) {
  char chunk[65536];
  for (;;) {
    if (const size_t at = rest_.find(until); !until.empty() && at != std::string::npos) {
      std::string found = rest_.substr(0, at + until.size());
      rest_.erase(0, at + until.size());
      return found;
    }
    const ssize_t count = ::recv(fd_, chunk, sizeof chunk, 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      ADD_FAILURE() << "the server did not answer in time";
    if (count <= 0) return std::exchange(rest_, {});
    rest_.append(chunk, static_cast<size_t>(count));
  }
}

std::string RawClient::read_all() { return read_until({}); }

void RawClient::upgrade(const std::string& room) {
  ASSERT_TRUE(send(upgrade_request("/rooms/" + room)));
  ASSERT_THAT(read_until("\r\n\r\n"), testing::StartsWith("HTTP/1.1 101 "));
}

uint16_t RawClient::read_close(std::string* reason) {
  const std::string bytes = read_all();
  ws::ParserOptions options;
  options.from_client = false;
  ws::FrameParser parser(options);
  parser.feed(as_bytes(bytes));
  for (;;) {
    const auto message = parser.next();
    if (!message || !*message) return 0;
    if ((*message)->opcode != ws::Opcode::kClose) continue;
    if (reason != nullptr && (*message)->payload.size() > 2) {
      reason->assign((*message)->payload.begin() + 2, (*message)->payload.end());
    }
    return (*message)->close_code;
  }
}

std::string http(uint16_t port, const std::string& request) {
  RawClient client(port);
  EXPECT_TRUE(client.send(request));
  return client.read_all();
}

std::string http_get(uint16_t port, const std::string& target) {
  return http(port, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
}

std::string upgrade_request(const std::string& target, const std::string& version, const std::string& key) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
         "Sec-WebSocket-Version: " + version + "\r\nSec-WebSocket-Key: " + key + "\r\n\r\n";
}

Buffer text_update(uint64_t client, uint64_t clock, const std::string& text) {
  Buffer update;
  Writer out(update);
  out.var_uint(1);  // one client
  out.var_uint(1);  // one struct
  out.var_uint(client);
  out.var_uint(clock);
  out.u8(4);  // an Item of ContentString without origins
  out.var_uint(1);
  out.var_string("t");
  out.var_string(text);
  out.var_uint(0);  // nothing deleted
  return update;
}

namespace {

Buffer sync(uint8_t type, const Buffer& payload) {
  Buffer message = {0, type};
  Writer(message).var_bytes(payload);
  return message;
}

}  // namespace

Buffer sync_step1_empty() { return {0, 0, 1, 0}; }
Buffer sync_step2(const Buffer& update) { return sync(1, update); }
Buffer update_message(const Buffer& update) { return sync(2, update); }

Buffer awareness_message(uint64_t client, uint64_t clock, const std::string& json) {
  Buffer entries;
  Writer out(entries);
  out.var_uint(1);
  out.var_uint(client);
  out.var_uint(clock);
  out.var_string(json);
  Buffer message = {1};
  Writer(message).var_bytes(entries);
  return message;
}

std::unique_ptr<Client> join(uint16_t port, const std::string& target) {
  auto client = std::make_unique<Client>(port, target);
  EXPECT_TRUE(client->open()) << client->status() << " " << client->body();
  client->send(sync_step1_empty());
  while (auto message = client->receive()) {
    if (message->size() >= 2 && (*message)[0] == 0 && (*message)[1] == 1) return client;
  }
  ADD_FAILURE() << "no sync step 2: " << client->close_code() << " " << client->close_reason();
  return client;
}

void eventually(const std::function<bool()>& condition, const char* what) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) {
      ADD_FAILURE() << "did not happen in time: " << what;
      return;
    }
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace symphony::test
