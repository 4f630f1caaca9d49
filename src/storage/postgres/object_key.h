// The keys of snapshots in an object store: rooms/<SHA-256 of the room's name>/<epoch>-<seq>-<tag>, all in
// hex or decimal as text() has it.
//
// The tag is the state's checksum: a retry with the same bytes finds its own object, one with other bytes a
// key that is free. Should the object there be damaged, or another with the same checksum, a count goes in
// front of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace symphony::postgres {

inline constexpr std::string_view kObjectPrefix = "rooms/";

struct ObjectKey {
  std::string room_hash;  // in lower-case hex
  uint64_t epoch = 0;
  uint64_t seq = 0;
  uint64_t tag = 0;

  static ObjectKey of(std::string_view room, uint64_t epoch, uint64_t seq, uint64_t tag);
  // Nothing if it is not one of ours.
  static std::optional<ObjectKey> parse(std::string_view key);

  // "rooms/<hash>/"
  std::string folder() const;
  std::string text() const;
};

}  // namespace symphony::postgres
