#include "crdt/update.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/utf8.h"
#include "crdt/pending.h"

namespace symphony::crdt {
namespace {

constexpr uint64_t kClockMax = 0xffffffffULL;
constexpr uint64_t kSlotsMax = 1 << 20;  // no document has more clients (DocLimits)

class Parser {
 public:
  Parser(Bytes input, const DocLimits& limits, ParsedUpdate& out) : in_(input), limits_(limits), out_(out) {}

  Result<void> parse() {
    if (out_.input.size() > limits_.update_bytes_max || out_.input.size() > 0xffffffffULL) {
      return fail(Code::kLimit, "the update has " + std::to_string(out_.input.size()) +
                                    " bytes, more than the limit of " +
                                    std::to_string(limits_.update_bytes_max));
    }
    structs();
    if (!failed()) deletes();
    if (!failed() && !in_.at_end()) refuse("bytes follow the delete set");
    if (!failed()) return {};
    return fail(code_, "update refused at byte " + std::to_string(failed_at_) + ": " +
                           (what_ ? what_ : "it ends too early, or a length or number is out of range"));
  }

 private:
  bool failed() {
    if (in_.ok()) {
      failed_at_ = in_.position();
      return false;
    }
    return true;
  }

  void refuse(const char* what, Code code = Code::kInvalid) {
    if (!in_.ok()) return;  // the first fault counts
    what_ = what;
    code_ = code;
    failed_at_ = in_.position();
    in_.set_failed();
  }

  // What a skip_* function found, if anything.
  void note(const char* fault) {
    if (fault != nullptr && what_ == nullptr) what_ = fault;
  }

  void structs() {
    const uint64_t clients = in_.read_var_uint();
    // A block takes four bytes at least, a struct two.
    if (clients > in_.remaining() / 3) return refuse("more clients are announced than the bytes can hold");
    out_.blocks.reserve(static_cast<size_t>(clients));
    for (uint64_t i = 0; i < clients && in_.ok(); ++i) {
      const uint64_t count = in_.read_var_uint();
      const uint64_t client = in_.read_var_uint();
      uint64_t clock = in_.read_var_uint();
      if (failed()) return;
      if (count > in_.remaining() / 2) return refuse("more structs are announced than the bytes can hold");
      if (out_.structs.size() + count > limits_.update_structs_max) {
        return refuse("there are more structs than the limit for one update", Code::kLimit);
      }
      out_.blocks.push_back(
          {client, static_cast<uint32_t>(out_.structs.size()), static_cast<uint32_t>(count)});
      if (i == 0) out_.structs.reserve(static_cast<size_t>(count));
      for (uint64_t k = 0; k < count; ++k) {
        if (clock >= kClockMax) return refuse("a clock is past 2^32-1");
        ParsedStruct& s = out_.structs.emplace_back();
        s.clock = static_cast<uint32_t>(clock);
        one_struct(client, s);
        if (failed()) return;
        if (s.len == 0) return refuse("a struct has no length");
        clock += s.len;
        if (clock > kClockMax) return refuse("a clock is past 2^32-1");
      }
    }
    if (out_.blocks.size() > 1) order_blocks();
  }

  // Descending by client, as Yjs writes them. An update in another order says the same.
  void order_blocks() {
    const auto descending = [](const ParsedBlock& a, const ParsedBlock& b) { return a.client > b.client; };
    std::sort(out_.blocks.begin(), out_.blocks.end(), descending);
    const auto same = [](const ParsedBlock& a, const ParsedBlock& b) { return a.client == b.client; };
    if (std::adjacent_find(out_.blocks.begin(), out_.blocks.end(), same) != out_.blocks.end()) {
      refuse("a client has two blocks of structs");
    }
  }

  // A length or count that becomes clock ticks.
  uint32_t length(uint64_t value) {
    if (value > kClockMax) {
      refuse("a length is past 2^32-1", Code::kInvalid);
      return 0;
    }
    return static_cast<uint32_t>(value);
  }

  uint32_t clock_of(uint64_t own_client, uint64_t own_clock, uint64_t client) {
    const uint64_t clock = in_.read_var_uint();
    if (clock >= kClockMax) {
      refuse("a referenced clock is past 2^32-1");
    } else if (client == own_client && clock >= own_clock) {
      refuse("a struct refers to its own future");
    }
    return static_cast<uint32_t>(clock);
  }

  void one_struct(uint64_t client, ParsedStruct& s) {
    s.info = in_.read_u8();
    const uint8_t ref = s.ref();
    if (ref == kGc || ref == kSkip) {
      if (s.info != ref) return refuse("a GC or Skip struct has item flags");
      s.len = length(in_.read_var_uint());
      return;
    }
    if (s.info & kInfoOrigin) {
      s.origin_client = in_.read_var_uint();
      s.origin_clock = clock_of(client, s.clock, s.origin_client);
    }
    if (s.info & kInfoRightOrigin) {
      s.right_origin_client = in_.read_var_uint();
      s.right_origin_clock = clock_of(client, s.clock, s.right_origin_client);
    }
    if (!(s.info & (kInfoOrigin | kInfoRightOrigin))) {
      s.parent_at = static_cast<uint32_t>(in_.position());
      // 1: a root by name; anything else: an item. So reads Yjs.
      if (in_.read_var_uint() == 1) {
        note(skip_utf8(in_));
      } else {
        const uint64_t parent_client = in_.read_var_uint();
        clock_of(client, s.clock, parent_client);
      }
      if (s.info & kInfoParentSub) note(skip_utf8(in_));
    }
    content(ref, s);
  }

  void content(uint8_t ref, ParsedStruct& s) {
    size_t at = in_.position();
    s.len = 1;
    switch (ref) {
      case kDeleted:
        s.len = length(in_.read_var_uint());
        break;
      case kJson:
      case kAny: {
        const uint64_t count = in_.read_var_uint();
        if (count > in_.remaining()) return refuse("more elements are announced than the bytes can hold");
        s.len = length(count);
        at = in_.position();
        for (uint64_t i = 0; i < count && in_.ok(); ++i) {
          note(ref == kAny ? skip_any(in_, limits_.any_depth_max)
                           : skip_json(in_, limits_.any_depth_max, true));
        }
        break;
      }
      case kBinary:
        in_.read_var_bytes();
        break;
      case kString: {
        const Bytes text = in_.read_var_bytes();
        const auto units = utf16_length(text);
        if (!in_.ok()) return;
        if (!units) return refuse("a text is not valid UTF-8");
        s.len = length(*units);
        s.ascii = *units == text.size();
        at = in_.position() - text.size();
        break;
      }
      case kEmbed:
        note(skip_json(in_, limits_.any_depth_max));
        break;
      case kFormat:
        note(skip_utf8(in_));
        note(skip_json(in_, limits_.any_depth_max));
        break;
      case kType: {
        const uint64_t type = in_.read_var_uint();
        if (type > kTypeRefMax) return refuse("an unknown shared type");
        if (type == kTypeRefXmlElement || type == kTypeRefXmlHook) note(skip_utf8(in_));
        break;
      }
      case kDoc:
        note(skip_utf8(in_));
        note(skip_any(in_, limits_.any_depth_max));
        break;
      default:
        return refuse("an unknown content ref");
    }
    if (!in_.ok()) return;
    s.content_at = static_cast<uint32_t>(at);
    s.content_bytes = static_cast<uint32_t>(in_.position() - at);
  }

  void deletes() {
    const uint64_t clients = in_.read_var_uint();
    if (clients > in_.remaining()) return refuse("more clients are announced than the bytes can hold");
    for (uint64_t i = 0; i < clients && in_.ok(); ++i) {
      const uint64_t client = in_.read_var_uint();
      const uint64_t count = in_.read_var_uint();
      if (count > in_.remaining() / 2) return refuse("more deletes are announced than the bytes can hold");
      for (uint64_t k = 0; k < count; ++k) {
        const uint64_t clock = in_.read_var_uint();
        const uint64_t len = in_.read_var_uint();
        if (failed()) return;
        if (len == 0) return refuse("a delete has no length");
        if (clock > kClockMax || len > kClockMax || clock + len > kClockMax) {
          return refuse("a delete is past clock 2^32-1");
        }
        out_.deletes.push_back({client, static_cast<uint32_t>(clock), static_cast<uint32_t>(len)});
      }
    }
    // Yjs writes them so. What overlaps would be walked again and again.
    const auto disorder = [](const DeleteRange& a, const DeleteRange& b) {
      return a.client != b.client ? a.client < b.client : a.end() >= b.clock;
    };
    if (in_.ok() &&
        std::adjacent_find(out_.deletes.begin(), out_.deletes.end(), disorder) != out_.deletes.end()) {
      join_ranges(out_.deletes);
    }
  }

  Reader in_;
  const DocLimits& limits_;
  ParsedUpdate& out_;
  const char* what_ = nullptr;
  Code code_ = Code::kInvalid;
  size_t failed_at_ = 0;
};

}  // namespace

ParsedParent ParsedUpdate::parent(const ParsedStruct& s) const {
  Reader in(input.subspan(s.parent_at));
  ParsedParent parent;
  parent.is_root = in.read_var_uint() == 1;
  if (parent.is_root) {
    parent.root = in.read_var_string();
  } else {
    parent.item.client = in.read_var_uint();
    parent.item.clock = static_cast<uint32_t>(in.read_var_uint());
  }
  parent.has_sub = (s.info & kInfoParentSub) != 0;
  if (parent.has_sub) parent.sub = in.read_var_string();
  return parent;
}

DocLimits no_limits() {
  DocLimits limits;
  limits.update_bytes_max = std::numeric_limits<size_t>::max();
  limits.update_structs_max = std::numeric_limits<size_t>::max();
  limits.any_depth_max = std::numeric_limits<size_t>::max();
  return limits;
}

Result<void> parse_update(Bytes input, const DocLimits& limits, ParsedUpdate& out) {
  out.input = input;
  out.blocks.clear();
  out.structs.clear();
  out.deletes.clear();
  return Parser(input, limits, out).parse();
}

Result<std::vector<Id>> parse_state_vector(Bytes input) {
  Reader in(input);
  const uint64_t count = in.read_var_uint();
  std::vector<Id> vector;
  if (count > in.remaining() / 2 || count > kSlotsMax) in.set_failed();
  if (in.ok()) vector.reserve(static_cast<size_t>(count));
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const uint64_t client = in.read_var_uint();
    const uint64_t clock = in.read_var_uint();
    // A clock beyond what a document can hold means: everything is known.
    vector.push_back({client, static_cast<uint32_t>(std::min(clock, kClockMax))});
  }
  if (!in.ok() || !in.at_end()) return fail(Code::kInvalid, "malformed state vector");
  return vector;
}

}  // namespace symphony::crdt
