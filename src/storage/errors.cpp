#include "storage/errors.h"

#include <chrono>

#include "base/utf8.h"

namespace symphony::storage {

std::string quoted(std::string_view room) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool utf8 = is_utf8({reinterpret_cast<const uint8_t*>(room.data()), room.size()});
  std::string out = "\"";
  for (const char c : room) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\' || (byte >= 0x80 && !utf8)) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}

Result<void> check_epoch(std::string_view room, uint64_t epoch, uint64_t present) {
  if (epoch != 0 && epoch == present) return {};
  return fail(Code::kConflict, "room " + quoted(room) + " has another owner since: epoch " +
                                   std::to_string(epoch) + " is over, the present one is " +
                                   std::to_string(present));
}

Result<void> check_slot(std::string_view room, uint64_t seq, uint64_t newest) {
  if (seq == newest + 1) return {};
  const std::string slot = "slot " + std::to_string(seq) + " of room " + quoted(room);
  if (seq <= newest)
    return fail(Code::kConflict, slot + " is taken: the newest is " + std::to_string(newest));
  return fail(Code::kConflict, slot + " would leave a gap: the newest is " + std::to_string(newest));
}

Result<void> check_snapshot(std::string_view room, uint64_t seq, uint64_t snapshot_seq, uint64_t newest) {
  const std::string what = "a snapshot of room " + quoted(room) + " at slot " + std::to_string(seq);
  if (seq == 0 || seq > newest) {
    return fail(Code::kConflict,
                what + " covers what was never stored: the newest is " + std::to_string(newest));
  }
  if (seq < snapshot_seq) {
    return fail(Code::kConflict, what + " is older than the one at slot " + std::to_string(snapshot_seq));
  }
  return {};
}

Result<void> check_name(std::string_view room) {
  if (room.empty()) return fail(Code::kInvalid, "a room's name has at least one byte");
  return {};
}

int64_t unix_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace symphony::storage
