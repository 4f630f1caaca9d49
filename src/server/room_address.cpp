#include "server/room_address.h"

#include <optional>

#include "base/utf8.h"

namespace symphony {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// U+0000 to U+001F, U+007F, and U+0080 to U+009F (C2 80 to C2 9F).
bool has_control_characters(std::string_view utf8) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<uint8_t>(utf8[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < utf8.size() && static_cast<uint8_t>(utf8[i + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

std::string_view path_of(std::string_view target) { return target.substr(0, target.find_first_of("?#")); }

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) return fail(Code::kInvalid, "a '%' in the path is not followed by two hex digits");
    decoded.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return decoded;
}

std::string query_value(std::string_view target, std::string_view key) {
  const size_t start = target.find('?');
  if (start == std::string_view::npos) return {};
  std::string_view query = target.substr(start + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == key && equals < pair.size()) {
      return percent_decode(pair.substr(equals + 1)).value_or("");
    }
  }
  return {};
}

Result<RoomAddress> parse_room_address(std::string_view target) {
  constexpr std::string_view kPrefix = "/rooms/";
  std::string_view path = path_of(target);
  if (path.starts_with(kPrefix)) {
    path.remove_prefix(kPrefix.size());
  } else if (path == "/rooms") {
    path = {};
  } else if (path.starts_with('/')) {
    path.remove_prefix(1);
  } else {
    return fail(Code::kInvalid, "the request target must be a path: connect to ws://<host>/rooms/<room id>");
  }
  auto id = percent_decode(path);
  if (!id) return tl::unexpected(id.error());
  if (id->empty()) {
    return fail(Code::kInvalid, "the address names no room: connect to ws://<host>/rooms/<room id>");
  }
  if (id->size() > kRoomIdBytesMax) {
    return fail(Code::kInvalid,
                "a room id has at most 255 bytes of UTF-8; this one has " + std::to_string(id->size()));
  }
  if (!is_utf8(as_bytes(*id))) {
    return fail(Code::kInvalid, "a room id must be valid UTF-8 (percent-encoded in the address)");
  }
  if (has_control_characters(*id)) {
    return fail(Code::kInvalid, "a room id must not contain control characters");
  }
  return RoomAddress{std::move(*id), query_value(target, "acks") == "1", query_value(target, "echo") == "1"};
}

}  // namespace symphony
