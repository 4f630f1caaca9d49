// Properties: a frame's messages, written again, are read as the same messages; text that is JSON stays JSON
// inside an array, and what is not, does not.
#include <algorithm>

#include "base/assert.h"
#include "base/json.h"
#include "protocol/sync.h"

namespace {

using namespace symphony;

bool equal(Bytes a, Bytes b) { return std::ranges::equal(a, b); }

bool is_writable(MessageType type) {
  return type == MessageType::kSyncStep1 || type == MessageType::kSyncStep2 || type == MessageType::kUpdate ||
         type == MessageType::kAwareness || type == MessageType::kPermissionDenied;
}

void check_json(Bytes text) {
  Buffer wrapped = {'['};
  wrapped.insert(wrapped.end(), text.begin(), text.end());
  wrapped.push_back(']');
  if (is_json(text, 63)) {
    ASSERT(is_json(wrapped, 64));
    const Buffer pair = [&] {
      Buffer out(wrapped.begin(), wrapped.end() - 1);
      out.push_back(',');
      out.insert(out.end(), wrapped.begin() + 1, wrapped.end());
      return out;
    }();
    ASSERT(is_json(pair, 64));
    ASSERT(!is_json(Bytes(wrapped).first(wrapped.size() - 1), 64));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes frame(data, size);
  check_json(frame);

  MessageReader reader(frame);
  for (;;) {
    const auto message = reader.next();
    if (!message) {
      ASSERT(!message.error().message.empty());
      ASSERT(!*reader.next());
      return 0;
    }
    if (!*message) return 0;
    const SyncMessage& read = **message;
    ASSERT(read.payload.empty() ||
           (read.payload.data() >= data && read.payload.data() + read.payload.size() <= data + size));
    if (!is_writable(read.type)) continue;
    Buffer written;
    write_message(written, read.type, read.payload);
    MessageReader again(written);
    const auto same = again.next();
    ASSERT(same && *same && (*same)->type == read.type && equal((*same)->payload, read.payload));
    ASSERT(!*again.next());
  }
}
