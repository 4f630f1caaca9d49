#include "crdt/wire/content.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"

namespace symphony::crdt {
namespace {

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
    switch (static_cast<AnyTag>(in.read_u8())) {
      case AnyTag::kUndefined:
      case AnyTag::kNull:
      case AnyTag::kTrue:
      case AnyTag::kFalse:
        break;
      case AnyTag::kInteger:
        in.read_var_int(magnitude);
        break;
      case AnyTag::kFloat32:
        in.read_bytes(4);
        break;
      case AnyTag::kFloat64:
      case AnyTag::kBigInt:
        in.read_bytes(8);
        break;
      case AnyTag::kString:
        text();
        break;
      case AnyTag::kUint8Array:
        in.read_var_bytes();
        break;
      case AnyTag::kObject:
        frames.push_back({in.read_var_uint(), true});
        break;
      case AnyTag::kArray:
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

bool is_undefined(Bytes text) { return std::ranges::equal(text, std::string_view("undefined")); }

}  // namespace

const char* skip_any(Reader& in, size_t depth_max) { return walk_any(in, depth_max, true); }

const char* skip_utf8(Reader& in) {
  const Bytes bytes = in.read_var_bytes();
  if (!in.ok() || is_utf8(bytes)) return nullptr;
  in.set_failed();
  return "a text is not valid UTF-8";
}

const char* skip_json(Reader& in, size_t depth_max, bool undefined_too) {
  const Bytes text = in.read_var_bytes();
  if (!in.ok() || (undefined_too && is_undefined(text)) || is_json(text, depth_max)) return nullptr;
  in.set_failed();
  return is_utf8(text) ? "a JSON text is not valid or nested too deeply" : "a text is not valid UTF-8";
}

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
