// The real loop, over real loopback sockets.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <string>
#include <thread>

#include "io/posix/mailbox.h"
#include "io/posix/threads.h"

namespace symphony::io::posix {
namespace {

using namespace std::chrono_literals;

// Runs `f` on the loop and waits for what it gives.
template <class F>
auto on_loop(Loop& loop, F f) {
  std::promise<decltype(f())> promise;
  auto future = promise.get_future();
  EXPECT_TRUE(loop.post([&] { promise.set_value(f()); }));
  return future.get();
}

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

std::string read_all(int fd) {
  std::string text;
  char chunk[65536];
  for (ssize_t n; (n = ::read(fd, chunk, sizeof chunk)) > 0;) text.append(chunk, static_cast<size_t>(n));
  return text;
}

// Writes back what it reads; remembers what else happened.
struct Echo final : ConnectionHandler {
  void on_read(Bytes bytes) override { connection->send(share(Buffer(bytes.begin(), bytes.end()))); }
  void on_backlog(size_t queued) override {
    if (queued > 0) was_backlogged = true;
    if (queued == 0) ++emptied;
  }
  void on_end(const std::string& why) override { ended.set_value(why); }

  std::unique_ptr<Connection> connection;
  bool was_backlogged = false;
  int emptied = 0;
  std::promise<std::string> ended;
};

// A loop whose listener hands the next connection to the test.
struct PosixTest : testing::Test {
  PosixTest() : a(LoopOptions{}), b(LoopOptions{}) {
    auto opened = a.loop().listen(
        "127.0.0.1", 0, [this](std::unique_ptr<Socket> socket) { accepted.set_value(std::move(socket)); });
    EXPECT_TRUE(opened) << opened.error().message;
    listener = std::move(*opened);
    a.start();
    b.start();
  }
  ~PosixTest() override {
    a.stop();
    b.stop();
  }

  LoopThread a, b;
  std::unique_ptr<Listener> listener;
  std::promise<std::unique_ptr<Socket>> accepted;
};

TEST_F(PosixTest, DeferredTasksRunAtTheEndOfTheTurn) {
  std::string order;
  std::promise<void> ended;
  a.loop().post([&] {
    a.loop().defer([&] {
      order += "deferred";
      ended.set_value();
    });
    order += "first ";
  });
  ended.get_future().get();
  EXPECT_EQ(order, "first deferred");
}

TEST(Mailbox, IsBoundedAndLeavesARefusedTaskWithItsOwner) {
  Mailbox mailbox(2);
  int runs = 0;
  auto task = [&] { return Task([&runs] { ++runs; }); };
  EXPECT_EQ(mailbox.put(task()), Mailbox::Put::kFirst);
  EXPECT_EQ(mailbox.put(task()), Mailbox::Put::kMore);
  Task third = task();
  EXPECT_EQ(mailbox.put(std::move(third)), Mailbox::Put::kFull);
  ASSERT_TRUE(third);
  std::vector<Task> taken;
  mailbox.take(taken);
  for (Task& each : taken) each();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(mailbox.put(std::move(third)), Mailbox::Put::kFirst);
  mailbox.close();
  EXPECT_EQ(mailbox.put(task()), Mailbox::Put::kMore) << "a closed mailbox drops tasks";
}

TEST_F(PosixTest, ATimerFiresOnceForTheLastSet) {
  std::promise<void> fired;
  int count = 0;
  auto timer = on_loop(a.loop(), [&] {
    auto made = a.loop().make_timer([&] {
      ++count;
      fired.set_value();
    });
    made->set(a.loop().now() + 1h);
    made->set(a.loop().now() + 5ms);
    return made;
  });
  ASSERT_EQ(fired.get_future().wait_for(5s), std::future_status::ready);
  on_loop(a.loop(), [&] {
    timer->set(a.loop().now());
    timer->cancel();
    return 0;
  });
  std::this_thread::sleep_for(20ms);
  on_loop(a.loop(), [&] {
    timer.reset();
    return 0;
  });
  EXPECT_EQ(count, 1);
}

TEST_F(PosixTest, AConnectionMovesToAnotherLoopWithNothingLost) {
  Echo first, second;
  const int fd = connect_to(listener->port());
  auto socket = accepted.get_future().get();
  EXPECT_EQ(socket->remote_ip(), "127.0.0.1");
  socket = on_loop(a.loop(), [&] {
    first.connection = a.loop().attach(std::move(socket), first);
    first.connection->set_reading(true);
    auto released = first.connection->release();
    first.connection.reset();
    return released;
  });
  on_loop(b.loop(), [&] {
    second.connection = b.loop().attach(std::move(socket), second);
    second.connection->set_reading(true);
    return 0;
  });
  ASSERT_EQ(::write(fd, "hello", 5), 5);
  char answer[5];
  ASSERT_EQ(::recv(fd, answer, 5, MSG_WAITALL), 5);
  EXPECT_EQ(std::string(answer, 5), "hello");
  ::close(fd);
  EXPECT_NE(second.ended.get_future().get(), "");
  on_loop(b.loop(), [&] {
    second.connection.reset();
    return 0;
  });
}

// 32 MB in 4,000 buffers to a client that starts to read late: all arrives, in order, and the queue says so.
TEST_F(PosixTest, WhatTheSocketDoesNotTakeWaitsInOrder) {
  Echo handler;
  const int fd = connect_to(listener->port());
  auto socket = accepted.get_future().get();
  std::string expected;
  on_loop(a.loop(), [&] {
    handler.connection = a.loop().attach(std::move(socket), handler);
    for (int i = 0; i < 4000; ++i) {
      const std::string text(8192, static_cast<char>('a' + i % 26));
      expected += text;
      handler.connection->send(share(Buffer(text.begin(), text.end())));
    }
    handler.connection->finish();
    return 0;
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_GT(on_loop(a.loop(), [&] { return handler.connection->queued_bytes(); }), 0u);
  EXPECT_TRUE(read_all(fd) == expected);
  ::close(fd);
  on_loop(a.loop(), [&] {
    EXPECT_EQ(handler.connection->queued_bytes(), 0u);
    EXPECT_EQ(handler.connection->sent_bytes(), expected.size());
    handler.connection.reset();
    return 0;
  });
  EXPECT_TRUE(handler.was_backlogged);
  EXPECT_EQ(handler.emptied, 1);
}

// While reading is off, TCP holds the client back; a handler may destroy its connection from any callback.
TEST_F(PosixTest, ReadingCanBeSwitchedOffAndOn) {
  struct Once final : ConnectionHandler {
    void on_read(Bytes bytes) override {
      got.set_value(std::string(bytes.begin(), bytes.end()));
      connection.reset();
    }
    void on_backlog(size_t) override {}
    void on_end(const std::string&) override { ADD_FAILURE() << "destroyed connections are silent"; }
    std::unique_ptr<Connection> connection;
    std::promise<std::string> got;
  } handler;
  const int fd = connect_to(listener->port());
  auto socket = accepted.get_future().get();
  on_loop(a.loop(), [&] {
    handler.connection = a.loop().attach(std::move(socket), handler);
    return 0;
  });
  ASSERT_EQ(::write(fd, "one", 3), 3);
  auto got = handler.got.get_future();
  EXPECT_EQ(got.wait_for(30ms), std::future_status::timeout);
  ASSERT_EQ(::write(fd, "two", 3), 3);
  on_loop(a.loop(), [&] {
    handler.connection->set_reading(true);
    return 0;
  });
  EXPECT_EQ(got.get(), "onetwo");
  EXPECT_EQ(read_all(fd), "");
  ::close(fd);
  on_loop(a.loop(), [] { return 0; });  // the callback has returned
}

TEST_F(PosixTest, AnAddressThatCannotBeUsedIsExplained) {
  auto listen = [&](const char* host, uint16_t port) {
    return on_loop(a.loop(), [&] { return a.loop().listen(host, port, [](std::unique_ptr<Socket>) {}); });
  };
  const auto taken = listen("127.0.0.1", listener->port());
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("another program has the port"), std::string::npos)
      << taken.error().message;
  const auto foreign = listen("192.0.2.1", 0);
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message.find("no such address"), std::string::npos) << foreign.error().message;
}

TEST(WorkerThread, RunsEverythingBeforeItStops) {
  int sum = 0;
  WorkerThread worker("worker");
  for (int i = 1; i <= 100; ++i) EXPECT_TRUE(worker.post([&sum, i] { sum += i; }));
  worker.stop();
  EXPECT_EQ(sum, 5050);
  EXPECT_TRUE(worker.post([&sum] { sum = 0; })) << "a stopped worker takes tasks and drops them";
  EXPECT_EQ(sum, 5050);
}

}  // namespace
}  // namespace symphony::io::posix
