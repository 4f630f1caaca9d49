#include "crdt/value.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/json.h"
#include "base/utf8.h"

namespace symphony::crdt {
namespace {

Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

uint64_t big_endian(Bytes bytes) {
  uint64_t word = 0;
  for (const uint8_t byte : bytes) word = word << 8 | byte;
  return word;
}

// Puts members, as they were read one after the other, where Value::set would have put them. Not by calling
// it: it is linear, and how many members there are is a peer's choice.
void order_members(std::vector<Value::Member>& members) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const Value::Member& member : members) keys.push_back(member.key);
  const std::vector<uint32_t> order = property_order(keys);
  if (order.empty()) return;
  std::vector<Value::Member> ordered;
  ordered.reserve(order.size());
  for (const uint32_t at : order) ordered.push_back(std::move(members[at]));
  members = std::move(ordered);
}

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  Value value() {
    space();
    Value v;
    switch (*at_) {
      case '{':
        v.kind = Value::Kind::kObject;
        for (++at_; peek() != '}';) {
          if (*at_ == ',') ++at_;
          space();
          std::string key = string();
          space();
          ++at_;  // the colon
          v.members.push_back({std::move(key), value()});
        }
        ++at_;
        order_members(v.members);
        break;
      case '[':
        v.kind = Value::Kind::kArray;
        for (++at_; peek() != ']';) {
          if (*at_ == ',') ++at_;
          v.elements.push_back(value());
        }
        ++at_;
        break;
      case '"':
        v.kind = Value::Kind::kString;
        v.text = string();
        break;
      case 't':
        v.kind = Value::Kind::kTrue;
        at_ += 4;
        break;
      case 'f':
        v.kind = Value::Kind::kFalse;
        at_ += 5;
        break;
      case 'n':
        v.kind = Value::Kind::kNull;
        at_ += 4;
        break;
      default:
        v.kind = Value::Kind::kNumber;
        at_ = std::from_chars(at_, end_, v.number).ptr;
    }
    return v;
  }

 private:
  void space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  char peek() {
    space();
    return *at_;
  }

  uint32_t hex4() {
    uint32_t code = 0;
    std::from_chars(at_, at_ + 4, code, 16);
    at_ += 4;
    return code;
  }

  std::string string() {
    std::string out;
    for (++at_; *at_ != '"';) {
      if (*at_ != '\\') {
        out += *at_++;
        continue;
      }
      const char escape = at_[1];
      at_ += 2;
      switch (escape) {
        case 'b':
          out += '\b';
          break;
        case 'f':
          out += '\f';
          break;
        case 'n':
          out += '\n';
          break;
        case 'r':
          out += '\r';
          break;
        case 't':
          out += '\t';
          break;
        case 'u': {
          uint32_t code = hex4();
          if (code >= 0xd800 && code < 0xdc00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
            const char* second = at_;
            at_ += 2;
            if (const uint32_t low = hex4(); low >= 0xdc00 && low < 0xe000) {
              code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            } else {
              at_ = second;
            }
          }
          append_utf8(out, code);
          break;
        }
        default:
          out += escape;
      }
    }
    ++at_;
    return out;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

std::vector<uint32_t> property_order(std::span<const std::string_view> keys) {
  // Small objects of plain names are the rule, and in order.
  constexpr size_t kSmall = 8;
  bool surely = keys.size() <= kSmall;
  for (size_t i = 0; surely && i < keys.size(); ++i) {
    surely = keys[i].empty() || keys[i][0] < '0' || keys[i][0] > '9';
    for (size_t k = 0; surely && k < i; ++k) surely = keys[k] != keys[i];
  }
  if (surely) return {};

  struct Place {
    uint64_t rank;  // index keys first, ascending; the others as they came
    uint32_t at;    // of the value that counts
  };
  std::vector<uint32_t> by_key(keys.size());
  std::iota(by_key.begin(), by_key.end(), 0u);
  std::stable_sort(by_key.begin(), by_key.end(), [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
  std::vector<Place> places;
  for (size_t i = 0; i < by_key.size();) {
    const uint32_t first = by_key[i];
    uint32_t last = first;
    for (; i < by_key.size() && keys[by_key[i]] == keys[first]; ++i) last = by_key[i];
    uint64_t rank;
    if (!is_index_key(keys[first], rank)) rank = (uint64_t{1} << 32) + first;
    places.push_back({rank, last});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.rank < b.rank; });
  std::vector<uint32_t> order;
  order.reserve(places.size());
  bool as_given = places.size() == keys.size();
  for (const Place& place : places) {
    as_given = as_given && place.at == order.size();
    order.push_back(place.at);
  }
  if (as_given) order.clear();
  return order;
}

bool is_index_key(std::string_view key, uint64_t& index) {
  if (key.empty() || key.size() > 10 || (key.size() > 1 && key[0] == '0')) return false;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  return error == std::errc() && end == key.data() + key.size() && index < 0xffffffffULL;
}

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
  if (std::trunc(number) == number && std::fabs(number) <= kIntegerMax) {
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

Value parse_json(std::string_view text) { return JsonParser(text).value(); }

void write_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20) {
          out += "\\u00";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        } else if (c == 0xed && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xa0) {
          const unsigned code = 0xd000u | (static_cast<unsigned>(text[i + 1]) & 0x3f) << 6 |
                                (static_cast<unsigned>(text[i + 2]) & 0x3f);
          out += "\\u";
          for (const unsigned shift : {12u, 8u, 4u, 0u}) out += kHex[code >> shift & 15];
          i += 2;
        } else {
          out += static_cast<char>(c);
        }
    }
  }
  out += '"';
}

void write_json(std::string& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::kUndefined:
      break;
    case Value::Kind::kNull:
      out += "null";
      break;
    case Value::Kind::kFalse:
      out += "false";
      break;
    case Value::Kind::kTrue:
      out += "true";
      break;
    case Value::Kind::kNumber:
      out += std::isfinite(value.number) ? js_number(value.number) : "null";
      break;
    case Value::Kind::kBigInt:
      out += std::to_string(value.big_int);
      break;
    case Value::Kind::kString:
      write_json_string(out, value.text);
      break;
    case Value::Kind::kBytes:
      // A Uint8Array is an object with its indices as keys.
      out += '{';
      for (size_t i = 0; i < value.text.size(); ++i) {
        if (i > 0) out += ',';
        out += '"' + std::to_string(i) + "\":" + std::to_string(static_cast<unsigned char>(value.text[i]));
      }
      out += '}';
      break;
    case Value::Kind::kArray:
      out += '[';
      for (size_t i = 0; i < value.elements.size(); ++i) {
        if (i > 0) out += ',';
        if (value.elements[i].kind == Value::Kind::kUndefined) {
          out += "null";
        } else {
          write_json(out, value.elements[i]);
        }
      }
      out += ']';
      break;
    case Value::Kind::kObject: {
      out += '{';
      bool first = true;
      for (const auto& [key, member] : value.members) {
        if (member.kind == Value::Kind::kUndefined) continue;
        if (!first) out += ',';
        first = false;
        write_json_string(out, key);
        out += ':';
        write_json(out, member);
      }
      out += '}';
      break;
    }
  }
}

std::string to_js_string(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kUndefined:
      return "undefined";
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kFalse:
      return "false";
    case Value::Kind::kTrue:
      return "true";
    case Value::Kind::kNumber:
      return js_number(value.number);
    case Value::Kind::kBigInt:
      return std::to_string(value.big_int);
    case Value::Kind::kString:
      return value.text;
    case Value::Kind::kBytes: {
      std::string out;
      for (const char byte : value.text) {
        if (!out.empty()) out += ',';
        out += std::to_string(static_cast<unsigned char>(byte));
      }
      return out;
    }
    case Value::Kind::kArray: {
      std::string out;
      for (size_t i = 0; i < value.elements.size(); ++i) {
        if (i > 0) out += ',';
        const Value& element = value.elements[i];
        if (element.kind != Value::Kind::kUndefined && element.kind != Value::Kind::kNull)
          out += to_js_string(element);
      }
      return out;
    }
    case Value::Kind::kObject:
      return "[object Object]";
  }
  return {};
}

std::string js_number(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return "0";
  // The shortest digits that round-trip, as d.ddde±x; then JavaScript's layout of them.
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number), std::chars_format::scientific).ptr;
  const std::string_view scientific(buffer, static_cast<size_t>(end - buffer));
  const size_t e = scientific.find('e');
  std::string digits(scientific.substr(0, 1));
  if (e > 2) digits += scientific.substr(2, e - 2);
  int exponent = 0;
  const char* exponent_at = buffer + e + 1;
  std::from_chars(*exponent_at == '+' ? exponent_at + 1 : exponent_at, end, exponent);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // digits before the decimal point

  std::string out = number < 0 ? "-" : "";
  if (count <= point && point <= 21) {
    out += digits + std::string(static_cast<size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(exponent));
  }
  return out;
}

}  // namespace symphony::crdt

namespace symphony {

Value::Value() = default;
Value::Value(std::nullptr_t) : kind(Kind::kNull) {}
Value::Value(const char* string) : kind(Kind::kString), text(string) {}
Value::Value(std::string string) : kind(Kind::kString), text(std::move(string)) {}
Value::Value(std::string_view string) : kind(Kind::kString), text(string) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value Value::bigint(int64_t number) {
  Value value;
  value.kind = Kind::kBigInt;
  value.big_int = number;
  return value;
}

Value Value::bytes(Bytes bytes) {
  Value value;
  value.kind = Kind::kBytes;
  value.text.assign(bytes.begin(), bytes.end());
  return value;
}

Value Value::array(std::vector<Value> elements) {
  Value value;
  value.kind = Kind::kArray;
  value.elements = std::move(elements);
  return value;
}

Value Value::object(std::initializer_list<Member> members) {
  Value value;
  value.kind = Kind::kObject;
  for (const Member& member : members) value.set(member.key, member.value);
  return value;
}

const Value* Value::get(std::string_view key) const {
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
  return at == members.end() ? nullptr : &at->value;
}

void Value::set(std::string key, Value value) {
  for (auto& [name, old] : members) {
    if (name == key) {
      old = std::move(value);
      return;
    }
  }
  uint64_t index;
  auto at = members.end();
  if (crdt::is_index_key(key, index)) {
    at = std::find_if(members.begin(), members.end(), [&](const auto& member) {
      uint64_t other;
      return !crdt::is_index_key(member.key, other) || other > index;
    });
  }
  members.insert(at, Member{std::move(key), std::move(value)});
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.text != b.text || a.big_int != b.big_int || a.elements != b.elements)
    return false;
  if (a.kind == Value::Kind::kNumber && a.number != b.number) return false;
  if (a.members.size() != b.members.size()) return false;
  const auto by_key = [](const Value& object) {
    std::vector<const Value::Member*> members;
    members.reserve(object.members.size());
    for (const Value::Member& member : object.members) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* x, const auto* y) { return x->key < y->key; });
    return members;
  };
  const auto ours = by_key(a);
  const auto theirs = by_key(b);
  return std::equal(ours.begin(), ours.end(), theirs.begin(),
                    [](const auto* x, const auto* y) { return x->key == y->key && x->value == y->value; });
}

std::string to_json(const Value& value) {
  std::string out;
  crdt::write_json(out, value);
  return out;
}

Result<Value> from_json(std::string_view text) {
  constexpr size_t kDepthMax = 1024;
  if (!is_json({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, kDepthMax)) {
    return fail(Code::kInvalid, "the text is not JSON, or nests deeper than 1024");
  }
  return crdt::parse_json(text);
}

}  // namespace symphony
