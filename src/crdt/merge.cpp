#include "crdt/merge.h"

#include <algorithm>
#include <optional>
#include <span>

#include "crdt/encode.h"
#include "crdt/pending.h"

namespace symphony::crdt {
namespace {

// A struct on its way from an update to the output, possibly sliced (Yjs: sliceStruct) or a Skip made to fill
// a hole.
struct Piece {
  const ParsedUpdate* update = nullptr;  // null: a Skip
  const ParsedStruct* parsed = nullptr;
  uint64_t client = 0;
  uint32_t clock = 0;
  uint32_t len = 0;

  uint32_t end() const { return clock + len; }
  bool is_skip() const { return update == nullptr; }
  bool is_gc() const { return update != nullptr && parsed->ref() == kGc; }
};

// Walks an update's structs in order (Yjs: LazyStructReader).
class StructReader {
 public:
  StructReader(const ParsedUpdate& update, bool filter_skips)
      : update_(&update), filter_skips_(filter_skips) {
    settle();
  }

  bool done() const { return block_ == update_->blocks.size(); }
  const Piece& current() const { return current_; }

  void next() {
    ++index_;
    settle();
  }

 private:
  // Moves to the next struct that counts.
  void settle() {
    for (; block_ < update_->blocks.size(); ++block_, index_ = 0) {
      const ParsedBlock& block = update_->blocks[block_];
      for (; index_ < block.count; ++index_) {
        const ParsedStruct& s = update_->structs[block.first + index_];
        const bool skip = s.ref() == kSkip;
        if (skip && filter_skips_) continue;
        current_ = {skip ? nullptr : update_, &s, block.client, s.clock, s.len};
        return;
      }
    }
  }

  const ParsedUpdate* update_;
  bool filter_skips_;
  size_t block_ = 0;
  uint32_t index_ = 0;
  Piece current_;
};

// Groups structs into client blocks as they come (Yjs: LazyStructWriter).
class StructWriter {
 public:
  void write(const Piece& piece, uint32_t offset) {
    if (written_ > 0 && client_ != piece.client) flush();
    if (written_ == 0) {
      client_ = piece.client;
      start_clock_ = piece.clock + offset;
    }
    if (piece.is_skip()) {
      block_.u8(kSkip);
      block_.var_uint(piece.len - offset);
    } else if (piece.is_gc()) {
      block_.u8(kGc);
      block_.var_uint(piece.len - offset);  // joined GC structs are longer than what was parsed
    } else {
      write_parsed(block_, *piece.update, piece.client, *piece.parsed,
                   piece.clock + offset - piece.parsed->clock);
    }
    ++written_;
  }

  void finish(Encoder& out) {
    flush();
    out.var_uint(blocks_);
    out.bytes(finished_.take());
  }

 private:
  void flush() {
    if (written_ == 0) return;
    finished_.var_uint(written_);
    finished_.var_uint(client_);
    finished_.var_uint(start_clock_);
    finished_.bytes(block_.take());
    block_ = Encoder();
    written_ = 0;
    ++blocks_;
  }

  Encoder finished_;
  Encoder block_;
  uint64_t client_ = 0;
  uint32_t start_clock_ = 0;
  uint32_t written_ = 0;
  uint32_t blocks_ = 0;
};

// Yjs's mergeWith on structs that no document holds: only equal kinds without content join.
bool join(Piece& left, const Piece& right) {
  const bool same = (left.is_gc() && right.is_gc()) || (left.is_skip() && right.is_skip());
  if (same) left.len += right.len;
  return same;
}

// A delete set with the clients in the order given.
void write_ranges(Encoder& out, std::span<const DeleteRange> ranges) {
  Encoder body;
  size_t clients = 0;
  for (size_t begin = 0; begin < ranges.size(); ++clients) {
    size_t end = begin;
    while (end < ranges.size() && ranges[end].client == ranges[begin].client) ++end;
    body.var_uint(ranges[begin].client);
    body.var_uint(end - begin);
    for (; begin < end; ++begin) {
      body.var_uint(ranges[begin].clock);
      body.var_uint(ranges[begin].len);
    }
  }
  out.var_uint(clients);
  out.bytes(body.take());
}

void write_merged_deletes(Encoder& out, std::span<const ParsedUpdate> updates) {
  std::vector<DeleteRange> deletes;
  for (const ParsedUpdate& update : updates) {
    deletes.insert(deletes.end(), update.deletes.begin(), update.deletes.end());
  }
  join_ranges(deletes);
  write_ranges(out, deletes);
}

}  // namespace

void write_parsed(Encoder& out, const ParsedUpdate& update, uint64_t client, const ParsedStruct& s,
                  uint32_t offset) {
  if (s.ref() == kGc || s.ref() == kSkip) {
    out.u8(s.ref());
    out.var_uint(s.len - offset);
    return;
  }
  const bool has_origin = offset > 0 || s.has_origin();
  // A parent key stands only beside the parent; a struct that has an origin has lost it on the wire.
  const bool has_sub = s.has_parent() && (s.info & kInfoParentSub) != 0;
  out.u8(static_cast<uint8_t>(s.ref() | (has_origin ? kInfoOrigin : 0) |
                              (s.has_right_origin() ? kInfoRightOrigin : 0) |
                              (has_sub ? kInfoParentSub : 0)));
  if (offset > 0) {
    out.var_uint(client);
    out.var_uint(s.clock + offset - 1);
  } else if (has_origin) {
    out.var_uint(s.origin_client);
    out.var_uint(s.origin_clock);
  }
  if (s.has_right_origin()) {
    out.var_uint(s.right_origin_client);
    out.var_uint(s.right_origin_clock);
  }
  if (!has_origin && !s.has_right_origin()) {
    const ParsedParent parent = update.parent(s);
    out.var_uint(parent.is_root ? 1 : 0);
    if (parent.is_root) {
      out.var_string(parent.root);
    } else {
      out.var_uint(parent.item.client);
      out.var_uint(parent.item.clock);
    }
    if (has_sub) out.var_string(parent.sub);
  }
  write_content(out, s.ref(), s.len, update.content(s), offset);
}

Buffer merge_updates(std::span<const ParsedUpdate> updates) {
  std::vector<StructReader> readers;
  readers.reserve(updates.size());
  for (const ParsedUpdate& update : updates) readers.emplace_back(update, true);
  StructWriter writer;
  std::optional<Piece> write;  // waits to be written, since what follows may join it

  const auto before = [](const StructReader& a, const StructReader& b) {
    const Piece& x = a.current();
    const Piece& y = b.current();
    return x.client != y.client ? x.client > y.client : x.clock < y.clock;
  };
  for (;;) {
    std::erase_if(readers, [](const StructReader& reader) { return reader.done(); });
    std::stable_sort(readers.begin(), readers.end(), before);
    if (readers.empty()) break;
    StructReader& reader = readers.front();
    const uint64_t first_client = reader.current().client;

    if (!write) {
      write = reader.current();
      reader.next();
    } else {
      bool iterated = false;
      // Pass over what has been written already.
      while (!reader.done() && reader.current().end() <= write->end() &&
             reader.current().client >= write->client) {
        reader.next();
        iterated = true;
      }
      if (reader.done() || reader.current().client != first_client ||
          (iterated && reader.current().clock > write->end())) {
        continue;  // another reader may come first now
      }
      Piece current = reader.current();
      if (first_client != write->client) {
        writer.write(*write, 0);
        write = current;
        reader.next();
      } else if (write->end() < current.clock) {
        if (write->is_skip()) {
          write->len = current.end() - write->clock;
        } else {
          writer.write(*write, 0);
          write = Piece{nullptr, nullptr, first_client, write->end(), current.clock - write->end()};
        }
      } else {
        if (const uint32_t overlap = write->end() - current.clock; overlap > 0) {
          if (write->is_skip()) {
            write->len -= overlap;  // the struct knows more than the hole
          } else {
            current.clock += overlap;
            current.len -= overlap;
          }
        }
        if (!join(*write, current)) {
          writer.write(*write, 0);
          write = current;
          reader.next();
        }
      }
    }
    while (!reader.done() && reader.current().client == first_client &&
           reader.current().clock == write->end()) {
      writer.write(*write, 0);
      write = reader.current();
      reader.next();
    }
  }
  if (write) writer.write(*write, 0);

  Encoder out;
  writer.finish(out);
  write_merged_deletes(out, updates);
  return out.take();
}

Buffer diff_update(const ParsedUpdate& update, std::span<const Id> state_vector) {
  StructWriter writer;
  StructReader reader(update, false);
  while (!reader.done()) {
    const Piece piece = reader.current();
    if (piece.is_skip()) {
      reader.next();  // a client never begins with a Skip
      continue;
    }
    const auto found = std::upper_bound(state_vector.begin(), state_vector.end(), piece.client,
                                        [](uint64_t client, const Id& id) { return client > id.client; });
    const bool listed = found != state_vector.begin() && std::prev(found)->client == piece.client;
    const uint32_t state = listed ? std::prev(found)->clock : 0;
    if (piece.end() > state) {
      writer.write(piece, state > piece.clock ? state - piece.clock : 0);
      for (reader.next(); !reader.done() && reader.current().client == piece.client; reader.next()) {
        writer.write(reader.current(), 0);
      }
    } else {
      while (!reader.done() && reader.current().client == piece.client && reader.current().end() <= state)
        reader.next();
    }
  }
  Encoder out;
  writer.finish(out);
  write_ranges(out, update.deletes);  // the delete set goes over as it came
  return out.take();
}

}  // namespace symphony::crdt
