#include "protocol/websocket.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"
#include "protocol/sha1.h"

namespace symphony::ws {
namespace {

constexpr size_t kControlBytesMax = 125;

bool is_control(Opcode opcode) { return static_cast<uint8_t>(opcode) >= 8; }

bool is_known(uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// Codes a peer may put on the wire: those of the registry, and 3000 to 4999 for libraries and applications.
bool is_close_code(uint16_t code) {
  if (code >= 3000) return code < 5000;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

// XORs with the 4-byte mask, eight bytes at a time. The mask bytes are in wire order.
void apply_mask(uint8_t* at, size_t size, const uint8_t* mask) {
  uint8_t twice[8];
  std::memcpy(twice, mask, 4);
  std::memcpy(twice + 4, mask, 4);
  uint64_t wide;
  std::memcpy(&wide, twice, 8);
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, at + i, 8);
    word ^= wide;
    std::memcpy(at + i, &word, 8);
  }
  for (; i < size; ++i) at[i] ^= mask[i & 3];
}

// With its memory: most connections are silent most of the time, and there are many.
void reset(Buffer& buffer) { Buffer().swap(buffer); }

void write_length(Buffer& out, uint64_t payload_bytes, uint8_t mask_bit) {
  size_t extra = 0;
  if (payload_bytes < 126) {
    out.push_back(static_cast<uint8_t>(payload_bytes) | mask_bit);
  } else if (payload_bytes <= 0xffff) {
    out.push_back(126 | mask_bit);
    extra = 2;
  } else {
    out.push_back(127 | mask_bit);
    extra = 8;
  }
  for (size_t i = extra; i > 0; --i) out.push_back(static_cast<uint8_t>(payload_bytes >> (8 * (i - 1))));
}

}  // namespace

FrameParser::FrameParser(const ParserOptions& options) : options_(options) {}

void FrameParser::feed(Bytes bytes) {
  release_consumed();
  if (closed_ || close_code_ != 0) return;
  in_.insert(in_.end(), bytes.begin(), bytes.end());
}

size_t FrameParser::buffered_bytes() const {
  return in_.size() - consumed_ + (message_returned_ ? 0 : message_.size());
}

// Forgets what was returned. Moving the rest to the front costs no more than what was consumed before it.
void FrameParser::release_consumed() {
  if (message_returned_) {
    reset(message_);
    message_returned_ = false;
  }
  if (consumed_ == 0) return;
  if (consumed_ == in_.size()) {
    reset(in_);
    consumed_ = 0;
  } else if (consumed_ >= in_.size() - consumed_) {
    in_ = Buffer(in_.begin() + static_cast<ptrdiff_t>(consumed_), in_.end());
    consumed_ = 0;
  }
}

tl::unexpected<Error> FrameParser::broken(uint16_t close_code, std::string message) {
  close_code_ = close_code;
  error_ = message;
  Buffer().swap(in_);
  Buffer().swap(message_);
  consumed_ = 0;
  return fail(close_code == kMessageTooBig ? Code::kLimit : Code::kInvalid, std::move(message));
}

Result<std::optional<Message>> FrameParser::next() {
  if (close_code_ != 0) return fail(close_code_ == kMessageTooBig ? Code::kLimit : Code::kInvalid, error_);
  for (;;) {
    release_consumed();
    if (closed_) {
      reset(in_);
      consumed_ = 0;
      return std::nullopt;
    }
    const auto parsed = read_header();
    if (!parsed) return tl::unexpected(parsed.error());
    if (!*parsed) return std::nullopt;
    const Header& header = **parsed;
    if (const auto ok = check_header(header); !ok) return tl::unexpected(ok.error());
    if (in_.size() - consumed_ - header.size < header.payload_bytes) return std::nullopt;

    uint8_t* const payload_at = in_.data() + consumed_ + header.size;
    const auto payload_bytes = static_cast<size_t>(header.payload_bytes);
    if (header.masked) apply_mask(payload_at, payload_bytes, header.mask);
    consumed_ += header.size + payload_bytes;
    const Bytes payload(payload_at, payload_bytes);

    if (header.opcode == Opcode::kClose) return close_message(payload);
    if (is_control(header.opcode)) return Message{header.opcode, payload, 0};
    if (header.fin && message_opcode_ == Opcode::kContinuation) return whole_message(header.opcode, payload);

    message_.insert(message_.end(), payload.begin(), payload.end());
    if (header.opcode != Opcode::kContinuation) message_opcode_ = header.opcode;
    if (!header.fin) continue;
    const Opcode opcode = message_opcode_;
    message_opcode_ = Opcode::kContinuation;
    message_returned_ = true;
    return whole_message(opcode, message_);
  }
}

// The header of the frame at consumed_; nullopt while it is incomplete.
Result<std::optional<FrameParser::Header>> FrameParser::read_header() {
  const uint8_t* const at = in_.data() + consumed_;
  const size_t have = in_.size() - consumed_;
  if (have < 1) return std::nullopt;
  if ((at[0] & 0x70) != 0) return broken(kProtocolError, "a reserved bit is set and no extension was agreed");
  if (!is_known(at[0] & 0x0f))
    return broken(kProtocolError, "unknown opcode " + std::to_string(at[0] & 0x0f));
  if (have < 2) return std::nullopt;

  Header header{};
  header.opcode = static_cast<Opcode>(at[0] & 0x0f);
  header.fin = (at[0] & 0x80) != 0;
  header.masked = (at[1] & 0x80) != 0;
  header.payload_bytes = at[1] & 0x7f;
  header.size = 2;
  if (header.payload_bytes >= 126) {
    const uint8_t extra = header.payload_bytes == 126 ? 2 : 8;
    if (is_control(header.opcode)) return broken(kProtocolError, "a control frame is longer than 125 bytes");
    if (have < size_t{2} + extra) return std::nullopt;
    uint64_t length = 0;
    for (size_t i = 0; i < extra; ++i) length = length << 8 | at[2 + i];
    if (length < 126 || (extra == 8 && length <= 0xffff)) {
      return broken(kProtocolError, "a frame's length is not in its shortest form");
    }
    if (length >> 63 != 0) return broken(kProtocolError, "a frame's length has its highest bit set");
    header.payload_bytes = length;
    header.size = static_cast<uint8_t>(2 + extra);
  }
  if (header.masked) {
    if (have < size_t{header.size} + 4) {
      // The length is known already: refuse it now, not four bytes later.
      if (const auto ok = check_header(header); !ok) return tl::unexpected(ok.error());
      return std::nullopt;
    }
    std::memcpy(header.mask, at + header.size, 4);
    header.size = static_cast<uint8_t>(header.size + 4);
  }
  return header;
}

Result<void> FrameParser::check_header(const Header& header) {
  if (header.masked != options_.from_client) {
    return broken(kProtocolError,
                  options_.from_client ? "a client's frame is not masked" : "a server's frame is masked");
  }
  if (is_control(header.opcode)) {
    if (!header.fin) return broken(kProtocolError, "a control frame is fragmented");
    return {};  // and not too long: read_header() saw to that
  }
  const bool message_open = message_opcode_ != Opcode::kContinuation;
  if (header.opcode == Opcode::kContinuation && !message_open) {
    return broken(kProtocolError, "a continuation frame continues nothing");
  }
  if (header.opcode != Opcode::kContinuation && message_open) {
    return broken(kProtocolError, "a new message begins inside a fragmented one");
  }
  const size_t before = message_open ? message_.size() : 0;
  if (header.payload_bytes > options_.message_bytes_max - before) {
    return broken(kMessageTooBig,
                  "a message is longer than " + std::to_string(options_.message_bytes_max) + " bytes");
  }
  return {};
}

Result<std::optional<Message>> FrameParser::whole_message(Opcode opcode, Bytes payload) {
  if (opcode == Opcode::kText && !is_utf8(payload)) {
    return broken(kInvalidPayload, "a text message is not valid UTF-8");
  }
  return Message{opcode, payload, 0};
}

Result<std::optional<Message>> FrameParser::close_message(Bytes payload) {
  if (payload.empty()) {
    closed_ = true;
    return Message{Opcode::kClose, {}, kNoStatus};
  }
  if (payload.size() == 1) return broken(kProtocolError, "a close frame holds half a close code");
  const auto code = static_cast<uint16_t>(payload[0] << 8 | payload[1]);
  if (!is_close_code(code))
    return broken(kProtocolError, "close code " + std::to_string(code) + " may not be sent");
  const Bytes reason = payload.subspan(2);
  if (!is_utf8(reason)) return broken(kInvalidPayload, "a close reason is not valid UTF-8");
  closed_ = true;
  return Message{Opcode::kClose, reason, code};
}

size_t frame_header_size(uint64_t payload_bytes) {
  if (payload_bytes < 126) return 2;
  return payload_bytes <= 0xffff ? 4 : 10;
}

void write_frame_header(Buffer& out, Opcode opcode, uint64_t payload_bytes) {
  out.push_back(0x80 | static_cast<uint8_t>(opcode));
  write_length(out, payload_bytes, 0);
}

Buffer frame(Opcode opcode, Bytes payload) {
  Buffer out;
  out.reserve(frame_header_size(payload.size()) + payload.size());
  write_frame_header(out, opcode, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

Buffer frame_close(uint16_t code, std::string_view reason) {
  size_t cut = std::min(reason.size(), kControlBytesMax - 2);
  while (cut < reason.size() && cut > 0 && (static_cast<uint8_t>(reason[cut]) & 0xc0) == 0x80) --cut;
  Buffer out;
  out.reserve(2 + 2 + cut);
  write_frame_header(out, Opcode::kClose, 2 + cut);
  out.push_back(static_cast<uint8_t>(code >> 8));
  out.push_back(static_cast<uint8_t>(code));
  const Bytes text = as_bytes(reason.substr(0, cut));
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

Buffer frame_masked(Opcode opcode, Bytes payload, uint32_t mask) {
  Buffer out;
  out.reserve(frame_header_size(payload.size()) + 4 + payload.size());
  out.push_back(0x80 | static_cast<uint8_t>(opcode));
  write_length(out, payload.size(), 0x80);
  const uint8_t mask_bytes[4] = {static_cast<uint8_t>(mask >> 24), static_cast<uint8_t>(mask >> 16),
                                 static_cast<uint8_t>(mask >> 8), static_cast<uint8_t>(mask)};
  out.insert(out.end(), mask_bytes, mask_bytes + 4);
  const size_t begin = out.size();
  out.insert(out.end(), payload.begin(), payload.end());
  apply_mask(out.data() + begin, payload.size(), mask_bytes);
  return out;
}

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const Sha1Digest digest = sha1(as_bytes(text));

  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < digest.size(); i += 3) {
    uint32_t three = 0;
    for (size_t j = 0; j < 3; ++j) three = three << 8 | (i + j < digest.size() ? digest[i + j] : uint32_t{0});
    for (int j = 3; j >= 0; --j) out += kAlphabet[three >> (6 * j) & 63];
  }
  out.back() = '=';  // 20 bytes end in two of three
  return out;
}

}  // namespace symphony::ws
