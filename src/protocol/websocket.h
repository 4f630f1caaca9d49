// WebSocket (RFC 6455) without I/O, server and client side: bytes in, events out; messages in, frames out.
//
// The server uses FrameParser on what a client sends and frame_*() for what it answers. A server's frames are
// unmasked and so equal for every receiver: a broadcast is framed once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "symphony/types.h"

namespace symphony::ws {

enum class Opcode : uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// Close codes of RFC 6455 and its registry that we send, and ours. 4400 to 4499: do not retry.
enum CloseCode : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kNoStatus = 1005,  // never on the wire: the peer's close frame had no code
  kInvalidPayload = 1007,
  kPolicyViolation = 1008,
  kMessageTooBig = 1009,
  kInternalError = 1011,
  kServiceRestart = 1012,
  kTryAgainLater = 1013,
  kBadRequest = 4400,
};

struct ParserOptions {
  bool from_client = true;               // frames must be masked (a server reading); false: must not be
  size_t message_bytes_max = 64u << 20;  // a whole message, fragments together
};

// What the peer sent: a whole message (fragments joined), or a control frame.
struct Message {
  Opcode opcode;        // kText, kBinary, kClose, kPing or kPong
  Bytes payload;        // unmasked; of a kClose the reason; valid until the next call of the parser
  uint16_t close_code;  // kClose only; 1005 if the peer gave none
};

// Incremental. feed() takes what a socket read gave; next() gives messages until it needs more bytes. An
// error is final: its close code (see close_code()) goes to the peer and the connection ends. After a close
// frame the peer may send nothing more, so whatever follows it is dropped.
//
// A length is judged when its frame's header is complete, before the payload has been received. A message in
// one frame is unmasked where it was received and never copied again; fragments are joined in a second
// buffer. Both buffers return their memory after a big message.
class FrameParser {
 public:
  explicit FrameParser(const ParserOptions& options);

  // Appends received bytes. The view is only used during the call.
  void feed(Bytes bytes);

  // The next message; nullopt: more bytes are needed; an error: the peer broke the protocol.
  Result<std::optional<Message>> next();

  // The close code that belongs to the error next() gave (1002, 1007 or 1009); 0: no error.
  uint16_t close_code() const { return close_code_; }

  // Bytes held that are not part of a returned message.
  size_t buffered_bytes() const;

  // Memory held, used or not.
  size_t capacity_bytes() const { return in_.capacity() + message_.capacity(); }

 private:
  struct Header {
    Opcode opcode;
    bool fin;
    bool masked;
    uint8_t size;  // of the header itself
    uint64_t payload_bytes;
    uint8_t mask[4];
  };

  Result<std::optional<Header>> read_header();
  Result<void> check_header(const Header& header);
  Result<std::optional<Message>> whole_message(Opcode opcode, Bytes payload);
  Result<std::optional<Message>> close_message(Bytes payload);
  tl::unexpected<Error> broken(uint16_t close_code, std::string message);
  void release_consumed();

  ParserOptions options_;
  Buffer in_;                                      // received, not yet consumed
  size_t consumed_ = 0;                            // of in_
  Buffer message_;                                 // fragments of the current message
  Opcode message_opcode_ = Opcode::kContinuation;  // kContinuation: no message is open
  bool message_returned_ = false;                  // message_ was given out by the last next()
  bool closed_ = false;                            // a close frame was returned
  uint16_t close_code_ = 0;
  std::string error_;
};

// Bytes of an unmasked frame's header before a payload of that size.
size_t frame_header_size(uint64_t payload_bytes);

// Appends the header of an unfragmented, unmasked frame; exactly `payload_bytes` bytes must follow.
void write_frame_header(Buffer& out, Opcode opcode, uint64_t payload_bytes);

// One unfragmented, unmasked frame.
Buffer frame(Opcode opcode, Bytes payload);

// A close frame with code and reason (cut to 123 bytes at a character boundary).
Buffer frame_close(uint16_t code, std::string_view reason);

// One masked frame, as a client sends it (tests, benchmarks, `symphony bench`).
Buffer frame_masked(Opcode opcode, Bytes payload, uint32_t mask);

// Sec-WebSocket-Accept for a client's Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

}  // namespace symphony::ws
