#include "crdt/content.h"

#include <vector>

#include "base/utf8.h"

namespace symphony::crdt {
namespace {

// Tags of lib0's writeAny.
enum AnyTag : uint8_t {
  kUint8Array = 116,
  kArray = 117,
  kObject = 118,
  kStringTag = 119,
  kTrue = 120,
  kFalse = 121,
  kBigInt = 122,
  kFloat64 = 123,
  kFloat32 = 124,
  kInteger = 125,
  kNull = 126,
  kUndefined = 127,
};

// A container being walked: how many elements are still to come, and whether keys stand between them.
struct Frame {
  uint64_t left;
  bool object;
};

// The next value's bytes; a container opens a frame instead of recursing, so that depth costs no stack.
const char* walk_any(Reader& in, size_t depth_max, bool check) {
  std::vector<Frame> frames;
  const char* fault = nullptr;
  const auto text = [&] {
    if (check) {
      fault = skip_utf8(in);
    } else {
      in.read_var_bytes();
    }
  };
  do {
    while (!frames.empty() && frames.back().left == 0) {
      frames.pop_back();
      if (frames.empty()) return nullptr;
    }
    if (!frames.empty()) {
      --frames.back().left;
      if (frames.back().object) text();
      if (!in.ok()) return fault;
    }
    uint64_t magnitude;
    switch (in.read_u8()) {
      case kUndefined:
      case kNull:
      case kTrue:
      case kFalse:
        break;
      case kInteger:
        in.read_var_int(magnitude);
        break;
      case kFloat32:
        in.read_bytes(4);
        break;
      case kFloat64:
      case kBigInt:
        in.read_bytes(8);
        break;
      case kStringTag:
        text();
        break;
      case kUint8Array:
        in.read_var_bytes();
        break;
      case kObject:
        frames.push_back({in.read_var_uint(), true});
        break;
      case kArray:
        frames.push_back({in.read_var_uint(), false});
        break;
      default:
        if (in.ok()) fault = "a value is of an unknown kind";
        in.set_failed();
    }
    if (!in.ok()) return fault;
    if (frames.size() > depth_max) {
      in.set_failed();
      return "a value is nested too deeply";
    }
    // Each element takes a byte at least, so a count beyond the rest is a lie.
    if (!frames.empty() && frames.back().left > in.remaining()) {
      in.set_failed();
      return "more elements are announced than the bytes can hold";
    }
  } while (!frames.empty());
  return nullptr;
}

// A recursive-descent JSON recogniser with an explicit stack of open containers.
class JsonChecker {
 public:
  explicit JsonChecker(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool check(size_t depth_max) {
    std::vector<char> open;
    for (;;) {
      skip_space();
      if (at_ == end_) return false;
      if (*at_ == '{' || *at_ == '[') {
        if (open.size() == depth_max) return false;
        const char kind = *at_++;
        skip_space();
        if (at_ != end_ && *at_ == (kind == '{' ? '}' : ']')) {
          ++at_;
        } else {
          open.push_back(kind);
          if (kind == '{' && !key()) return false;
          continue;
        }
      } else if (!scalar()) {
        return false;
      }
      // A value ended: close what it completes, or go on after a comma.
      for (;;) {
        skip_space();
        if (open.empty()) return at_ == end_;
        if (at_ == end_) return false;
        const char c = *at_++;
        if (c == ',') {
          if (open.back() == '{') {
            skip_space();
            if (!key()) return false;
          }
          break;
        }
        if (c != (open.back() == '{' ? '}' : ']')) return false;
        open.pop_back();
      }
    }
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }

  bool key() {
    if (!string()) return false;
    skip_space();
    return at_ != end_ && *at_++ == ':';
  }

  bool literal(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word)
      return false;
    at_ += word.size();
    return true;
  }

  bool scalar() {
    switch (*at_) {
      case '"':
        return string();
      case 't':
        return literal("true");
      case 'f':
        return literal("false");
      case 'n':
        return literal("null");
      default:
        return number();
    }
  }

  bool digits() {
    const char* start = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != start;
  }

  bool number() {
    if (*at_ == '-') ++at_;
    if (at_ != end_ && *at_ == '0') {
      ++at_;
    } else if (!digits()) {
      return false;
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

  bool string() {
    if (at_ == end_ || *at_ != '"') return false;
    for (++at_; at_ != end_; ++at_) {
      const auto c = static_cast<unsigned char>(*at_);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return false;
      if (c != '\\') continue;
      if (++at_ == end_) return false;
      if (*at_ == 'u') {
        for (int i = 0; i < 4; ++i) {
          if (++at_ == end_ || !is_hex(*at_)) return false;
        }
      } else if (std::string_view("\"\\/bfnrt").find(*at_) == std::string_view::npos) {
        return false;
      }
    }
    return false;
  }

  static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  const char* at_;
  const char* end_;
};

}  // namespace

const char* skip_any(Reader& in, size_t depth_max) { return walk_any(in, depth_max, true); }

const char* skip_utf8(Reader& in) {
  const Bytes bytes = in.read_var_bytes();
  if (!in.ok() || is_utf8(bytes)) return nullptr;
  in.set_failed();
  return "a text is not valid UTF-8";
}

const char* skip_json(Reader& in, size_t depth_max, bool undefined_too) {
  const Bytes bytes = in.read_var_bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!in.ok() || (undefined_too && text == "undefined")) return nullptr;
  const char* fault = !is_utf8(bytes)             ? "a text is not valid UTF-8"
                      : !is_json(text, depth_max) ? "a JSON text is not valid or nested too deeply"
                                                  : nullptr;
  if (fault) in.set_failed();
  return fault;
}

bool is_json(std::string_view text, size_t depth_max) { return JsonChecker(text).check(depth_max); }

size_t elements_size(uint8_t ref, Bytes elements, size_t count) {
  Reader in(elements);
  for (size_t i = 0; i < count; ++i) {
    if (ref == kJson) {
      in.read_var_bytes();
    } else {
      walk_any(in, ~size_t{0}, false);
    }
  }
  return in.position();
}

}  // namespace symphony::crdt
