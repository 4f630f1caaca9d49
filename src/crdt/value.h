// A JavaScript value as contents carry it, for reading: out of lib0's `any` or JSON text, into JSON text or
// what String(value) gives. Strings are UTF-8, except that half a surrogate pair is kept as its three-byte
// form (WTF-8), since JavaScript strings can hold one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/varint.h"
#include "symphony/types.h"

namespace symphony::crdt {

struct Value {
  enum class Kind : uint8_t {
    kUndefined,
    kNull,
    kFalse,
    kTrue,
    kNumber,
    kBigInt,
    kString,
    kBytes,
    kArray,
    kObject
  };

  Kind kind = Kind::kUndefined;
  double number = 0;
  int64_t big_int = 0;
  std::string text;             // kString; kBytes: the bytes
  std::vector<Value> elements;  // kArray
  struct Member;
  std::vector<Member> members;  // kObject, in JavaScript's property order

  // Adds a property where JavaScript would: integer-like keys first, ascending; a key that is there keeps its
  // place.
  void set(std::string key, Value value);
};

struct Value::Member {
  std::string key;
  Value value;
};

// One validated `any` value. Recursion is bounded by DocLimits::any_depth_max.
Value read_any(Reader& in);

// Validated JSON text.
Value parse_json(std::string_view text);

// JSON.stringify(value); "" for undefined. A bigint, which JSON.stringify refuses, is written as its
// digits.
void write_json(std::string& out, const Value& value);

// A JSON string literal as JSON.stringify writes it.
void write_json_string(std::string& out, std::string_view text);

// String(value).
std::string to_js_string(const Value& value);

// Number.prototype.toString.
std::string js_number(double number);

// Whether JavaScript orders this property key as an array index; its number if so.
bool is_index_key(std::string_view key, uint64_t& index);

}  // namespace symphony::crdt
