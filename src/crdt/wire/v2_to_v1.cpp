#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/json.h"
#include "crdt/wire/columns.h"
#include "crdt/wire/delete_set.h"
#include "crdt/wire/json_any.h"
#include "crdt/wire/struct_reader.h"
#include "crdt/wire/update_v2.h"

namespace symphony::crdt {
namespace {

constexpr uint64_t kClockMax = 0xffffffffULL;
// What is reserved for v1 is twice to three times what it takes. It costs nothing before it is touched, and
// an allocator that has seen a block greater than the document keeps the document's memory for the next one.
constexpr size_t kRoom = 6;

// Reads a v2 update and writes it as v1, struct by struct.
class V2ToV1 {
 public:
  V2ToV1(Bytes update, const DocLimits& limits, Infos infos)
      : in_(update),
        size_(update.size()),
        limits_(limits),
        infos_as_is_(infos == Infos::kAsIs),
        key_clocks_(first_column(in_), fault_),
        clients_(in_.read_var_bytes(), fault_),
        left_clocks_(in_.read_var_bytes(), fault_),
        right_clocks_(in_.read_var_bytes(), fault_),
        infos_(in_.read_var_bytes(), fault_),
        strings_(in_.read_var_bytes(), fault_),
        parent_infos_(in_.read_var_bytes(), fault_),
        type_refs_(in_.read_var_bytes(), fault_),
        lengths_(in_.read_var_bytes(), fault_),
        out_(std::min(update.size() * kRoom + 64, limits.update_bytes_max)) {}

  Result<Buffer> convert() {
    structs();
    std::vector<DeleteRange> deletes;
    if (good()) note(read_delete_set(in_, WireFormat::kV2, deletes));
    if (good() && !in_.at_end()) refuse("bytes follow the delete set");
    ensure_joined(deletes);
    write_delete_set(out_, WireFormat::kV1, deletes);
    if (good() && out_.size() > limits_.update_bytes_max) too_long();
    if (good()) return out_.take();
    return fail(code_, std::string("v2 update refused: ") +
                           (what_ ? what_ : "it ends too early, or a length or number is out of range"));
  }

 private:
  static Bytes first_column(Reader& in) {
    in.read_var_uint();  // feature flags: nobody has defined any
    return in.read_var_bytes();
  }

  bool good() const { return in_.ok() && !fault_; }

  void refuse(const char* what, Code code = Code::kInvalid) {
    if (!good()) return;  // the first fault counts
    what_ = what;
    code_ = code;
    fault_ = true;
  }

  // What a skip_* function found, if anything.
  void note(const char* fault) {
    if (fault != nullptr && what_ == nullptr) what_ = fault;
  }

  void too_long() { refuse("as v1 it has more bytes than the limit for one update", Code::kLimit); }

  void structs() {
    if (size_ > limits_.update_bytes_max) {
      return refuse("it has more bytes than the limit for one update", Code::kLimit);
    }
    const uint64_t clients = in_.read_var_uint();
    if (clients > in_.remaining() / 2) return refuse("more clients are announced than the bytes can hold");
    out_.var_uint(clients);
    const size_t header = out_.size();
    std::vector<uint64_t> seen;
    uint64_t structs_left = limits_.update_structs_max;
    for (uint64_t i = 0; i < clients; ++i) {
      const uint64_t count = in_.read_var_uint();
      client_ = clients_.read();
      clock_ = in_.read_var_uint();
      if (!good()) return;
      if (count == 0) continue;
      if (count > structs_left) {
        return refuse("there are more structs than the limit for one update", Code::kLimit);
      }
      structs_left -= count;
      seen.push_back(client_);
      out_.var_uint(count);
      out_.var_uint(client_);
      out_.var_uint(clock_);
      for (uint64_t k = 0; k < count; ++k) {
        if (clock_ >= kClockMax) return refuse("a clock is past 2^32-1");
        const uint64_t len = one_struct();
        if (!good()) return;
        if (len == 0) return refuse("a struct has no length");
        if (len > kClockMax || clock_ + len > kClockMax) return refuse("a clock is past 2^32-1");
        if (out_.size() > limits_.update_bytes_max) return too_long();
        clock_ += len;
      }
    }
    std::sort(seen.begin(), seen.end());
    if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
      return refuse("a client has two blocks of structs");
    }
    if (seen.size() == clients) return;
    // Blocks without structs were announced; Yjs does not write them.
    Encoder without(out_.size());
    without.var_uint(seen.size());
    without.bytes(out_.written().subspan(header));
    out_ = std::move(without);
  }

  // Writes the next struct and gives its length.
  uint64_t one_struct() {
    const uint8_t info = infos_.read();
    const uint8_t ref = info & kInfoRef;
    if (ref == kGc || ref == kSkip) {
      if (info != ref) refuse("a GC or Skip struct has item flags");
      const uint64_t len = ref == kGc ? lengths_.read() : in_.read_var_uint();
      out_.u8(ref);
      out_.var_uint(len);
      return len;
    }
    const bool has_parent = (info & (kInfoOrigin | kInfoRightOrigin)) == 0;
    uint8_t* at = out_.space(64);
    *at++ = has_parent || infos_as_is_ ? info : static_cast<uint8_t>(info & ~kInfoParentSub);
    if (info & kInfoOrigin) at = put_id(at, left_clocks_);
    if (info & kInfoRightOrigin) at = put_id(at, right_clocks_);
    if (has_parent) {
      const bool is_root = parent_infos_.read() == 1;
      *at++ = is_root ? 1 : 0;
      if (!is_root) at = put_id(at, left_clocks_);
      out_.filled(at);
      if (is_root) out_.var_bytes(strings_.read());
      if (info & kInfoParentSub) out_.var_bytes(strings_.read());
      at = out_.space(64);
    }
    if (ref == kString) {
      uint64_t units;
      const Bytes text = strings_.read(units);
      at = put_var_uint(at, text.size());
      out_.filled(at);
      out_.bytes(text);
      return units;
    }
    if (ref == kDeleted) {
      const uint64_t len = lengths_.read();
      out_.filled(put_var_uint(at, len));
      return len;
    }
    out_.filled(at);
    return content(ref);
  }

  uint8_t* put_id(uint8_t* at, ClockReader& clocks) {
    const uint64_t client = clients_.read();
    const uint64_t clock = clocks.read();
    if (clock >= kClockMax) {
      refuse("a referenced clock is past 2^32-1");
    } else if (client == client_ && clock >= clock_) {
      refuse("a struct refers to its own future");
    }
    if (client != written_client_) {
      written_client_ = client;
      written_bytes_ = static_cast<size_t>(put_var_uint(written_, client) - written_);
    }
    std::memcpy(at, written_, sizeof(written_));
    return put_var_uint(at + written_bytes_, clock);
  }

  uint64_t content(uint8_t ref) {
    switch (ref) {
      case kJson:
        return json_elements();
      case kBinary:
        out_.var_bytes(in_.read_var_bytes());
        return 1;
      case kEmbed:
        json();
        return 1;
      case kFormat:
        out_.var_bytes(key());
        json();
        return 1;
      case kType: {
        const uint64_t type = type_refs_.read();
        if (type > kTypeRefMax) refuse("an unknown shared type");
        out_.var_uint(type);
        if (type == kTypeRefXmlElement || type == kTypeRefXmlHook) out_.var_bytes(key());
        return 1;
      }
      case kAny: {
        const uint64_t count = lengths_.read();
        if (count > in_.remaining()) refuse("more elements are announced than the bytes can hold");
        out_.var_uint(count);
        copy_any(good() ? count : 0);
        return count;
      }
      case kDoc:
        out_.var_bytes(strings_.read());
        copy_any(1);
        return 1;
      default:
        refuse("an unknown content ref");
        return 0;
    }
  }

  uint64_t json_elements() {
    const uint64_t count = lengths_.read();
    if (count > strings_.units_left()) refuse("more elements are announced than the bytes can hold");
    out_.var_uint(count);
    for (uint64_t i = 0; i < count && good(); ++i) {
      const Bytes text = strings_.read();
      if (as_text(text) != "undefined" && !is_json(text, limits_.any_depth_max)) {
        refuse("a JSON text is not valid or nested too deeply");
      }
      out_.var_bytes(text);
    }
    return count;
  }

  void copy_any(uint64_t count) {
    const uint8_t* begin = in_.cursor();
    for (uint64_t i = 0; i < count && in_.ok(); ++i) note(skip_any(in_, limits_.any_depth_max));
    if (in_.ok()) out_.bytes({begin, in_.cursor()});
  }

  // A value of a format or an embed.
  void json() {
    Reader value = in_;
    note(skip_any(in_, std::min(limits_.any_depth_max, kJsonDepthMax)));
    if (!good()) return;
    json_.clear();
    if (!any_to_json(value, json_)) {
      return refuse("a format or an embed has a value that v1 cannot express: undefined or a bigint");
    }
    out_.var_string(json_);
  }

  // Yjs writes every key in full but reads references to earlier ones.
  Bytes key() {
    const uint64_t clock = key_clocks_.read();
    if (clock > kVarUintMax) refuse("a key reference is out of range");
    if (clock < keys_.size()) return keys_[static_cast<size_t>(clock)];
    return keys_.emplace_back(strings_.read());
  }

  Reader in_;  // the rest
  size_t size_;
  const DocLimits& limits_;
  bool infos_as_is_;
  bool fault_ = false;
  const char* what_ = nullptr;
  Code code_ = Code::kInvalid;
  // The client id written last, as it is written: they come in long rows.
  uint64_t written_client_ = 0;
  size_t written_bytes_ = 1;
  uint8_t written_[16] = {};
  ClockReader key_clocks_;
  UintReader clients_;
  ClockReader left_clocks_;
  ClockReader right_clocks_;
  ByteReader infos_;
  StringReader strings_;
  ByteReader parent_infos_;
  UintReader type_refs_;
  UintReader lengths_;
  Encoder out_;
  uint64_t client_ = 0;  // of the current struct
  uint64_t clock_ = 0;
  std::vector<Bytes> keys_;
  std::string json_;
};

}  // namespace

Result<Buffer> convert_v2_to_v1(Bytes update, const DocLimits& limits, Infos infos) {
  return V2ToV1(update, limits, infos).convert();
}

}  // namespace symphony::crdt
