#include "protocol/sync.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/websocket.h"

namespace symphony {
namespace {

struct Read {
  std::vector<SyncMessage> messages;
  bool ok = true;
};

Read read(Bytes frame) {
  Read result;
  MessageReader reader(frame);
  for (;;) {
    const auto message = reader.next();
    if (!message) {
      result.ok = false;
      EXPECT_EQ(message.error().code, Code::kInvalid);
      EXPECT_TRUE(reader.next());    // the broken rest is dropped ...
      EXPECT_FALSE(*reader.next());  // ... and the frame is at its end
      return result;
    }
    if (!*message) return result;
    result.messages.push_back(**message);
  }
}

Buffer bytes_of(Bytes view) { return {view.begin(), view.end()}; }

// The payload of the one WebSocket frame in `bytes`.
Buffer unframed(const Buffer& bytes) {
  ws::FrameParser parser({.from_client = false});
  parser.feed(bytes);
  const auto message = parser.next();
  EXPECT_TRUE(message && *message && (*message)->opcode == ws::Opcode::kBinary);
  Buffer payload = bytes_of((*message)->payload);
  EXPECT_FALSE(*parser.next());
  return payload;
}

TEST(Sync, ReadsEveryMessageOfTheDialect) {
  struct Case {
    Buffer frame;
    MessageType type;
    Buffer payload;
  };
  const std::vector<Case> cases = {
      {{0, 0, 1, 0}, MessageType::kSyncStep1, {0}},
      {{0, 1, 2, 0, 0}, MessageType::kSyncStep2, {0, 0}},
      {{0, 2, 3, 7, 8, 9}, MessageType::kUpdate, {7, 8, 9}},
      {{0, 2, 0}, MessageType::kUpdate, {}},
      {{1, 1, 0}, MessageType::kAwareness, {0}},
      {{2, 0, 2, 'n', 'o'}, MessageType::kPermissionDenied, {'n', 'o'}},
      {{3}, MessageType::kQueryAwareness, {}},
      {{0x66, 1, 2, 3}, MessageType::kUnknown, {0x66, 1, 2, 3}},
      {{2, 1, 2, 3}, MessageType::kUnknown, {2, 1, 2, 3}},
  };
  for (const Case& c : cases) {
    const Read result = read(c.frame);
    EXPECT_TRUE(result.ok);
    ASSERT_EQ(result.messages.size(), 1u);
    EXPECT_EQ(result.messages[0].type, c.type);
    EXPECT_EQ(bytes_of(result.messages[0].payload), c.payload);
  }
  EXPECT_TRUE(read(Buffer{}).messages.empty());
  EXPECT_EQ(read(Buffer{0x50, 0x85, 0x01}).messages.at(0).count, 133u);
}

TEST(Sync, SeveralMessagesMayShareAFrame) {
  const Read result = read(Buffer{0, 0, 1, 0, 3, 1, 1, 0, 0, 2, 1, 9, 0x66, 0, 9});
  EXPECT_TRUE(result.ok);
  ASSERT_EQ(result.messages.size(), 5u);
  EXPECT_EQ(result.messages[1].type, MessageType::kQueryAwareness);
  EXPECT_EQ(result.messages[3].type, MessageType::kUpdate);
  EXPECT_EQ(result.messages[4].type, MessageType::kUnknown) << "an unknown type takes the rest";
}

TEST(Sync, RefusesWhatIsMalformed) {
  const std::vector<Buffer> frames = {
      {0},                                                           // no kind
      {0, 3, 0},                                                     // unknown kind
      {0, 0},                                                        // no length
      {0, 1, 5, 1, 2},                                               // shorter than it says
      {1},                                                           // no length
      {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0},  // length past 2^53
      {0x80},                                                        // half a number
      {2, 0, 9, 1},                                                  // shorter than it says
      {0x50},                                                        // no count
  };
  for (const Buffer& frame : frames) {
    EXPECT_FALSE(read(frame).ok);
    Buffer after_good = {0, 0, 1, 0};
    after_good.insert(after_good.end(), frame.begin(), frame.end());
    const Read result = read(after_good);
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.messages.size(), 1u) << "what came before it stands";
  }
}

TEST(Sync, FramesHoldExactlyOneMessage) {
  for (const size_t size : std::initializer_list<size_t>{0, 1, 121, 122, 123, 200, 65530, 70000}) {
    const Buffer payload(size, 3);
    for (const MessageType type :
         {MessageType::kSyncStep1, MessageType::kSyncStep2, MessageType::kUpdate, MessageType::kAwareness}) {
      const Buffer framed = frame_message(type, payload);
      EXPECT_EQ(framed.size(), framed.capacity()) << "one exact allocation";
      const Buffer message = unframed(framed);
      Buffer written;
      write_message(written, type, payload);
      EXPECT_EQ(message, written);
      const Read result = read(message);
      ASSERT_EQ(result.messages.size(), 1u);
      EXPECT_EQ(result.messages[0].type, type);
      EXPECT_EQ(bytes_of(result.messages[0].payload), payload);
    }
  }
  EXPECT_EQ(unframed(frame_durable(300)), (Buffer{0x50, 0xac, 0x02}));
  EXPECT_EQ(unframed(frame_permission_denied("no")), (Buffer{2, 0, 2, 'n', 'o'}));
  EXPECT_EQ(unframed(*keep_alive_frame()), (Buffer{1, 1, 0}));
}

TEST(FrameAround, GivesTheSameBytesAndMovesThePayloadInItsOwnMemory) {
  for (const size_t size : {size_t{0}, size_t{5}, size_t{120}, size_t{130}, size_t{70'000}}) {
    Buffer payload(size, 'x');
    EXPECT_EQ(frame_around(MessageType::kSyncStep2, payload),
              frame_message(MessageType::kSyncStep2, payload));
    payload.reserve(size + 32);
    const uint8_t* const memory = payload.data();
    EXPECT_EQ(frame_around(MessageType::kUpdate, std::move(payload)).data(), memory);
  }
}

}  // namespace
}  // namespace symphony
