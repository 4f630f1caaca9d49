#include "protocol/websocket.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"

namespace symphony::ws {
namespace {

std::string as_text(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

struct Event {
  Opcode opcode;
  std::string payload;
  uint16_t close_code = 0;
  bool operator==(const Event&) const = default;
};

struct Outcome {
  std::vector<Event> events;
  uint16_t error = 0;
};

// Feeds `bytes` in pieces of at most `piece` bytes and takes every event out after each.
Outcome parse(Bytes bytes, size_t piece, const ParserOptions& options = {}) {
  FrameParser parser(options);
  Outcome outcome;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    for (;;) {
      auto message = parser.next();
      if (!message) {
        outcome.error = parser.close_code();
        EXPECT_NE(outcome.error, 0);
        EXPECT_FALSE(message.error().message.empty());
        EXPECT_FALSE(parser.next());  // an error is final
        return outcome;
      }
      if (!*message) break;
      outcome.events.push_back({(*message)->opcode, as_text((*message)->payload), (*message)->close_code});
    }
  }
  return outcome;
}

Buffer joined(std::initializer_list<Buffer> parts) {
  Buffer out;
  for (const Buffer& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// A frame with every bit chosen: the first byte as given, masked with zeros unless told otherwise.
Buffer raw(uint8_t first, std::string_view payload, bool masked = true) {
  Buffer out = {first, static_cast<uint8_t>(payload.size() | (masked ? 0x80u : 0u))};
  if (masked) out.insert(out.end(), 4, 0);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

// RFC 6455, section 5.7.
TEST(WebSocket, ReadsTheExamplesOfTheRfc) {
  const Buffer masked_hello = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
  EXPECT_EQ(parse(masked_hello, 1).events, (std::vector<Event>{{Opcode::kText, "Hello"}}));
  EXPECT_EQ(frame_masked(Opcode::kText, as_bytes("Hello"), 0x37fa213d), masked_hello);

  const ParserOptions client{.from_client = false};
  const Buffer hello = {0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
  EXPECT_EQ(parse(hello, 1, client).events, (std::vector<Event>{{Opcode::kText, "Hello"}}));
  EXPECT_EQ(frame(Opcode::kText, as_bytes("Hello")), hello);

  const Buffer fragmented = {0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f};
  EXPECT_EQ(parse(fragmented, 1, client).events, (std::vector<Event>{{Opcode::kText, "Hello"}}));

  const Buffer ping = {0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
  EXPECT_EQ(parse(ping, 7, client).events, (std::vector<Event>{{Opcode::kPing, "Hello"}}));
  const Buffer pong = {0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
  EXPECT_EQ(parse(pong, 7).events, (std::vector<Event>{{Opcode::kPong, "Hello"}}));

  const Buffer medium = frame(Opcode::kBinary, Buffer(256, 7));
  EXPECT_EQ((Buffer{medium.begin(), medium.begin() + 4}), (Buffer{0x82, 0x7e, 0x01, 0x00}));
  const Buffer large = frame(Opcode::kBinary, Buffer(65536, 7));
  EXPECT_EQ((Buffer{large.begin(), large.begin() + 10}), (Buffer{0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(WebSocket, AcceptKeyIsTheOneOfTheRfc) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, LengthsAroundEachEncodingArriveWhole) {
  for (const size_t size : std::initializer_list<size_t>{0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 70001}) {
    Buffer payload(size);
    for (size_t i = 0; i < size; ++i) payload[i] = static_cast<uint8_t>(i * 31);
    const Buffer masked = frame_masked(Opcode::kBinary, payload, 0x01f7c3ee);
    for (const size_t piece : {size_t{1}, size_t{4096}, masked.size()}) {
      const Outcome outcome = parse(masked, piece);
      ASSERT_EQ(outcome.events.size(), 1u) << size;
      EXPECT_EQ(outcome.events[0].payload, as_text(payload));
    }
    const Buffer plain = frame(Opcode::kBinary, payload);
    EXPECT_EQ(plain.size(), frame_header_size(size) + size);
    EXPECT_EQ(parse(plain, plain.size(), {.from_client = false}).events.at(0).payload, as_text(payload));
  }
}

TEST(WebSocket, ControlFramesComeBetweenFragments) {
  const Buffer bytes =
      joined({raw(0x02, "ab"), raw(0x89, "ping"), raw(0x00, "cd"), raw(0x8a, ""), raw(0x00, ""),
              raw(0x80, "e"), raw(0x82, "next"), raw(0x88, std::string("\x03\xe8", 2) + "bye")});
  const std::vector<Event> expected = {{Opcode::kPing, "ping"},
                                       {Opcode::kPong, ""},
                                       {Opcode::kBinary, "abcde"},
                                       {Opcode::kBinary, "next"},
                                       {Opcode::kClose, "bye", 1000}};
  for (size_t piece = 1; piece <= bytes.size(); ++piece) EXPECT_EQ(parse(bytes, piece).events, expected);
}

TEST(WebSocket, CloseWithoutACodeIs1005AndNothingFollowsAClose) {
  const Buffer bytes = joined({raw(0x88, ""), raw(0x82, "late"), {0xff, 0xff}});
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    const Outcome outcome = parse(bytes, piece);
    EXPECT_EQ(outcome.events, (std::vector<Event>{{Opcode::kClose, "", kNoStatus}}));
    EXPECT_EQ(outcome.error, 0);
  }
}

struct Violation {
  const char* what;
  Buffer bytes;
  uint16_t close_code;
};

TEST(WebSocket, EveryViolationHasItsCloseCode) {
  const Buffer long_ping = {0x89, 0xfe, 0x00, 0x7e};
  const auto close = [](std::initializer_list<uint8_t> payload) {
    return raw(0x88, std::string(payload.begin(), payload.end()));
  };
  const std::vector<Violation> violations = {
      {"not masked", raw(0x82, "a", false), 1002},
      {"reserved bit 1", raw(0xc2, "a"), 1002},
      {"reserved bit 2", raw(0xa2, "a"), 1002},
      {"reserved bit 3", raw(0x92, "a"), 1002},
      {"opcode 3", raw(0x83, "a"), 1002},
      {"opcode 7", raw(0x87, "a"), 1002},
      {"opcode 11", raw(0x8b, "a"), 1002},
      {"opcode 15", raw(0x8f, "a"), 1002},
      {"fragmented ping", raw(0x09, "a"), 1002},
      {"fragmented close", raw(0x08, ""), 1002},
      {"ping of 126 bytes", long_ping, 1002},
      {"continues nothing", raw(0x80, "a"), 1002},
      {"continues nothing, more to come", raw(0x00, "a"), 1002},
      {"text inside a fragmented message", joined({raw(0x01, "a"), raw(0x81, "b")}), 1002},
      {"binary inside a fragmented message", joined({raw(0x02, "a"), raw(0x02, "b")}), 1002},
      {"length 125 in 16 bits", {0x82, 0xfe, 0x00, 0x7d, 0, 0, 0, 0}, 1002},
      {"length 65535 in 64 bits", {0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}, 1002},
      {"length of 64 bits", {0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1002},
      {"half a close code", close({0x03}), 1002},
      {"close code 0", close({0x00, 0x00}), 1002},
      {"close code 999", close({0x03, 0xe7}), 1002},
      {"close code 1004", close({0x03, 0xec}), 1002},
      {"close code 1005", close({0x03, 0xed}), 1002},
      {"close code 1006", close({0x03, 0xee}), 1002},
      {"close code 1015", close({0x03, 0xf7}), 1002},
      {"close code 2999", close({0x0b, 0xb7}), 1002},
      {"close code 5000", close({0x13, 0x88}), 1002},
      {"close reason not UTF-8", close({0x03, 0xe8, 0xc3, 0x28}), 1007},
      {"text not UTF-8", raw(0x81, "\xc3\x28"), 1007},
      {"text with a surrogate", raw(0x81, "\xed\xa0\x80"), 1007},
      {"fragmented text not UTF-8", joined({raw(0x01, "\xc3"), raw(0x80, "\x28")}), 1007},
      {"text that ends inside a character", joined({raw(0x01, "a"), raw(0x80, "\xe2\x82")}), 1007},
      {"1001 bytes of 1000", frame_masked(Opcode::kBinary, Buffer(1001), 1), 1009},
      {"1001 bytes in fragments",
       joined({raw(0x02, std::string(120, 'a')), raw(0x00, std::string(125, 'a')),
               frame_masked(Opcode::kPing, {}, 1),
               [] {
                 Buffer big = frame_masked(Opcode::kBinary, Buffer(756), 1);
                 big[0] = 0x80;
                 return big;
               }()}),
       1009},
  };
  const ParserOptions options{.message_bytes_max = 1000};
  for (const Violation& violation : violations) {
    for (size_t piece = 1; piece <= violation.bytes.size(); ++piece) {
      EXPECT_EQ(parse(violation.bytes, piece, options).error, violation.close_code) << violation.what;
    }
  }
  EXPECT_EQ(parse(raw(0x82, "a"), 10, {.from_client = false}).error, 1002) << "a masked frame from a server";
}

TEST(WebSocket, ACharacterMayBeSplitBetweenFragments) {
  const Buffer bytes = joined({raw(0x01, "\xe2"), raw(0x00, "\x82"), raw(0x80, "\xac")});
  EXPECT_EQ(parse(bytes, 3).events, (std::vector<Event>{{Opcode::kText, "\xe2\x82\xac"}}));
}

TEST(WebSocket, AcceptableCloseCodesArriveWithTheirReason) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4400, 4999}) {
    const Buffer plain = frame_close(static_cast<uint16_t>(code), "why");
    const Outcome outcome = parse(plain, 1, {.from_client = false});
    EXPECT_EQ(outcome.events, (std::vector<Event>{{Opcode::kClose, "why", static_cast<uint16_t>(code)}}));
  }
}

TEST(WebSocket, CloseReasonsAreCutAtACharacter) {
  const Buffer exact = frame_close(1000, std::string(123, 'a'));
  EXPECT_EQ(exact.size(), 127u);
  const std::string euros = std::string(121, 'a') + "\xe2\x82\xac";
  EXPECT_EQ(parse(frame_close(1000, euros), 200, {.from_client = false}).events.at(0).payload,
            std::string(121, 'a'));
}

// A length is refused with its header: nothing of the payload has to arrive, and none of it is kept.
TEST(WebSocket, AnOversizedLengthIsRefusedBeforeItsPayload) {
  FrameParser parser({.message_bytes_max = 1u << 20});
  const Buffer header = {0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0};  // 4 GiB, not even the mask has arrived
  parser.feed(header);
  EXPECT_FALSE(parser.next());
  EXPECT_EQ(parser.close_code(), kMessageTooBig);
  parser.feed(Buffer(1000, 0));
  EXPECT_EQ(parser.buffered_bytes(), 0u);
  EXPECT_EQ(parser.capacity_bytes(), 0u);
}

TEST(WebSocket, MemoryOfABigMessageIsReturned) {
  Buffer first = frame_masked(Opcode::kBinary, Buffer(8u << 20, 1), 0xdeadbeef);
  Buffer fragment = first;
  fragment[0] = 0x02;  // not the last
  for (const Buffer& bytes : {first, joined({fragment, raw(0x80, "end")})}) {
    FrameParser parser(ParserOptions{});
    for (size_t at = 0; at < bytes.size(); at += 65536) {
      parser.feed(Bytes(bytes).subspan(at, std::min<size_t>(65536, bytes.size() - at)));
    }
    const auto message = parser.next();
    ASSERT_TRUE(message && *message);
    EXPECT_GE((*message)->payload.size(), 8u << 20);
    const auto after = parser.next();
    ASSERT_TRUE(after && !*after);
    EXPECT_EQ(parser.buffered_bytes(), 0u);
    EXPECT_LE(parser.capacity_bytes(), 64u << 10);
  }
}

// The same messages, cut into random fragments, masks and pieces, arrive as the same messages.
TEST(WebSocket, RandomCutsGiveTheSameMessages) {
  constexpr uint64_t kSeed = 20240607;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Prng prng(kSeed);
  for (int round = 0; round < 300; ++round) {
    Buffer wire;
    std::vector<Event> expected;
    const uint64_t count = 1 + prng.below(6);
    for (uint64_t i = 0; i < count; ++i) {
      std::string payload(prng.below(prng.below(8) == 0 ? 70000 : 300), '\0');
      for (char& c : payload) c = static_cast<char>(prng.next());
      size_t at = 0;
      bool first = true;
      for (bool fin = false; !fin; first = false) {
        const size_t size = prng.below(payload.size() - at + 1);
        fin = at + size == payload.size();
        const Bytes part = as_bytes(payload).subspan(at, size);
        Buffer bytes = frame_masked(first ? Opcode::kBinary : Opcode::kContinuation, part,
                                    static_cast<uint32_t>(prng.next()));
        if (!fin) bytes[0] &= 0x7f;
        wire.insert(wire.end(), bytes.begin(), bytes.end());
        at += size;
        if (!fin && prng.below(4) == 0) {
          const Buffer ping = frame_masked(Opcode::kPing, as_bytes("?"), static_cast<uint32_t>(prng.next()));
          wire.insert(wire.end(), ping.begin(), ping.end());
          expected.push_back({Opcode::kPing, "?"});
        }
      }
      expected.push_back({Opcode::kBinary, payload});
    }
    const Outcome outcome = parse(wire, 1 + prng.below(wire.size()));
    ASSERT_EQ(outcome.error, 0);
    ASSERT_EQ(outcome.events, expected);
  }
}

}  // namespace
}  // namespace symphony::ws
