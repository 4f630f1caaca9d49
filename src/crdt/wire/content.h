// The contents of items as they lie on the wire (Yjs content refs), validated once and then kept as raw
// bytes.
//
// Functions named skip_* read one value and check it completely: lengths against what is left, UTF-8, JSON
// grammar, nesting. On the first fault they fail the reader and say what is wrong (nullptr: nothing, or the
// bytes just end). After that, the same bytes may be walked without checks.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/varint.h"
#include "symphony/types.h"

namespace symphony::crdt {

// Content refs of update v1 (Yjs: structs/Item.js, contentRefs). 0 and 10 are structs of their own.
enum ContentRef : uint8_t {
  kGc = 0,
  kDeleted = 1,
  kJson = 2,
  kBinary = 3,
  kString = 4,
  kEmbed = 5,
  kFormat = 6,
  kType = 7,
  kAny = 8,
  kDoc = 9,
  kSkip = 10,
};

// Tags of lib0's writeAny.
enum class AnyTag : uint8_t {
  kUint8Array = 116,
  kArray = 117,
  kObject = 118,
  kString = 119,
  kTrue = 120,
  kFalse = 121,
  kBigInt = 122,
  kFloat64 = 123,
  kFloat32 = 124,
  kInteger = 125,
  kNull = 126,
  kUndefined = 127,
};

inline constexpr uint8_t kTypeRefMax = 6;  // YXmlText; 7 and above are not Yjs 13's
inline constexpr uint8_t kTypeRefText = 2;
inline constexpr uint8_t kTypeRefXmlText = 6;
inline constexpr uint8_t kTypeRefNone = 255;  // of a root that nobody has asked for as a kind of its own
inline constexpr uint8_t kTypeRefXmlElement = 3;
inline constexpr uint8_t kTypeRefXmlHook = 5;

// Counted in the length of a type and visible in its list. Format marks and deleted runs are not.
inline constexpr bool is_countable(uint8_t ref) { return ref != kDeleted && ref != kFormat && ref != kGc; }

// Neighbours of these kinds join into one item; the others always have length 1.
inline constexpr bool is_mergeable(uint8_t ref) {
  return ref == kDeleted || ref == kJson || ref == kString || ref == kAny;
}

// One lib0 `any` value, at most `depth_max` containers deep.
const char* skip_any(Reader& in, size_t depth_max);

// A varString of valid UTF-8.
const char* skip_utf8(Reader& in);

// A varString that JSON.parse accepts, at most `depth_max` containers deep. `undefined_too`: also the word
// undefined, which stands for that value in ContentJSON.
const char* skip_json(Reader& in, size_t depth_max, bool undefined_too = false);

// Walks `count` elements of validated ContentAny or ContentJSON bytes; the byte offset behind them.
size_t elements_size(uint8_t ref, Bytes elements, size_t count);

}  // namespace symphony::crdt
