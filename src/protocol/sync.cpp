#include "protocol/sync.h"

#include <array>

#include "base/assert.h"
#include "base/varint.h"
#include "protocol/websocket.h"

namespace symphony {
namespace {

// First number of a message, and second of a sync message.
constexpr uint64_t kSync = 0;
constexpr uint64_t kAwareness = 1;
constexpr uint64_t kAuth = 2;
constexpr uint64_t kQueryAwareness = 3;
constexpr uint64_t kDurable = 0x50;
constexpr uint64_t kPermissionDenied = 0;

constexpr std::array kSyncTypes = {MessageType::kSyncStep1, MessageType::kSyncStep2, MessageType::kUpdate};

// The numbers before the payload of a message.
struct Prefix {
  std::array<uint8_t, 2> bytes;
  size_t size;
};

Prefix prefix_of(MessageType type) {
  switch (type) {
    case MessageType::kSyncStep1:
      return {{0, 0}, 2};
    case MessageType::kSyncStep2:
      return {{0, 1}, 2};
    case MessageType::kUpdate:
      return {{0, 2}, 2};
    case MessageType::kAwareness:
      return {{1}, 1};
    case MessageType::kPermissionDenied:
      return {{2, 0}, 2};
    default:
      break;
  }
  ASSERT(false);
}

void write_prefixed(Buffer& out, const Prefix& prefix, Bytes payload) {
  Writer writer(out);
  writer.bytes(Bytes(prefix.bytes).first(prefix.size));
  writer.var_bytes(payload);
}

}  // namespace

Result<std::optional<SyncMessage>> MessageReader::next() {
  if (rest_.empty()) return std::nullopt;
  Reader reader(rest_);
  SyncMessage message;
  switch (reader.read_var_uint()) {
    case kSync: {
      const uint64_t step = reader.read_var_uint();
      if (reader.ok() && step >= kSyncTypes.size()) {
        rest_ = {};
        return fail(Code::kInvalid, "sync message of unknown kind " + std::to_string(step));
      }
      message.payload = reader.read_var_bytes();
      if (reader.ok()) message.type = kSyncTypes[step];
      break;
    }
    case kAwareness:
      message.type = MessageType::kAwareness;
      message.payload = reader.read_var_bytes();
      break;
    case kQueryAwareness:
      message.type = MessageType::kQueryAwareness;
      break;
    case kAuth:
      if (reader.read_var_uint() != kPermissionDenied) break;
      message.type = MessageType::kPermissionDenied;
      message.payload = reader.read_var_bytes();
      break;
    case kDurable:
      message.type = MessageType::kDurable;
      message.count = reader.read_var_uint();
      break;
    default:
      break;
  }
  if (!reader.ok()) {
    rest_ = {};
    return fail(Code::kInvalid, "a message ends before its last field, or a number in it is too large");
  }
  if (message.type == MessageType::kUnknown) {
    message.payload = rest_;
    rest_ = {};
  } else {
    rest_ = rest_.subspan(reader.position());
  }
  return message;
}

void write_message(Buffer& out, MessageType type, Bytes payload) {
  write_prefixed(out, prefix_of(type), payload);
}

Buffer frame_message(MessageType type, Bytes payload) {
  const Prefix prefix = prefix_of(type);
  const size_t message_bytes = prefix.size + var_uint_size(payload.size()) + payload.size();
  Buffer out;
  out.reserve(ws::frame_header_size(message_bytes) + message_bytes);
  ws::write_frame_header(out, ws::Opcode::kBinary, message_bytes);
  write_prefixed(out, prefix, payload);
  return out;
}

Buffer frame_around(MessageType type, Buffer payload) {
  const Prefix prefix = prefix_of(type);
  const size_t message_bytes = prefix.size + var_uint_size(payload.size()) + payload.size();
  Buffer head;
  ws::write_frame_header(head, ws::Opcode::kBinary, message_bytes);
  Writer writer(head);
  writer.bytes(Bytes(prefix.bytes).first(prefix.size));
  writer.var_uint(payload.size());
  payload.insert(payload.begin(), head.begin(), head.end());
  return payload;
}

Buffer frame_permission_denied(std::string_view reason) {
  return frame_message(MessageType::kPermissionDenied, as_bytes(reason));
}

Buffer frame_durable(uint64_t count) {
  const size_t message_bytes = 1 + var_uint_size(count);
  Buffer out;
  out.reserve(ws::frame_header_size(message_bytes) + message_bytes);
  ws::write_frame_header(out, ws::Opcode::kBinary, message_bytes);
  Writer writer(out);
  writer.u8(kDurable);
  writer.var_uint(count);
  return out;
}

const SharedBuffer& keep_alive_frame() {
  static const SharedBuffer frame = share(frame_message(MessageType::kAwareness, Buffer{0}));
  return frame;
}

}  // namespace symphony
