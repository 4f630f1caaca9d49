// Properties: however the same bytes are cut, the same messages and the same error come out; a returned
// message survives a round trip through frame_masked(); the parser never holds more than a message and what
// was fed.
#include <cstdlib>
#include <string>
#include <vector>

#include "base/assert.h"
#include "protocol/websocket.h"

namespace {

using symphony::Buffer;
using symphony::Bytes;
using namespace symphony::ws;

constexpr size_t kMessageBytesMax = 4096;

struct Outcome {
  std::vector<std::pair<Message, Buffer>> messages;
  uint16_t error = 0;
};

Outcome parse(Bytes bytes, size_t piece, bool from_client) {
  FrameParser parser({.from_client = from_client, .message_bytes_max = kMessageBytesMax});
  Outcome outcome;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    for (;;) {
      const auto message = parser.next();
      if (!message) {
        outcome.error = parser.close_code();
        ASSERT(outcome.error == 1002 || outcome.error == 1007 || outcome.error == 1009);
        ASSERT(parser.buffered_bytes() == 0);
        return outcome;
      }
      if (!*message) break;
      ASSERT((*message)->payload.size() <= kMessageBytesMax);
      outcome.messages.emplace_back(**message,
                                    Buffer((*message)->payload.begin(), (*message)->payload.end()));
    }
    // A frame's header and payload, an open fragmented message, and nothing else.
    ASSERT(parser.buffered_bytes() <= 14 + 2 * kMessageBytesMax);
  }
  return outcome;
}

void check_round_trip(const Message& message, const Buffer& payload, uint32_t mask) {
  if (message.opcode == Opcode::kClose) return;
  const Buffer bytes = frame_masked(message.opcode, payload, mask);
  const Outcome again = parse(bytes, bytes.size(), true);
  ASSERT(again.error == 0 && again.messages.size() == 1);
  ASSERT(again.messages[0].first.opcode == message.opcode && again.messages[0].second == payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const bool from_client = (data[0] & 1) != 0;
  const size_t piece = 1 + data[1] % 67;
  const Bytes bytes(data + 2, size - 2);

  const Outcome whole = parse(bytes, bytes.empty() ? 1 : bytes.size(), from_client);
  const Outcome cut = parse(bytes, piece, from_client);
  ASSERT(whole.error == cut.error && whole.messages.size() == cut.messages.size());
  for (size_t i = 0; i < whole.messages.size(); ++i) {
    ASSERT(whole.messages[i].first.opcode == cut.messages[i].first.opcode);
    ASSERT(whole.messages[i].first.close_code == cut.messages[i].first.close_code);
    ASSERT(whole.messages[i].second == cut.messages[i].second);
    check_round_trip(whole.messages[i].first, whole.messages[i].second,
                     0x9e3779b9u * static_cast<uint32_t>(i + 1));
  }
  return 0;
}
