// lib0's `any` encoding of values: value.h.
#include <bit>
#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

uint64_t big_endian(Bytes bytes) {
  uint64_t word = 0;
  for (const uint8_t byte : bytes) word = word << 8 | byte;
  return word;
}

}  // namespace

Value read_any(Reader& in) {
  Value v;
  uint64_t magnitude;
  switch (in.read_u8()) {
    case 126:
      v.kind = Value::Kind::kNull;
      break;
    case 125: {
      const bool negative = in.read_var_int(magnitude);
      v.kind = Value::Kind::kNumber;
      v.number = negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
      break;
    }
    case 124:
      v.kind = Value::Kind::kNumber;
      v.number =
          static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(big_endian(in.read_bytes(4)))));
      break;
    case 123:
      v.kind = Value::Kind::kNumber;
      v.number = std::bit_cast<double>(big_endian(in.read_bytes(8)));
      break;
    case 122:
      v.kind = Value::Kind::kBigInt;
      v.big_int = static_cast<int64_t>(big_endian(in.read_bytes(8)));
      break;
    case 121:
      v.kind = Value::Kind::kFalse;
      break;
    case 120:
      v.kind = Value::Kind::kTrue;
      break;
    case 119:
      v.kind = Value::Kind::kString;
      v.text = in.read_var_string();
      break;
    case 118:
      v.kind = Value::Kind::kObject;
      for (uint64_t left = in.read_var_uint(); left > 0; --left) {
        std::string key(in.read_var_string());
        v.members.push_back({std::move(key), read_any(in)});
      }
      order_members(v.members);
      break;
    case 117:
      v.kind = Value::Kind::kArray;
      for (uint64_t left = in.read_var_uint(); left > 0; --left) v.elements.push_back(read_any(in));
      break;
    case 116:
      v.kind = Value::Kind::kBytes;
      v.text = in.read_var_string();
      break;
    default:
      break;
  }
  return v;
}

namespace {

void append_var_uint(Buffer& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value) | 0x80);
  out.push_back(static_cast<uint8_t>(value));
}

void append_big_endian(Buffer& out, uint64_t word, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<uint8_t>(word >> shift));
}

// Half a surrogate pair in WTF-8: ED A0..BF xx.
bool is_half(std::string_view text, size_t at) {
  return text[at] == '\xed' && at + 2 < text.size() && static_cast<uint8_t>(text[at + 1]) >= 0xa0;
}

std::string without_halves(std::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) {
    if (is_half(out, i)) out.replace(i, 3, "\xef\xbf\xbd");
  }
  return out;
}

void append_var_string(Buffer& out, std::string_view text) {
  std::string clean;
  if (text.find('\xed') != std::string_view::npos) text = clean = without_halves(text);
  append_var_uint(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

// writeVarInt: the sign and six bits in the first byte.
void append_var_int(Buffer& out, double number) {
  auto magnitude = static_cast<uint64_t>(std::fabs(number));
  const int sign = std::signbit(number) ? 0x40 : 0;
  out.push_back(
      static_cast<uint8_t>((magnitude > 0x3f ? 0x80 : 0) | sign | static_cast<int>(magnitude & 0x3f)));
  magnitude >>= 6;
  if (magnitude > 0) append_var_uint(out, magnitude);
}

void append_number(Buffer& out, double number) {
  constexpr double kIntegerMax = 2147483647;
  if (std::fabs(number) <= kIntegerMax && static_cast<double>(static_cast<int64_t>(number)) == number) {
    out.push_back(125);
    append_var_int(out, number);
  } else if (!(std::fabs(number) <= std::numeric_limits<float>::max()) && std::isfinite(number)) {
    out.push_back(123);
    append_big_endian(out, std::bit_cast<uint64_t>(number), 8);
  } else if (const auto narrow = static_cast<float>(number); static_cast<double>(narrow) == number) {
    out.push_back(124);
    append_big_endian(out, std::bit_cast<uint32_t>(narrow), 4);
  } else {
    out.push_back(123);
    append_big_endian(out, std::isnan(number) ? 0x7ff8000000000000 : std::bit_cast<uint64_t>(number), 8);
  }
}

}  // namespace

void write_any(Buffer& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::kUndefined:
      out.push_back(127);
      break;
    case Value::Kind::kNull:
      out.push_back(126);
      break;
    case Value::Kind::kFalse:
      out.push_back(121);
      break;
    case Value::Kind::kTrue:
      out.push_back(120);
      break;
    case Value::Kind::kNumber:
      append_number(out, value.number);
      break;
    case Value::Kind::kBigInt:
      out.push_back(122);
      append_big_endian(out, static_cast<uint64_t>(value.big_int), 8);
      break;
    case Value::Kind::kString:
      out.push_back(119);
      append_var_string(out, value.text);
      break;
    case Value::Kind::kBytes:
      out.push_back(116);
      append_var_uint(out, value.text.size());
      out.insert(out.end(), value.text.begin(), value.text.end());
      break;
    case Value::Kind::kArray:
      out.push_back(117);
      append_var_uint(out, value.elements.size());
      for (const Value& element : value.elements) write_any(out, element);
      break;
    case Value::Kind::kObject:
      out.push_back(118);
      append_var_uint(out, value.members.size());
      for (const auto& [key, member] : value.members) {
        append_var_string(out, key);
        write_any(out, member);
      }
      break;
  }
}

void write_bytes(Buffer& out, std::string_view bytes) {
  append_var_uint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

const char* fault_of(const Value& value, size_t depth_max) {
  const auto is_text = [](std::string_view text) {
    return is_utf8(as_bytes(text)) || is_utf8(as_bytes(without_halves(text)));
  };
  if (value.kind == Value::Kind::kString && !is_text(value.text)) return "a text is not valid UTF-8";
  if (value.elements.empty() && value.members.empty()) return nullptr;
  if (depth_max == 0) return "a value is nested too deeply";
  for (const Value& element : value.elements) {
    if (const char* fault = fault_of(element, depth_max - 1)) return fault;
  }
  for (const auto& [key, member] : value.members) {
    if (!is_text(key)) return "a key is not valid UTF-8";
    if (const char* fault = fault_of(member, depth_max - 1)) return fault;
  }
  return nullptr;
}

}  // namespace symphony::crdt
