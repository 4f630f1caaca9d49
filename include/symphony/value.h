// A JavaScript value, as shared types hold it beside other shared types: what JSON has, and undefined,
// bigints and bytes.
//
//   Value page = Value::object({{"title", "Notes"}, {"tags", Value::array({"a", 1, true, nullptr})}});
//   if (const Value* title = page.get("title")) use(title->text);
//
// Strings are UTF-8. JavaScript's strings can hold half a surrogate pair; such a half is kept as its
// three-byte form (WTF-8) and becomes U+FFFD where Yjs writes it as UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "symphony/types.h"

namespace symphony {

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
  struct Member;

  Kind kind = Kind::kUndefined;
  double number = 0;            // kNumber
  int64_t big_int = 0;          // kBigInt
  std::string text;             // kString; kBytes: the bytes
  std::vector<Value> elements;  // kArray
  std::vector<Member> members;  // kObject, in JavaScript's property order; change it with set()

  Value();                         // undefined
  Value(std::nullptr_t);           // NOLINT: values are written down as literals
  Value(const char* string);       // NOLINT
  Value(std::string string);       // NOLINT
  Value(std::string_view string);  // NOLINT
  template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>>
  Value(T scalar) {  // NOLINT: bool, or any number as JavaScript's double
    if constexpr (std::is_same_v<T, bool>) {
      kind = scalar ? Kind::kTrue : Kind::kFalse;
    } else {
      kind = Kind::kNumber;
      number = static_cast<double>(scalar);
    }
  }
  static Value bigint(int64_t number);
  static Value bytes(Bytes bytes);  // a Uint8Array
  static Value array(std::vector<Value> elements = {});
  static Value object(std::initializer_list<Member> members = {});

  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  bool is_undefined() const { return kind == Kind::kUndefined; }
  bool is_null() const { return kind == Kind::kNull; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_object() const { return kind == Kind::kObject; }

  // The property `key` of an object; nullptr if there is none. Linear.
  const Value* get(std::string_view key) const;

  // Gives an object a property where JavaScript would: integer-like keys first, ascending; a key that is
  // there keeps its place.
  void set(std::string key, Value value);

  // The same kind with the same content; members in any order, numbers by ==.
  friend bool operator==(const Value& a, const Value& b);
};

struct Value::Member {
  std::string key;
  Value value;
};

// JSON.stringify(value); "" for undefined. A bigint, which JSON.stringify refuses, is written as its digits;
// bytes as the object of numbers that a Uint8Array is to JSON.
std::string to_json(const Value& value);

// JSON.parse(text). kInvalid if it is not JSON or nests deeper than 1024.
Result<Value> from_json(std::string_view text);

}  // namespace symphony
