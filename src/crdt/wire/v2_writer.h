#pragma once

#include <span>
#include <string_view>

#include "base/utf8.h"
#include "crdt/wire/columns.h"
#include "crdt/wire/delete_set.h"
#include "crdt/wire/json_any.h"
#include "crdt/wire/struct_reader.h"
#include "crdt/wire/update_v2.h"

namespace symphony::crdt {

// Writes structs as v2 as they come.
class V2Writer {
 public:
  explicit V2Writer(Infos infos) : infos_as_is_(infos == Infos::kAsIs) {}

  // The structs of a client follow, so many, from `clock` on.
  void begin_block(uint64_t client, uint64_t clock, uint64_t structs) {
    rest_.var_uint(structs);
    clients_.write(client);
    rest_.var_uint(clock);
    ++blocks_;
  }

  // `content` is what ParsedStruct::content_at points to; `parent` counts only if s.has_parent().
  void write(const ParsedStruct& s, const ParsedParent& parent, Bytes content) {
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
      parent_infos_.write(parent.is_root ? 1 : 0);
      if (parent.is_root) {
        string(parent.root);
      } else {
        clients_.write(parent.item.client);
        left_clocks_.write(parent.item.clock);
      }
      if (parent.has_sub) string(parent.sub);
    }
    write_content(s, content);
  }

  // The update, with these deletes.
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

  void write_content(const ParsedStruct& s, Bytes content) {
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

}  // namespace symphony::crdt
