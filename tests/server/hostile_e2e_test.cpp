// Clients that break rules, or just break: each is told why and closed, and the room's other peers notice
// nothing.
#include <thread>

#include "support.h"

namespace symphony::test {
namespace {

using testing::HasSubstr;

class HostileTest : public testing::Test {
 protected:
  void start() {
    server.start();
    a = join(server.port(), "/rooms/a");
    b = join(server.port(), "/rooms/a");
  }

  void expect_peers_untouched() {
    const Buffer update = update_message(text_update(100, clock_, "still here"));
    clock_ += 10;
    a->send(update);
    EXPECT_TRUE(b->receive_until(update));
  }

  // What a client that sends `bytes` after its handshake is told.
  std::pair<uint16_t, std::string> told(const Buffer& bytes) {
    RawClient offender(server.port());
    offender.upgrade("a");
    offender.send(bytes);
    std::string reason;
    const uint16_t code = offender.read_close(&reason);
    return {code, reason};
  }

  static Buffer masked(const Buffer& payload) {
    return ws::frame_masked(ws::Opcode::kBinary, payload, 0xdeadbeef);
  }

  TestServer server;
  std::unique_ptr<Client> a;
  std::unique_ptr<Client> b;

 private:
  uint64_t clock_ = 0;
};

TEST_F(HostileTest, FramesThatBreakTheProtocol) {
  start();
  const Buffer hello = {'h', 'i'};
  struct Offence {
    const char* what;
    Buffer bytes;
    uint16_t code;
  };
  const std::vector<Offence> offences = {
      {"text", ws::frame_masked(ws::Opcode::kText, hello, 1), 1003},
      {"unmasked", ws::frame(ws::Opcode::kBinary, hello), 1002},
      {"reserved bit", {0xc2, 0x80, 0, 0, 0, 0}, 1002},
      {"reserved opcode", {0x83, 0x80, 0, 0, 0, 0}, 1002},
      {"continuation of nothing", {0x80, 0x80, 0, 0, 0, 0}, 1002},
      {"fragmented ping", {0x09, 0x80, 0, 0, 0, 0}, 1002},
      {"close of one byte", ws::frame_masked(ws::Opcode::kClose, Buffer{3}, 1), 1002},
      {"close reason that is no UTF-8", ws::frame_masked(ws::Opcode::kClose, Buffer{3, 0xe8, 0xff}, 1), 1007},
      {"a length of 2^62", {0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1009},
  };
  for (const Offence& offence : offences) {
    const auto [code, reason] = told(offence.bytes);
    EXPECT_EQ(code, offence.code) << offence.what;
    EXPECT_NE(reason, "") << offence.what;
    expect_peers_untouched();
  }
}

TEST_F(HostileTest, MessagesThatAreNoMessages) {
  start();
  const std::vector<Buffer> messages = {
      {0},                        // a sync message without a type
      {0, 2, 5, 1},               // shorter than it says
      {0, 0, 2, 0xff, 0xff},      // a state vector that ends too soon
      update_message({1, 1, 1}),  // a truncated update
      update_message({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}),  // 2^53 clients and more
      {1, 3, 1, 1, 1},                                                      // awareness that ends too soon
      awareness_message(1, 1, "{not json"),
  };
  for (size_t i = 0; i < messages.size(); ++i) {
    const auto [code, reason] = told(masked(messages[i]));
    EXPECT_TRUE(code >= 4400 && code <= 4499) << i << ": " << code;
    EXPECT_NE(reason, "") << i;
    expect_peers_untouched();
  }
}

TEST_F(HostileTest, AMessageBeyondTheLimitEndsBeforeItIsRead) {
  server.options.message_bytes_max = 100'000;
  start();
  RawClient offender(server.port());
  offender.upgrade("a");
  const Buffer frame = masked(Buffer(10 << 20));
  offender.send(frame);
  std::string reason;
  EXPECT_EQ(offender.read_close(&reason), 1009);
  EXPECT_NE(reason, "");
  expect_peers_untouched();
}

// A client that vanished without a word (no FIN, no pong) is found out; one that answers pings stays.
TEST_F(HostileTest, HalfOpenConnectionsAreFoundOut) {
  server.options.idle_timeout = 2s;
  start();
  RawClient vanished(server.port());
  vanished.upgrade("a");
  b->send_ping();
  const auto until = std::chrono::steady_clock::now() + 4s;
  // Beast answers pings while it reads: the echo of its own presence, and what `a` sends.
  for (uint64_t i = 0; std::chrono::steady_clock::now() < until; ++i) {
    std::this_thread::sleep_for(200ms);
    expect_peers_untouched();
  }
  const std::string seen = vanished.read_all();
  EXPECT_NE(seen.find(std::string("\x89\x00", 2)), std::string::npos) << "it was pinged first";
  EXPECT_EQ(server.metric("symphony_websockets_closed_total{code=\"idle\"}"), 1);
  EXPECT_EQ(server.metric("symphony_peers"), 2);
}

// A reader that stops reading: its queue is bounded, and when it reads again it catches up with everything.
TEST_F(HostileTest, ASlowReaderCatchesUpWithOneUpdate) {
  server.options.backlog_high_bytes = 256 << 10;
  server.options.backlog_low_bytes = 64 << 10;
  server.loops = 1;
  start();
  Client slow(server.port(), "/rooms/a", {.subprotocols = "", .receive_buffer = 16 << 10});
  slow.send(sync_step1_empty());
  const std::string text(64 << 10, 'x');
  uint64_t clock = 0;
  Buffer last;
  for (int i = 0; i < 400; ++i) {  // 26 MB
    last = update_message(text_update(7, clock, text));
    clock += text.size();
    a->send(last);
    ASSERT_TRUE(b->receive_until(last));
  }
  EXPECT_GE(server.metric("symphony_backlogs_total"), 1);
  EXPECT_LT(server.metric("symphony_queued_bytes"), 1 << 20) << "26 MB do not wait for it";
  // It reads again: whatever way it gets them, all 26 MB of text come, and then new updates.
  const Buffer fresh = update_message(text_update(8, 0, "fresh"));
  size_t bytes = 0;
  bool sent = false;
  for (;;) {
    const auto message = slow.receive();
    ASSERT_TRUE(message) << slow.close_code() << " " << slow.close_reason();
    bytes += message->size();
    if (bytes >= clock && !sent) {
      a->send(fresh);
      sent = true;
    }
    if (*message == fresh) break;
  }
  EXPECT_GE(bytes, clock);
  EXPECT_LT(bytes, clock + clock / 2) << "and not again and again";
}

TEST_F(HostileTest, AReaderThatStaysStuckIsClosed) {
  server.options.backlog_high_bytes = 256 << 10;
  server.options.stuck_timeout = 1s;
  server.options.close_timeout = 1s;
  server.loops = 1;
  start();
  {
    Client stuck(server.port(), "/rooms/a", {.subprotocols = "", .receive_buffer = 16 << 10});
    const std::string text(64 << 10, 'x');
    for (uint64_t i = 0; i < 200; ++i) {
      const Buffer update = update_message(text_update(7, i * text.size(), text));
      a->send(update);
      ASSERT_TRUE(b->receive_until(update));
    }
    eventually([&] { return server.metric("symphony_websockets_closed_total{code=\"1013\"}") == 1; },
               "the stuck reader is closed with a retryable code");
    eventually([&] { return server.metric("symphony_queued_bytes") == 0; }, "what it never took is freed");
  }
  expect_peers_untouched();
}

// A client that writes faster than the disk: it is slowed down, and nothing is lost.
TEST_F(HostileTest, AFastWriterIsSlowedDown) {
  server.options.unstored_high_bytes = 256 << 10;
  start();
  const std::string text(32 << 10, 'x');
  for (uint64_t i = 0; i < 200; ++i) a->send(update_message(text_update(7, i * text.size(), text)));
  const Buffer last = update_message(text_update(8, 0, "last"));
  a->send(last);
  EXPECT_TRUE(b->receive_until(last));
  EXPECT_GE(server.metric("symphony_holds_total"), 1);
  eventually([&] { return server.metric("symphony_unstored_updates") == 0; }, "all is stored");
  EXPECT_EQ(server.metric("symphony_updates_applied_total"), 201);
}

// Ten thousand messages at once: they come through in portions, and others are served meanwhile.
TEST_F(HostileTest, AFloodIsSlowedDown) {
  server.options.messages_per_second_max = 4'000;
  start();
  for (uint64_t i = 0; i < 10'000; ++i) a->send(update_message(text_update(7, i, "x")));
  EXPECT_TRUE(join(server.port(), "/rooms/a")->open());
  EXPECT_TRUE(b->receive_until(update_message(text_update(7, 9'999, "x"))));
  EXPECT_GE(server.metric("symphony_throttles_total"), 2);
  EXPECT_EQ(server.metric("symphony_updates_applied_total"), 10'000);
}

}  // namespace
}  // namespace symphony::test
