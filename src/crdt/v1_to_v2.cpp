#include <string>
#include <vector>

#include "base/utf8.h"
#include "crdt/columns.h"
#include "crdt/delete_set.h"
#include "crdt/json_any.h"
#include "crdt/struct_reader.h"
#include "crdt/update_v2.h"

namespace symphony::crdt {
namespace {

// Writes structs as v2 as they come.
class V1ToV2 {
 public:
  V1ToV2(Bytes update, Infos infos) : update_(update), infos_as_is_(infos == Infos::kAsIs) {}

  void begin_block(const StructReader& in) {
    rest_.var_uint(in.block_structs());
    clients_.write(in.client());
    rest_.var_uint(in.clock());
    ++blocks_;
  }

  void write(const ParsedStruct& s) {
    if (s.ref() == kGc || s.ref() == kSkip) {
      infos_.write(s.ref());
      if (s.ref() == kGc) {
        lengths_.write(s.len);
      } else {
        rest_.var_uint(s.len);
      }
      return;
    }
    infos_.write(infos_as_is_ || s.has_parent() ? s.info : static_cast<uint8_t>(s.info & ~kInfoParentSub));
    if (s.has_origin()) {
      clients_.write(s.origin_client);
      left_clocks_.write(s.origin_clock);
    }
    if (s.has_right_origin()) {
      clients_.write(s.right_origin_client);
      right_clocks_.write(s.right_origin_clock);
    }
    if (s.has_parent()) {
      const ParsedParent parent = parent_of(update_, s);
      parent_infos_.write(parent.is_root ? 1 : 0);
      if (parent.is_root) {
        string(parent.root);
      } else {
        clients_.write(parent.item.client);
        left_clocks_.write(parent.item.clock);
      }
      if (parent.has_sub) string(parent.sub);
    }
    content(s, update_.subspan(s.content_at, s.content_bytes));
  }

  Buffer finish(std::span<const DeleteRange> deletes) {
    Encoder out(strings_.text().size() + rest_.size() + 1024);
    out.var_uint(0);
    out.var_bytes(key_clocks_.finish());
    out.var_bytes(clients_.finish());
    out.var_bytes(left_clocks_.finish());
    out.var_bytes(right_clocks_.finish());
    out.var_bytes(infos_.finish());
    const Bytes texts = strings_.text(), text_lengths = strings_.finish_lengths();
    out.var_uint(var_uint_size(texts.size()) + texts.size() + text_lengths.size());
    out.var_bytes(texts);
    out.bytes(text_lengths);
    out.var_bytes(parent_infos_.finish());
    out.var_bytes(type_refs_.finish());
    out.var_bytes(lengths_.finish());
    out.var_uint(blocks_);
    out.bytes(rest_.written());
    write_delete_set(out, WireFormat::kV2, deletes);
    return out.take();
  }

 private:
  void string(std::string_view text) {
    const Bytes bytes = as_bytes(text);
    strings_.write(bytes, utf16_length(bytes).value_or(0));
  }

  void key(std::string_view text) {
    key_clocks_.write(keys_++);
    string(text);
  }

  void json(std::string_view text) {
    any_.clear();
    json_to_any(text, any_);
    rest_.bytes(any_);
  }

  void content(const ParsedStruct& s, Bytes content) {
    Reader in(content);
    switch (s.ref()) {
      case kDeleted:
        lengths_.write(s.len);
        break;
      case kJson:
        lengths_.write(s.len);
        for (uint32_t i = 0; i < s.len; ++i) string(in.read_var_string());
        break;
      case kString:
        strings_.write(content, s.len);
        break;
      case kEmbed:
        json(in.read_var_string());
        break;
      case kFormat:
        key(in.read_var_string());
        json(in.read_var_string());
        break;
      case kType: {
        const uint64_t type = in.read_var_uint();
        type_refs_.write(type);
        if (type == kTypeRefXmlElement || type == kTypeRefXmlHook) key(in.read_var_string());
        break;
      }
      case kAny:
        lengths_.write(s.len);
        rest_.bytes(content);
        break;
      case kDoc:
        string(in.read_var_string());
        rest_.bytes(in.read_bytes(in.remaining()));
        break;
      default:  // kBinary
        rest_.bytes(content);
    }
  }

  Bytes update_;
  bool infos_as_is_;
  ClockWriter key_clocks_;
  UintWriter clients_;
  ClockWriter left_clocks_;
  ClockWriter right_clocks_;
  ByteWriter infos_;
  StringWriter strings_;
  ByteWriter parent_infos_;
  UintWriter type_refs_;
  UintWriter lengths_;
  Encoder rest_;
  uint64_t blocks_ = 0;
  uint64_t keys_ = 0;
  Buffer any_;
};

}  // namespace

Result<Buffer> convert_v1_to_v2(Bytes update, const DocLimits& limits, Infos infos) {
  StructReader in(update, limits);
  V1ToV2 out(update, infos);
  ParsedStruct s;
  while (in.next_block()) {
    if (in.block_structs() > 0) out.begin_block(in);
    while (in.next_struct(s)) out.write(s);
  }
  std::vector<DeleteRange> deletes;
  in.read_deletes(deletes);
  ensure_joined(deletes);
  if (auto ok = in.outcome(); !ok) return tl::unexpected(std::move(ok.error()));
  return out.finish(deletes);
}

}  // namespace symphony::crdt
