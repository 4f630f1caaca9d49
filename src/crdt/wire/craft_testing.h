// Updates written by hand, struct by struct: what no client would send.
//
//   update({block(9, 0, {item(root("t"), text("x")), gc(3)})}, {{1, {{0, 2}}}})
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/wire/content.h"
#include "symphony/types.h"

namespace symphony::craft {

using Bits = std::vector<uint8_t>;
using Parts = std::vector<Bits>;

inline Bits operator+(Bits a, const Bits& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bits join(const Parts& parts) {
  Bits out;
  for (const Bits& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

inline Bits number(uint64_t value) {
  Bits out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value) | 0x80);
  out.push_back(static_cast<uint8_t>(value));
  return out;
}

inline Bits string(std::string_view bytes) { return number(bytes.size()) + Bits(bytes.begin(), bytes.end()); }

inline Bits repeat(size_t count, const Bits& part) {
  Bits out;
  for (size_t i = 0; i < count; ++i) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// --- where an item goes

struct Place {
  uint8_t flags = 0;
  Bits bytes;
};

inline Place root(std::string_view name) { return {0, Bits{1} + string(name)}; }
inline Place key(std::string_view name, std::string_view sub) {
  return {0x20, Bits{1} + string(name) + string(sub)};
}
inline Place inside(uint64_t client, uint64_t clock) { return {0, Bits{0} + number(client) + number(clock)}; }
inline Place after(uint64_t client, uint64_t clock) { return {0x80, number(client) + number(clock)}; }
inline Place before(uint64_t client, uint64_t clock) { return {0x40, number(client) + number(clock)}; }
inline Place between(const Place& left, const Place& right) { return {0xc0, left.bytes + right.bytes}; }

// --- contents

struct Content {
  uint8_t ref = 0;
  Bits payload;
};

inline Content deleted(uint64_t len) { return {crdt::kDeleted, number(len)}; }
inline Content json(const Parts& texts) { return {crdt::kJson, number(texts.size()) + join(texts)}; }
inline Content binary(std::string_view bytes) { return {crdt::kBinary, string(bytes)}; }
inline Content text(std::string_view utf8) { return {crdt::kString, string(utf8)}; }
inline Content embed(std::string_view json_text) { return {crdt::kEmbed, string(json_text)}; }
inline Content format(std::string_view name, std::string_view json_text) {
  return {crdt::kFormat, string(name) + string(json_text)};
}
inline Content type(uint64_t ref) { return {crdt::kType, number(ref)}; }
inline Content any(const Parts& values) { return {crdt::kAny, number(values.size()) + join(values)}; }
inline Content subdoc(std::string_view guid, const Bits& options) {
  return {crdt::kDoc, string(guid) + options};
}

inline const Bits kAnyNull{126};

// --- structs, blocks, updates

inline Bits item(const Place& place, const Content& content) {
  return Bits{static_cast<uint8_t>(content.ref | place.flags)} + place.bytes + content.payload;
}
inline Bits gc(uint64_t len) { return Bits{crdt::kGc} + number(len); }
inline Bits skip(uint64_t len) { return Bits{crdt::kSkip} + number(len); }

inline Bits block(uint64_t client, uint64_t clock, const Parts& structs) {
  return number(structs.size()) + number(client) + number(clock) + join(structs);
}

struct Deletes {
  uint64_t client = 0;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;  // clock, length
};

inline Bits update(const Parts& blocks, const std::vector<Deletes>& deletes = {}) {
  Bits out = number(blocks.size()) + join(blocks) + number(deletes.size());
  for (const Deletes& of : deletes) {
    out = std::move(out) + number(of.client) + number(of.ranges.size());
    for (const auto& [clock, len] : of.ranges) out = std::move(out) + number(clock) + number(len);
  }
  return out;
}

}  // namespace symphony::craft
