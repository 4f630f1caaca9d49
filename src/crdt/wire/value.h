// JavaScript values as contents carry them: out of lib0's `any` or JSON text, and into it, or into what
// String(value) gives.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/varint.h"
#include "symphony/types.h"
#include "symphony/value.h"

namespace symphony::crdt {

// One validated `any` value. Recursion is bounded by DocLimits::any_depth_max.
Value read_any(Reader& in);

// lib0's writeAny. Half a surrogate pair becomes U+FFFD, as in TextEncoder.
void write_any(Buffer& out, const Value& value);

// A varBytes or varString.
void write_bytes(Buffer& out, std::string_view bytes);

// What makes `value` impossible to write, or nullptr: a text or key that is not UTF-8 (but for halves of
// surrogate pairs), or more than `depth_max` containers inside each other.
const char* fault_of(const Value& value, size_t depth_max);

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

// Appends a code point; half of a surrogate pair as its three-byte form.
void append_utf8(std::string& out, uint32_t code);

// Whether JavaScript orders this property key as an array index; its number if so.
bool is_index_key(std::string_view key, uint64_t& index);

// The order in which JavaScript lists properties that were set in the order of `keys`: for each the index of
// the key that was set last. Empty if that is 0, 1, 2, .. Cost: n log n.
std::vector<uint32_t> property_order(std::span<const std::string_view> keys);

// Puts members, as they were read one after the other, where Value::set would have put them. Not by calling
// it: it is linear, and how many members there are is a peer's choice.
void order_members(std::vector<Value::Member>& members);

}  // namespace symphony::crdt
