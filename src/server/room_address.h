// Which room a request target names.
//
//   /rooms/<room id>   the documented address
//   /<room id>         the same room: apps of y-websocket usually give the provider just ws://host:port
//
// The id is the rest of the path, slashes included, percent-decoded: 1 to 255 bytes of UTF-8 without control
// characters. A room whose id itself begins with "rooms/" is reached as /rooms/rooms/...
#pragma once

#include <string>
#include <string_view>

#include "symphony/types.h"

namespace symphony {

inline constexpr size_t kRoomIdBytesMax = 255;

struct RoomAddress {
  std::string id;
  bool acks = false;  // the query asks for acknowledgements: acks=1
  bool echo = false;  // the query asks for its own updates back once they are durable: echo=1
};

// kInvalid with a sentence for the app's developer.
Result<RoomAddress> parse_room_address(std::string_view target);

// The part of a target before '?' or '#'.
std::string_view path_of(std::string_view target);

// kInvalid if a '%' is not followed by two hex digits.
Result<std::string> percent_decode(std::string_view text);

// The value of `key` in the target's query, percent-decoded; empty if it is absent or malformed.
std::string query_value(std::string_view target, std::string_view key);

}  // namespace symphony
