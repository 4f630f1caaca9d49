#include "base/json.h"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/utf8.h"

namespace symphony {
namespace {

bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

bool is_hex(uint8_t byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

// A pushdown automaton for the grammar of RFC 8259; the stack is one bit a level (object or array).
class JsonChecker {
 public:
  JsonChecker(Bytes text, size_t depth_max)
      : at_(text.data()), end_(at_ + text.size()), depth_max_(std::min(depth_max, kJsonDepthMax)) {}

  bool check() {
    for (;;) {
      // A value begins here, or an empty object or array ends.
      skip_space();
      if (at_ == end_) return false;
      const uint8_t byte = *at_;
      if (byte == '{' || byte == '[') {
        if (depth_ == depth_max_) return false;
        is_object_[depth_++] = byte == '{';
        ++at_;
        skip_space();
        if (at_ == end_) return false;
        if (*at_ != (byte == '{' ? '}' : ']')) {
          if (byte == '{' && !key()) return false;
          continue;
        }
        ++at_;
        --depth_;
      } else if (!scalar(byte)) {
        return false;
      }
      if (!after_value()) return false;
      if (depth_ == 0) return at_ == end_;
    }
  }

 private:
  // Closes what ends after a value, up to where the next value begins or the text ends.
  bool after_value() {
    for (;;) {
      skip_space();
      if (depth_ == 0) return true;
      if (at_ == end_) return false;
      const bool object = is_object_[depth_ - 1];
      const uint8_t byte = *at_++;
      if (byte == ',') {
        skip_space();
        return !object || key();
      }
      if (byte != (object ? '}' : ']')) return false;
      --depth_;
    }
  }

  bool key() {
    if (!string()) return false;
    skip_space();
    if (at_ == end_ || *at_ != ':') return false;
    ++at_;
    return true;
  }

  bool scalar(uint8_t first) {
    switch (first) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool word(std::string_view text) {
    if (static_cast<size_t>(end_ - at_) < text.size()) return false;
    if (std::string_view(reinterpret_cast<const char*>(at_), text.size()) != text) return false;
    at_ += text.size();
    return true;
  }

  bool string() {
    if (at_ == end_ || *at_ != '"') return false;
    for (++at_; at_ != end_; ++at_) {
      if (*at_ == '"') {
        ++at_;
        return true;
      }
      if (*at_ < 0x20) return false;
      if (*at_ == '\\' && !escape()) return false;
    }
    return false;
  }

  // Leaves at_ on the last byte of the escape.
  bool escape() {
    if (++at_ == end_) return false;
    if (*at_ != 'u')
      return std::string_view("\"\\/bfnrt").find(static_cast<char>(*at_)) != std::string_view::npos;
    for (int i = 0; i < 4; ++i) {
      if (++at_ == end_ || !is_hex(*at_)) return false;
    }
    return true;
  }

  bool number() {
    if (*at_ == '-') ++at_;
    if (at_ == end_ || !is_digit(*at_)) return false;
    if (*at_ == '0') {
      ++at_;
    } else {
      digits();
    }
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digits()) return false;
    }
    return true;
  }

  bool digits() {
    const uint8_t* const from = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != from;
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  const uint8_t* at_;
  const uint8_t* const end_;
  const size_t depth_max_;
  size_t depth_ = 0;
  std::bitset<kJsonDepthMax> is_object_;
};

}  // namespace

bool is_json(Bytes text, size_t depth_max) { return is_utf8(text) && JsonChecker(text, depth_max).check(); }

uint32_t read_json_escape(const char*& at, const char* end) {
  static constexpr char kShort[] = "b\bf\fn\nr\rt\t";
  const auto hex4 = [](const char* digits) {
    uint32_t code = 0;
    std::from_chars(digits, digits + 4, code, 16);
    return code;
  };
  const char what = *at++;
  if (what != 'u') {
    const char* letter = std::strchr(kShort, what);
    return static_cast<uint8_t>(letter != nullptr ? letter[1] : what);
  }
  const uint32_t code = hex4(at);
  at += 4;
  const bool first_half = code >= 0xd800 && code < 0xdc00;
  if (!first_half || end - at < 6 || at[0] != '\\' || at[1] != 'u') return code;
  const uint32_t low = hex4(at + 2);
  if (low < 0xdc00 || low >= 0xe000) return code;
  at += 6;
  return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

}  // namespace symphony
