#include "crdt/wire/struct_writer.h"

#include "base/utf8.h"

namespace symphony::crdt {
namespace {

constexpr uint8_t kReplacement[3] = {0xef, 0xbf, 0xbd};

}  // namespace

void write_content(Encoder& out, uint8_t ref, uint32_t len, Bytes content, uint32_t offset) {
  switch (ref) {
    case kDeleted:
      out.var_uint(len - offset);
      break;
    case kString:
      if (offset == 0 || content.size() == len) {
        out.var_bytes(content.subspan(offset));  // as many bytes as units: ASCII
      } else if (const Utf16Cut cut = utf16_cut(content, offset, len); cut.inside_pair) {
        // A lone half of a pair is written as U+FFFD, as TextEncoder does.
        const Bytes tail = content.subspan(cut.bytes + 4);
        out.var_uint(3 + tail.size());
        out.bytes(kReplacement);
        out.bytes(tail);
      } else {
        out.var_bytes(content.subspan(cut.bytes));
      }
      break;
    case kJson:
    case kAny:
      out.var_uint(len - offset);
      out.bytes(content.subspan(offset == 0 ? 0 : elements_size(ref, content, offset)));
      break;
    default:
      out.bytes(content);
  }
}

void write_parsed(Encoder& out, Bytes update, uint64_t client, const ParsedStruct& s, uint32_t offset,
                  Infos infos) {
  if (s.ref() == kGc || s.ref() == kSkip) {
    out.u8(s.ref());
    out.var_uint(s.len - offset);
  } else {
    write_parsed_head(out, update, client, s, offset, infos);
    write_content(out, s.ref(), s.len, update.subspan(s.content_at, s.content_bytes), offset);
  }
}

void write_parsed_head(Encoder& out, Bytes update, uint64_t client, const ParsedStruct& s, uint32_t offset,
                       Infos infos) {
  const bool has_origin = offset > 0 || s.has_origin();
  // A parent key stands only beside the parent: a struct that was read with an origin has lost it.
  const bool has_sub = (infos == Infos::kAsIs || s.has_parent()) && (s.info & kInfoParentSub) != 0;
  uint8_t* at = out.space(64);
  *at++ =
      static_cast<uint8_t>(s.ref() | (has_origin ? kInfoOrigin : 0) |
                           (s.has_right_origin() ? kInfoRightOrigin : 0) | (has_sub ? kInfoParentSub : 0));
  if (offset > 0) {
    at = put_var_uint(at, client);
    at = put_var_uint(at, s.clock + offset - 1);
  } else if (has_origin) {
    at = put_var_uint(at, s.origin_client);
    at = put_var_uint(at, s.origin_clock);
  }
  if (s.has_right_origin()) {
    at = put_var_uint(at, s.right_origin_client);
    at = put_var_uint(at, s.right_origin_clock);
  }
  out.filled(at);
  if (!has_origin && !s.has_right_origin()) {
    const ParsedParent parent = parent_of(update, s);
    out.var_uint(parent.is_root ? 1 : 0);
    if (parent.is_root) {
      out.var_string(parent.root);
    } else {
      out.var_uint(parent.item.client);
      out.var_uint(parent.item.clock);
    }
    if (has_sub) out.var_string(parent.sub);
  }
}

void StructWriter::write(const Piece& piece, uint32_t offset) {
  if (blocks_.empty() || blocks_.back().client != piece.client) {
    blocks_.push_back({piece.client, structs_.size(), piece.clock + offset, 0});
  }
  if (piece.is_skip() || piece.is_gc()) {
    structs_.u8(piece.parsed.ref());
    structs_.var_uint(piece.len - offset);  // joined ones are longer than what was parsed
  } else {
    write_parsed(structs_, piece.update, piece.client, piece.parsed,
                 piece.clock + offset - piece.parsed.clock, infos_);
  }
  ++blocks_.back().structs;
}

Buffer StructWriter::finish(std::span<const DeleteRange> deletes) const {
  Encoder out(structs_.size() + blocks_.size() * 20 + deletes.size() * 10 + 32);
  out.var_uint(blocks_.size());
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const size_t end = i + 1 < blocks_.size() ? blocks_[i + 1].at : structs_.size();
    out.var_uint(block.structs);
    out.var_uint(block.client);
    out.var_uint(block.clock);
    out.bytes(structs_.written().subspan(block.at, end - block.at));
  }
  write_delete_set(out, WireFormat::kV1, deletes);
  return out.take();
}

}  // namespace symphony::crdt
