#include "crdt/wire/json_any.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "base/json.h"
#include "crdt/wire/content.h"
#include "crdt/wire/encoder.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

// A member of an object that has been written.
struct Member {
  size_t begin, end;  // where in the output; nothing there: its value is undefined
  size_t key_at, key_size;
};

// Puts the members of an object that has just been written, `separator` between them, into property order.
// Their number then.
template <class Output, class KeyOf>
size_t arrange(Output& out, std::span<const Member> members, size_t separator, KeyOf key_of) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const Member& member : members) keys.push_back(key_of(member));
  const std::vector<uint32_t> order = property_order(keys);
  if (order.empty()) return members.size();
  Output arranged;
  for (const uint32_t i : order) {
    const Member& member = members[i];
    if (member.begin == member.end) continue;
    if (separator != 0 && !arranged.empty()) arranged.push_back(',');
    arranged.insert(arranged.end(), out.begin() + static_cast<ptrdiff_t>(member.begin),
                    out.begin() + static_cast<ptrdiff_t>(member.end));
  }
  out.resize(members.front().begin);
  out.insert(out.end(), arranged.begin(), arranged.end());
  return order.size();
}

uint64_t big_endian(Bytes bytes) {
  uint64_t word = 0;
  for (const uint8_t byte : bytes) word = word << 8 | byte;
  return word;
}

void put_big_endian(Buffer& out, uint64_t word, unsigned bytes) {
  while (bytes > 0) out.push_back(static_cast<uint8_t>(word >> 8 * --bytes));
}

// encoding.writeAny of a number.
void put_number(Buffer& out, double number) {
  if (std::fabs(number) <= 0x7fffffff && number == std::trunc(number)) {
    out.push_back(static_cast<uint8_t>(AnyTag::kInteger));
    auto rest = static_cast<uint32_t>(std::fabs(number));
    const uint8_t sign = std::signbit(number) ? 0x40 : 0;
    out.push_back(static_cast<uint8_t>((rest > 0x3f ? 0x80 : 0) | sign | (rest & 0x3f)));
    if (rest > 0x3f) Writer(out).var_uint(rest >> 6);
  } else if (std::isinf(number) || (std::fabs(number) <= std::numeric_limits<float>::max() &&
                                    static_cast<double>(static_cast<float>(number)) == number)) {
    out.push_back(static_cast<uint8_t>(AnyTag::kFloat32));
    put_big_endian(out, std::bit_cast<uint32_t>(static_cast<float>(number)), 4);
  } else {
    out.push_back(static_cast<uint8_t>(AnyTag::kFloat64));
    put_big_endian(out, std::bit_cast<uint64_t>(number), 8);
  }
}

// Whether a decimal number that is beyond what a double holds is too great rather than too small.
bool overflows(std::string_view digits) {
  int64_t exponent = 0;
  if (const size_t e = digits.find_first_of("eE"); e != std::string_view::npos) {
    const bool negative = digits[e + 1] == '-';
    const size_t from = e + 1 + (digits[e + 1] == '-' || digits[e + 1] == '+');
    if (std::from_chars(digits.data() + from, digits.data() + digits.size(), exponent).ec != std::errc()) {
      return !negative;
    }
    if (negative) exponent = -exponent;
    digits = digits.substr(0, e);
  }
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t first = digits.find_first_of("123456789");
  return static_cast<int64_t>(point) - static_cast<int64_t>(first) + exponent > 0;
}

class JsonToAny {
 public:
  JsonToAny(std::string_view text, Buffer& out) : at_(text.data()), end_(at_ + text.size()), out_(out) {}

  void run() {
    do {
      const char first = peek();
      if (first == '{' || first == '[') {
        open(first == '{');
        if (peek() != '}' && *at_ != ']') {
          begin_element();
          continue;
        }
        ++at_;
        close();
      } else {
        scalar(first);
      }
      // A value has ended, and with it perhaps what holds it.
      while (!frames_.empty()) {
        ++frames_.back().count;
        if (frames_.back().object) members_.back().end = out_.size();
        if (peek() == ',') {
          ++at_;
          begin_element();
          break;
        }
        ++at_;
        close();
      }
    } while (!frames_.empty());
  }

 private:
  struct Frame {
    bool object;
    size_t count_at;  // of the place kept for the number of elements
    size_t count;
    size_t first_member;  // index into members_
  };

  char peek() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
    return at_ != end_ ? *at_ : '\0';
  }

  void tag(AnyTag tag) { out_.push_back(static_cast<uint8_t>(tag)); }

  void open(bool object) {
    ++at_;
    tag(object ? AnyTag::kObject : AnyTag::kArray);
    frames_.push_back({object, out_.size(), 0, members_.size()});
    out_.push_back(0);
  }

  void begin_element() {
    if (!frames_.back().object) return;
    peek();
    const size_t begin = out_.size();
    string();
    Reader key(Bytes(out_).subspan(begin));
    const size_t size = key.read_var_bytes().size();
    members_.push_back({begin, begin, out_.size() - size, size});
    peek();
    ++at_;  // the colon
  }

  void close() {
    Frame frame = frames_.back();
    frames_.pop_back();
    if (frame.object) {
      frame.count =
          arrange(out_, std::span(members_).subspan(frame.first_member), 0, [&](const Member& member) {
            return std::string_view(reinterpret_cast<const char*>(out_.data()) + member.key_at,
                                    member.key_size);
          });
      members_.resize(frame.first_member);
    }
    uint8_t count[10];
    const auto size = static_cast<size_t>(put_var_uint(count, frame.count) - count);
    out_[frame.count_at] = count[0];
    out_.insert(out_.begin() + static_cast<ptrdiff_t>(frame.count_at) + 1, count + 1, count + size);
  }

  void scalar(char first) {
    switch (first) {
      case '"':
        tag(AnyTag::kString);
        string();
        break;
      case 't':
        tag(AnyTag::kTrue);
        at_ += 4;
        break;
      case 'f':
        tag(AnyTag::kFalse);
        at_ += 5;
        break;
      case 'n':
        tag(AnyTag::kNull);
        at_ += 4;
        break;
      default: {
        double number = 0;
        const auto [end, error] = std::from_chars(at_, end_, number);
        if (error == std::errc::result_out_of_range) {
          const bool negative = *at_ == '-';
          const std::string_view digits(at_ + negative, static_cast<size_t>(end - at_) - negative);
          number = overflows(digits) ? std::numeric_limits<double>::infinity() : 0;
          if (negative) number = -number;
        }
        put_number(out_, number);
        at_ = end;
      }
    }
  }

  // A JSON string literal as a varString.
  void string() {
    const char* begin = ++at_;
    while (*at_ != '"' && *at_ != '\\') ++at_;
    if (*at_ == '"') {
      Writer(out_).var_string({begin, static_cast<size_t>(at_ - begin)});
    } else {
      text_.assign(begin, at_);
      while (*at_ != '"') {
        if (*at_ == '\\') {
          ++at_;
          const uint32_t code = read_json_escape(at_, end_);
          const bool half_pair = code >= 0xd800 && code < 0xe000;
          append_utf8(text_, half_pair ? 0xfffd : code);  // as TextEncoder writes it
        } else {
          text_ += *at_++;
        }
      }
      Writer(out_).var_string(text_);
    }
    ++at_;
  }

  const char* at_;
  const char* end_;
  Buffer& out_;
  std::string text_;
  std::vector<Frame> frames_;
  std::vector<Member> members_;
};

class AnyToJson {
 public:
  AnyToJson(Reader& in, std::string& out) : in_(in), begin_(in.cursor() - in.position()), out_(out) {}

  bool run() {
    do {
      const auto tag = static_cast<AnyTag>(in_.read_u8());
      if (tag == AnyTag::kUndefined) {
        if (frames_.empty()) return false;
        if (frames_.back().object) {
          drop_member();
        } else {
          out_ += "null";
        }
      } else if (tag == AnyTag::kBigInt) {
        return false;
      } else if (tag == AnyTag::kObject || tag == AnyTag::kArray) {
        const bool object = tag == AnyTag::kObject;
        out_ += object ? '{' : '[';
        frames_.push_back({object, in_.read_var_uint(), out_.size(), members_.size()});
        if (frames_.back().left > 0) {
          begin_element();
          continue;
        }
        close();
      } else {
        scalar(tag);
      }
      while (!frames_.empty()) {
        end_element();
        if (--frames_.back().left > 0) {
          begin_element();
          break;
        }
        close();
      }
    } while (!frames_.empty());
    return true;
  }

 private:
  struct Frame {
    bool object;
    uint64_t left;        // elements still to come, with the current one
    size_t begin;         // of the elements in the output
    size_t first_member;  // index into members_
  };

  void begin_element() {
    const Frame& frame = frames_.back();
    if (out_.size() > frame.begin) out_ += ',';
    if (!frame.object) return;
    const std::string_view key = in_.read_var_string();
    members_.push_back({out_.size(), 0, in_.position() - key.size(), key.size()});
    write_json_string(out_, key);
    out_ += ':';
  }

  void end_element() {
    if (!frames_.back().object) return;
    // JavaScript takes it for the prototype of the object, which is not written.
    if (key_of(members_.back()) == "__proto__") drop_member();
    members_.back().end = out_.size();
  }

  // The current member is not written.
  void drop_member() {
    size_t& begin = members_.back().begin;
    out_.resize(begin);
    if (begin > frames_.back().begin) out_.resize(--begin);  // the comma
  }

  void close() {
    const Frame frame = frames_.back();
    frames_.pop_back();
    if (frame.object) {
      const auto members = std::span(members_).subspan(frame.first_member);
      arrange(out_, members, 1, [&](const Member& member) { return key_of(member); });
      members_.resize(frame.first_member);
    }
    out_ += frame.object ? '}' : ']';
  }

  void scalar(AnyTag tag) {
    switch (tag) {
      case AnyTag::kTrue:
        out_ += "true";
        break;
      case AnyTag::kFalse:
        out_ += "false";
        break;
      case AnyTag::kInteger: {
        uint64_t magnitude;
        const bool negative = in_.read_var_int(magnitude);
        number(negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude));
        break;
      }
      case AnyTag::kFloat32:
        number(std::bit_cast<float>(static_cast<uint32_t>(big_endian(in_.read_bytes(4)))));
        break;
      case AnyTag::kFloat64:
        number(std::bit_cast<double>(big_endian(in_.read_bytes(8))));
        break;
      case AnyTag::kString:
        write_json_string(out_, in_.read_var_string());
        break;
      case AnyTag::kUint8Array: {
        out_ += '{';
        size_t index = 0;
        for (const uint8_t byte : in_.read_var_bytes()) {
          if (index > 0) out_ += ',';
          out_ += '"' + std::to_string(index++) + "\":" + std::to_string(byte);
        }
        out_ += '}';
        break;
      }
      default:
        out_ += "null";
    }
  }

  void number(double number) { out_ += std::isfinite(number) ? js_number(number) : "null"; }

  std::string_view key_of(const Member& member) const {
    return {reinterpret_cast<const char*>(begin_) + member.key_at, member.key_size};
  }

  Reader& in_;
  const uint8_t* begin_;  // what members' keys count from
  std::string& out_;
  std::vector<Frame> frames_;
  std::vector<Member> members_;
};

}  // namespace

void json_to_any(std::string_view text, Buffer& out) { JsonToAny(text, out).run(); }

bool any_to_json(Reader& in, std::string& out) { return AnyToJson(in, out).run(); }

}  // namespace symphony::crdt
