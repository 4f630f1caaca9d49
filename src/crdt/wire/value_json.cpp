// Values as JSON text and as JavaScript's strings: value.h.
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

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

  std::string string() {
    std::string out;
    for (++at_; *at_ != '"';) {
      if (*at_ != '\\') {
        out += *at_++;
        continue;
      }
      ++at_;
      append_utf8(out, read_json_escape(at_, end_));
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
