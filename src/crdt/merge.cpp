#include "crdt/merge.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <queue>
#include <vector>

#include "crdt/encode.h"
#include "crdt/js_sort.h"
#include "crdt/update.h"

namespace symphony::crdt {
namespace {

// A struct on its way from an update to the output, possibly sliced (Yjs: sliceStruct) or a Skip made to fill
// a hole.
struct Piece {
  Bytes update;
  ParsedStruct parsed;
  uint64_t client = 0;
  uint32_t clock = 0;
  uint32_t len = 0;

  uint32_t end() const { return clock + len; }
  bool is_skip() const { return parsed.ref() == kSkip; }
  bool is_gc() const { return parsed.ref() == kGc; }
};

Piece skip(uint64_t client, uint32_t clock, uint32_t len) {
  Piece piece;
  piece.parsed.info = kSkip;
  piece.client = client;
  piece.clock = clock;
  piece.len = len;
  return piece;
}

// Yjs's mergeWith on structs that no document holds: only equal kinds without content join.
bool join(Piece& left, const Piece& right) {
  const bool same = (left.is_gc() && right.is_gc()) || (left.is_skip() && right.is_skip());
  if (same) left.len += right.len;
  return same;
}

// Groups structs into client blocks as they come (Yjs: LazyStructWriter).
class StructWriter {
 public:
  explicit StructWriter(size_t expected_bytes) : structs_(expected_bytes) {}

  void write(const Piece& piece, uint32_t offset = 0) {
    if (blocks_.empty() || blocks_.back().client != piece.client) {
      blocks_.push_back({piece.client, structs_.size(), piece.clock + offset, 0});
    }
    if (piece.is_skip() || piece.is_gc()) {
      structs_.u8(piece.parsed.ref());
      structs_.var_uint(piece.len - offset);  // joined ones are longer than what was parsed
    } else {
      write_parsed(structs_, piece.update, piece.client, piece.parsed,
                   piece.clock + offset - piece.parsed.clock);
    }
    ++blocks_.back().structs;
  }

  Buffer finish(std::span<const DeleteRange> deletes) {
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

 private:
  struct Block {
    uint64_t client;
    size_t at;
    uint32_t clock;
    uint32_t structs;
  };

  Encoder structs_;
  std::vector<Block> blocks_;
};

// Where an update is, and whom it goes before (Yjs sorts its LazyStructReaders anew for every struct).
struct Place {
  uint64_t client;
  uint32_t clock;
  uint32_t index : 31;
  uint32_t is_gc : 1;

  bool before(const Place& other) const {
    return client != other.client ? client > other.client : clock < other.clock;
  }
  // Yjs sorts each before the other.
  bool contends(const Place& other) const {
    return client == other.client && clock == other.clock && is_gc != other.is_gc;
  }
};

// An update that is being read; Skips are passed over.
struct Cursor {
  StructReader in;
  Bytes update;
  ParsedStruct current;
  bool done = false;

  Cursor(Bytes from, const DocLimits& limits) : in(from, limits), update(from) { next(); }

  void next() {
    do {
      while (!in.next_struct(current)) {
        if (!in.next_block()) {
          done = true;
          return;
        }
      }
    } while (current.ref() == kSkip);
  }

  uint32_t end() const { return current.end(); }
  Piece piece() const { return {update, current, in.client(), current.clock, current.len}; }
  Place place(uint32_t index) const {
    return {in.client(), current.clock, index & 0x7fffffff, current.ref() == kGc};
  }
};

// The same update with its blocks in descending order, as all of Yjs writes them.
Result<Buffer> ordered(Bytes update, const DocLimits& limits) {
  ParsedUpdate parsed;
  if (auto ok = parse_update(update, limits, parsed); !ok) return tl::unexpected(std::move(ok.error()));
  Encoder out(update.size());
  out.var_uint(parsed.blocks.size());
  for (const ParsedBlock& block : parsed.blocks) {
    out.var_uint(block.count);
    out.var_uint(block.client);
    out.var_uint(block.count > 0 ? parsed.structs[block.first].clock : 0);
    for (uint32_t i = 0; i < block.count; ++i) {
      write_parsed(out, update, block.client, parsed.structs[block.first + i], 0);
    }
  }
  write_delete_set(out, WireFormat::kV1, parsed.deletes);
  return out.take();
}

class Merger {
 public:
  explicit Merger(const DocLimits& limits) : limits_(limits) {}

  Result<Buffer> merge(std::span<const Bytes> updates) {
    updates_.assign(updates.begin(), updates.end());
    size_t bytes = 0;
    for (uint32_t i = 0; i < updates_.size(); ++i) {
      if (auto ok = survey(i); !ok) {
        ok.error().message = "of " + std::to_string(updates_.size()) + " updates, number " +
                             std::to_string(i) + ": " + ok.error().message;
        return tl::unexpected(std::move(ok.error()));
      }
      bytes += updates_[i].size();
    }
    ensure_joined(deletes_);
    const auto before = [](const Place& a, const Place& b) { return a.before(b); };
    if (!std::is_sorted(heads_.begin(), heads_.end(), before)) {
      std::stable_sort(heads_.begin(), heads_.end(), before);
    }

    const bool small = updates_.size() <= kJsSortMax;
    StructWriter writer(bytes);
    while (std::optional<uint32_t> next = take_next()) {
      if (small && contended_) return merge_as_sorted(bytes);
      step(cursors_[*next], writer);
      put_back(*next);
    }
    if (write_) writer.write(*write_);
    return writer.finish(deletes_);
  }

 private:
  // An update that has been read in part. Of those at one place the one that came there last goes first.
  struct Active {
    Place place;  // index: into cursors_
    uint64_t turn;

    // For std::priority_queue, whose top is the greatest.
    friend bool operator<(const Active& a, const Active& b) {
      if (a.place.before(b.place)) return false;
      return b.place.before(a.place) || a.turn < b.turn;
    }
  };

  // Reads all of an update, so that nothing can go wrong later, and notes where it begins.
  Result<void> survey(uint32_t index) {
    StructReader in(updates_[index], limits_);
    ParsedStruct s;
    bool found = false, descending = true;
    uint64_t before = kNoClient;
    while (in.next_block()) {
      descending = descending && in.client() < before;
      before = in.client();
      while (in.next_struct(s)) {
        if (found || s.ref() == kSkip) continue;
        found = true;
        heads_.push_back({before, s.clock, index & 0x7fffffff, s.ref() == kGc});
      }
    }
    const size_t known = deletes_.size();
    in.read_deletes(deletes_);
    if (auto ok = in.outcome(); !ok || descending) return ok;

    auto better = ordered(updates_[index], limits_);
    if (!better) return tl::unexpected(std::move(better.error()));
    reordered_.push_back(std::move(*better));
    updates_[index] = reordered_.back();
    deletes_.resize(known);
    if (found) heads_.pop_back();
    return survey(index);
  }

  // The update to go on with: index into cursors_.
  std::optional<uint32_t> take_next() {
    const Place* head = next_head_ < heads_.size() ? &heads_[next_head_] : nullptr;
    const Place* active = active_.empty() ? nullptr : &active_.top().place;
    if (head == nullptr && active == nullptr) return std::nullopt;
    if (head != nullptr && active != nullptr && head->contends(*active)) contended_ = true;
    if (active != nullptr && !(head != nullptr && head->before(*active))) {
      const Place taken = *active;
      active_.pop();
      if (!active_.empty() && active_.top().place.contends(taken)) contended_ = true;
      return taken.index;
    }
    if (++next_head_ < heads_.size() && heads_[next_head_].contends(*head)) contended_ = true;
    return open(updates_[head->index]);
  }

  // A cursor at the start of an update.
  uint32_t open(Bytes update) {
    if (free_.empty()) {
      cursors_.emplace_back(update, limits_);
      return static_cast<uint32_t>(cursors_.size() - 1);
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    cursors_[index] = Cursor(update, limits_);
    return index;
  }

  void put_back(uint32_t index) {
    const Cursor& cursor = cursors_[index];
    if (cursor.done) {
      free_.push_back(index);
    } else {
      active_.push({cursor.place(index), ++turns_});
    }
  }

  // From the start again, as Yjs does it: sorting before every step.
  Buffer merge_as_sorted(size_t bytes) {
    write_.reset();
    cursors_.clear();
    std::vector<Place> places;
    for (uint32_t i = 0; i < updates_.size(); ++i) {
      const Cursor& cursor = cursors_.emplace_back(updates_[i], limits_);
      if (!cursor.done) places.push_back(cursor.place(i));
    }
    StructWriter writer(bytes);
    const auto before = [](const Place& a, const Place& b) { return a.before(b) || a.contends(b); };
    while (!places.empty()) {
      js_sort(places, before);
      const uint32_t index = places.front().index;
      Cursor& cursor = cursors_[index];
      step(cursor, writer);
      if (cursor.done) {
        places.erase(places.begin());
      } else {
        places.front() = cursor.place(index);
      }
    }
    if (write_) writer.write(*write_);
    return writer.finish(deletes_);
  }

  // Writes from the update that comes first until another may have to go before it.
  void step(Cursor& cursor, StructWriter& writer) {
    const uint64_t first_client = cursor.in.client();
    if (!write_) {
      write_ = cursor.piece();
      cursor.next();
    } else {
      // Pass over what has been written already.
      bool iterated = false;
      while (!cursor.done && cursor.end() <= write_->end() && cursor.in.client() >= write_->client) {
        cursor.next();
        iterated = true;
      }
      if (cursor.done || cursor.in.client() != first_client ||
          (iterated && cursor.current.clock > write_->end())) {
        return;
      }
      Piece piece = cursor.piece();
      if (first_client != write_->client) {
        writer.write(*write_);
        write_ = piece;
        cursor.next();
      } else if (write_->end() < piece.clock) {
        if (write_->is_skip()) {
          write_->len = piece.end() - write_->clock;
        } else {
          writer.write(*write_);
          write_ = skip(first_client, write_->end(), piece.clock - write_->end());
        }
      } else {
        if (const uint32_t overlap = write_->end() - piece.clock; overlap > 0) {
          if (write_->is_skip()) {
            write_->len -= overlap;  // the struct knows more than the hole
          } else {
            piece.clock += overlap;
            piece.len -= overlap;
          }
        }
        if (!join(*write_, piece)) {
          writer.write(*write_);
          write_ = piece;
          cursor.next();
        }
      }
    }
    while (!cursor.done && cursor.in.client() == first_client && cursor.current.clock == write_->end()) {
      writer.write(*write_);
      write_ = cursor.piece();
      cursor.next();
    }
  }

  const DocLimits& limits_;
  std::vector<Bytes> updates_;
  std::deque<Buffer> reordered_;
  std::vector<DeleteRange> deletes_;
  std::vector<Place> heads_;  // where each update begins, in order; index: into updates_
  size_t next_head_ = 0;
  std::deque<Cursor> cursors_;
  std::vector<uint32_t> free_;
  std::priority_queue<Active> active_;
  uint64_t turns_ = 0;
  bool contended_ = false;      // two updates are at one place, one with a GC and one with an item
  std::optional<Piece> write_;  // waits to be written, since what follows may join it
};

}  // namespace

void write_parsed(Encoder& out, Bytes update, uint64_t client, const ParsedStruct& s, uint32_t offset) {
  if (s.ref() == kGc || s.ref() == kSkip) {
    out.u8(s.ref());
    out.var_uint(s.len - offset);
    return;
  }
  const bool has_origin = offset > 0 || s.has_origin();
  // A parent key stands only beside the parent; a struct that has an origin has lost it on the wire.
  const bool has_sub = s.has_parent() && (s.info & kInfoParentSub) != 0;
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
  write_content(out, s.ref(), s.len, update.subspan(s.content_at, s.content_bytes), offset);
}

Result<Buffer> merge_v1(std::span<const Bytes> updates, const DocLimits& limits) {
  return Merger(limits).merge(updates);
}

Result<Buffer> diff_v1(Bytes update, std::span<const Id> state_vector, const DocLimits& limits) {
  StructReader in(update, limits);
  StructWriter writer(256);
  ParsedStruct s;
  while (in.next_block()) {
    const auto found = std::upper_bound(state_vector.begin(), state_vector.end(), in.client(),
                                        [](uint64_t client, const Id& id) { return client > id.client; });
    const bool listed = found != state_vector.begin() && std::prev(found)->client == in.client();
    const uint32_t state = listed ? std::prev(found)->clock : 0;
    bool writing = false;
    while (in.next_struct(s)) {
      // A client never begins with a Skip, nor with what is known.
      if (!writing && (s.ref() == kSkip || s.end() <= state)) continue;
      const uint32_t offset = !writing && state > s.clock ? state - s.clock : 0;
      writer.write({update, s, in.client(), s.clock, s.len}, offset);
      writing = true;
    }
  }
  std::vector<DeleteRange> deletes;
  in.read_deletes(deletes);
  ensure_joined(deletes);
  if (auto ok = in.outcome(); !ok) return tl::unexpected(std::move(ok.error()));
  return writer.finish(deletes);
}

}  // namespace symphony::crdt
