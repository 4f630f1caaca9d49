// Any bytes as awareness updates: refused ones leave no trace, and what an Awareness says about everybody
// makes another one say the same.
//
// Input: { u8 milliseconds times 256 that pass, u16 little-endian length, that many bytes }*
#include <algorithm>
#include <vector>

#include "base/assert.h"
#include "base/json.h"
#include "crdt/awareness/awareness_codec.h"
#include "symphony/awareness.h"

using namespace symphony;

namespace {

void check_codec(Bytes update) {
  std::vector<AwarenessEntry> entries;
  if (!decode_awareness(update, entries)) return;
  Buffer again;
  encode_awareness(again, entries);
  std::vector<AwarenessEntry> same;
  ASSERT(decode_awareness(again, same).has_value());
  ASSERT(std::ranges::equal(entries, same, [](const AwarenessEntry& a, const AwarenessEntry& b) {
    return a.client == b.client && a.clock == b.clock && std::ranges::equal(a.state, b.state);
  }));
}

Buffer everybody(const Awareness& awareness) { return *awareness.encode_update(awareness.clients()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  AwarenessOptions options;
  options.client_id = 1;
  options.clients_max = 8;
  options.state_bytes_max = 64;
  Awareness awareness(options, 0);
  int64_t now_ms = 0;
  Bytes input(data, size);
  while (input.size() > 3) {
    now_ms += int64_t{input[0]} * 256;
    const size_t length = std::min(input[1] + size_t{256} * input[2], input.size() - 3);
    const Bytes update = input.subspan(3, length);
    input = input.subspan(3 + length);
    check_codec(update);
    awareness.tick(now_ms);
    ASSERT(awareness.next_tick_ms() > now_ms);
    const Buffer before = everybody(awareness);
    const auto event = awareness.apply_update(update, now_ms);
    if (!event) {
      ASSERT(!event.error().message.empty());
      ASSERT(everybody(awareness) == before);
      continue;
    }
    ASSERT(awareness.clients().size() <= options.clients_max);
    ASSERT(awareness.encode_update(event->clients()).has_value());
  }
  for (const uint64_t client : awareness.clients()) {
    const std::string_view state = *awareness.state(client);
    ASSERT(is_json(as_bytes(state), 64));
  }

  // Heard by somebody new. Whoever is at clock 0 or says null is nobody to him.
  options.client_id = uint64_t{1} << 60;
  options.clients_max = 16;
  Awareness other(options, now_ms);
  ASSERT(other.apply_update(everybody(awareness), now_ms).has_value());
  for (const uint64_t client : other.clients()) {
    if (client != options.client_id) ASSERT(other.state(client) == awareness.state(client));
  }
  return 0;
}
