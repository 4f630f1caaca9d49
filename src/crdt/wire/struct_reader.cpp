#include "crdt/wire/struct_reader.h"

#include <string>

#include "base/utf8.h"

namespace symphony::crdt {
namespace {

constexpr uint64_t kClockMax = 0xffffffffULL;

}  // namespace

ParsedParent parent_of(Bytes update, const ParsedStruct& s) {
  Reader in(update.subspan(s.parent_at));
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

StructReader::StructReader(Bytes update, const DocLimits& limits)
    : in_(update), structs_left_max_(limits.update_structs_max), any_depth_max_(limits.any_depth_max) {
  if (update.size() > limits.update_bytes_max || update.size() > 0xffffffffULL) {
    refuse("it has more bytes than the limit for one update", Code::kLimit);
  }
  blocks_left_ = in_.read_var_uint();
  // A block takes three bytes at least, a struct two.
  if (blocks_left_ > in_.remaining() / 3) refuse("more clients are announced than the bytes can hold");
}

Result<void> StructReader::outcome() const {
  if (in_.ok()) return {};
  return fail(code_, "update refused at byte " + std::to_string(failed_at_) + ": " +
                         (what_ ? what_ : "it ends too early, or a length or number is out of range"));
}

bool StructReader::failed() {
  if (in_.ok()) {
    failed_at_ = in_.position();
    return false;
  }
  return true;
}

void StructReader::refuse(const char* what, Code code) {
  if (!in_.ok()) return;  // the first fault counts
  what_ = what;
  code_ = code;
  failed_at_ = in_.position();
  in_.set_failed();
}

// What a skip_* function found, if anything.
void StructReader::note(const char* fault) {
  if (fault != nullptr && what_ == nullptr) what_ = fault;
}

bool StructReader::next_block() {
  if (blocks_left_ == 0 || !in_.ok()) return false;
  --blocks_left_;
  block_structs_ = in_.read_var_uint();
  const uint64_t word = in_.peek_word();
  const size_t client_at = in_.position();
  client_ = in_.read_var_uint();
  client_bytes_ = in_.position() - client_at;
  client_mask_ = client_bytes_ < 8 ? (uint64_t{1} << (client_bytes_ * 8)) - 1 : 0;
  client_word_ = word & client_mask_;
  clock_ = in_.read_var_uint();
  if (failed()) return false;
  if (block_structs_ > in_.remaining() / 2) {
    refuse("more structs are announced than the bytes can hold");
  } else if (block_structs_ > structs_left_max_) {
    refuse("there are more structs than the limit for one update", Code::kLimit);
  } else if (clock_ >= kClockMax) {
    refuse("a clock is past 2^32-1");
  }
  structs_left_max_ -= block_structs_;
  structs_left_ = block_structs_;
  return in_.ok();
}

bool StructReader::next_struct(ParsedStruct& s) {
  if (structs_left_ == 0 || !in_.ok()) return false;
  --structs_left_;
  if (clock_ >= kClockMax) {
    refuse("a clock is past 2^32-1");
    return false;
  }
  s = ParsedStruct();
  s.clock = static_cast<uint32_t>(clock_);
  one_struct(s);
  if (!in_.ok()) return false;
  failed_at_ = in_.position();
  clock_ += s.len;
  if (s.len == 0) refuse("a struct has no length");
  if (clock_ > kClockMax) refuse("a clock is past 2^32-1");
  return in_.ok();
}

void StructReader::read_deletes(std::vector<DeleteRange>& out) {
  if (failed()) return;
  note(read_delete_set(in_, WireFormat::kV1, out));
  if (!failed() && !in_.at_end()) refuse("bytes follow the delete set");
}

// A length or count that becomes clock ticks.
uint32_t StructReader::length(uint64_t value) {
  if (value > kClockMax) {
    refuse("a length is past 2^32-1");
    return 0;
  }
  return static_cast<uint32_t>(value);
}

// A client id. Most structs name their own client twice: it is known by its bytes.
inline uint64_t StructReader::read_client(Reader& in) const {
  if (client_word_ != 0 && (in.peek_word() & client_mask_) == client_word_) {
    in.skip(client_bytes_);
    return client_;
  }
  return in.read_var_uint();
}

// An id that the current struct refers to; what is wrong with it, or nullptr.
inline const char* StructReader::read_id(Reader& in, uint64_t& client, uint32_t& clock) const {
  client = read_client(in);
  const uint64_t value = in.read_var_uint();
  if (value >= kClockMax) return "a referenced clock is past 2^32-1";
  if (client == client_ && value >= clock_) return "a struct refers to its own future";
  clock = static_cast<uint32_t>(value);
  return nullptr;
}

void StructReader::one_struct(ParsedStruct& s) {
  Reader in = in_;  // in registers: nobody below takes its address
  s.info = in.read_u8();
  const uint8_t ref = s.ref();
  if (ref == kGc || ref == kSkip) {
    in_ = in;
    if (s.info != ref) return refuse("a GC or Skip struct has item flags");
    s.len = length(in_.read_var_uint());
    return;
  }
  const char* fault = nullptr;
  if (s.info & kInfoOrigin) fault = read_id(in, s.origin_client, s.origin_clock);
  if ((s.info & kInfoRightOrigin) && fault == nullptr) {
    fault = read_id(in, s.right_origin_client, s.right_origin_clock);
  }
  if (fault != nullptr) {
    in_ = in;
    return refuse(fault);
  }
  if (!(s.info & (kInfoOrigin | kInfoRightOrigin))) {
    in_ = in;
    parent(s);
    in = in_;
  }
  if (ref == kString) {
    const Bytes text = in.read_var_bytes();
    s.ascii = is_ascii(text);
    s.len = s.content_bytes = static_cast<uint32_t>(text.size());
    s.content_at = static_cast<uint32_t>(in.position() - text.size());
    in_ = in;
    if (!s.ascii) measure(text, s);
  } else if (ref == kDeleted) {
    const uint64_t len = in.read_var_uint();
    in_ = in;
    s.len = length(len);
  } else {
    in_ = in;
    content(ref, s);
  }
}

// The length of a text that is not ASCII.
void StructReader::measure(Bytes text, ParsedStruct& s) {
  const auto units = utf16_length(text);
  if (!units) return refuse("a text is not valid UTF-8");
  s.len = length(*units);
}

// 1: a root by name; anything else: an item. So reads Yjs.
void StructReader::parent(ParsedStruct& s) {
  s.parent_at = static_cast<uint32_t>(in_.position());
  if (in_.read_var_uint() == 1) {
    note(skip_utf8(in_));
  } else {
    Id owner;
    if (const char* fault = read_id(in_, owner.client, owner.clock); fault != nullptr) return refuse(fault);
  }
  if (s.info & kInfoParentSub) note(skip_utf8(in_));
}

// All but texts and what is deleted.
void StructReader::content(uint8_t ref, ParsedStruct& s) {
  size_t at = in_.position();
  s.len = 1;
  switch (ref) {
    case kJson:
    case kAny: {
      const uint64_t count = in_.read_var_uint();
      if (count > in_.remaining()) return refuse("more elements are announced than the bytes can hold");
      s.len = length(count);
      at = in_.position();
      for (uint64_t i = 0; i < count && in_.ok(); ++i) {
        note(ref == kAny ? skip_any(in_, any_depth_max_) : skip_json(in_, any_depth_max_, true));
      }
      break;
    }
    case kBinary:
      in_.read_var_bytes();
      break;
    case kEmbed:
      note(skip_json(in_, any_depth_max_));
      break;
    case kFormat:
      note(skip_utf8(in_));
      note(skip_json(in_, any_depth_max_));
      break;
    case kType: {
      const uint64_t type = in_.read_var_uint();
      if (type > kTypeRefMax) return refuse("an unknown shared type");
      if (type == kTypeRefXmlElement || type == kTypeRefXmlHook) note(skip_utf8(in_));
      break;
    }
    case kDoc:
      note(skip_utf8(in_));
      note(skip_any(in_, any_depth_max_));
      break;
    default:
      return refuse("an unknown content ref");
  }
  if (!in_.ok()) return;
  s.content_at = static_cast<uint32_t>(at);
  s.content_bytes = static_cast<uint32_t>(in_.position() - at);
}

}  // namespace symphony::crdt
