// The messages of the y-websocket dialect, as its clients of versions 1 to 4 speak it (docs/protocol.md).
//
//   00 00 varBytes(state vector)   sync step 1     01 varBytes(entries)   awareness
//   00 01 varBytes(update)         sync step 2     02 00 varString        permission denied (server to
//   client) 00 02 varBytes(update)         update          03                     query awareness 50
//   varUint(n)                  ours: the first n document messages are durable (only to who asked for it)
//
// A frame from a client may hold several messages. A frame to a client holds exactly one: clients of versions
// 1 to 3 read only the first.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/shared_buffer.h"
#include "symphony/types.h"

namespace symphony {

enum class MessageType : uint8_t {
  kSyncStep1,
  kSyncStep2,
  kUpdate,
  kAwareness,
  kPermissionDenied,
  kQueryAwareness,
  kDurable,
  kUnknown,  // an application's own type; as its shape is not known, it takes the rest of its frame
};

struct SyncMessage {
  MessageType type = MessageType::kUnknown;
  Bytes payload;       // state vector, update, awareness entries or reason; a view of the frame
  uint64_t count = 0;  // kDurable only
};

// Reads the messages of one frame, each once.
class MessageReader {
 public:
  // `frame` outlives the reader and the messages.
  explicit MessageReader(Bytes frame) : rest_(frame) {}

  bool at_end() const { return rest_.empty(); }

  // The next message, nullopt at the end of the frame, kInvalid if a message of a known type is malformed
  // (final).
  Result<std::optional<SyncMessage>> next();

 private:
  Bytes rest_;
};

// The one message, appended as it is, without a WebSocket frame. `type` is kSyncStep1, kSyncStep2, kUpdate or
// kAwareness.
void write_message(Buffer& out, MessageType type, Bytes payload);

// The same as a whole unmasked WebSocket message: what a server sends, built in one allocation.
Buffer frame_message(MessageType type, Bytes payload);
// The same around a large payload, which is moved a few bytes instead of copied if it has the capacity.
Buffer frame_around(MessageType type, Buffer payload);
Buffer frame_permission_denied(std::string_view reason);
Buffer frame_durable(uint64_t count);

// A frame that says nothing, for clients that close a connection on which no message arrives (an awareness
// message without entries: every client version takes it without a word). Always the same buffer.
const SharedBuffer& keep_alive_frame();

}  // namespace symphony
