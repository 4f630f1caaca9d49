#include "crdt/wire/merge.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <queue>
#include <vector>

#include "crdt/wire/js_sort.h"
#include "crdt/wire/struct_writer.h"
#include "crdt/wire/update.h"

namespace symphony::crdt {
namespace {

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
  uint32_t number;  // of the update
  ParsedStruct current;
  bool done = false;
  bool descending = true;  // the blocks so far

  Cursor(Bytes from, uint32_t index, const DocLimits& limits)
      : in(from, limits), update(from), number(index) {
    next();
  }

  void next() {
    do {
      while (!in.next_struct(current)) {
        const uint64_t before = in.client();
        if (!in.next_block()) {
          done = true;
          return;
        }
        descending = descending && in.client() < before;
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
    for (const Bytes update : updates_) bytes += update.size();
    StructWriter writer(bytes);
    Outcome outcome = run(writer);
    if (outcome == Outcome::kUnordered) {
      if (auto ok = sort(); !ok) return tl::unexpected(std::move(ok.error()));
      writer = StructWriter(bytes);
      outcome = run(writer);
    }
    if (outcome == Outcome::kContended && updates_.size() <= kJsSortMax) {
      writer = StructWriter(bytes);
      run_as_yjs(writer);
    }
    if (outcome == Outcome::kMalformed) return tl::unexpected(std::move(error_));
    ensure_joined(deletes_);
    return writer.finish(deletes_);
  }

 private:
  enum class Outcome {
    kMerged,
    kContended,  // merged, but where two updates were at one place, one with a GC and one with an item, by
                 // rule
    kUnordered,  // not merged: the updates, or the blocks of one, are not in order
    kMalformed,  // not merged: see error_
  };

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

  // Merges the updates as they come, or in the order of heads_, reading each once.
  Outcome run(StructWriter& writer) {
    reset();
    bool contended = false;
    Place head{kNoClient, 0, 0, 0};  // of the next update that has not been begun
    uint32_t fresh = kNone;          // its cursor
    for (uint32_t begun = 0;;) {
      while (fresh == kNone && begun < updates_.size()) {
        fresh = open(heads_.empty() ? begun : heads_[begun].index);
        ++begun;
        const Cursor& cursor = cursors_[fresh];
        if (!cursor.descending) return Outcome::kUnordered;
        if (cursor.done) {
          if (!close(fresh)) return Outcome::kMalformed;
          fresh = kNone;
          continue;
        }
        const Place place = cursor.place(fresh);
        if (place.before(head)) return Outcome::kUnordered;
        contended = contended || place.contends(head);
        head = place;
      }
      uint32_t next = fresh;
      if (active_.empty()) {
        if (fresh == kNone) break;
        fresh = kNone;
      } else if (const Place place = active_.top().place; fresh != kNone && head.before(place)) {
        fresh = kNone;
      } else {
        contended = contended || (fresh != kNone && head.contends(place));
        active_.pop();
        contended = contended || (!active_.empty() && active_.top().place.contends(place));
        next = place.index;
      }
      Cursor& cursor = cursors_[next];
      step(cursor, writer);
      if (!cursor.descending) return Outcome::kUnordered;
      if (!cursor.done) {
        active_.push({cursor.place(next), ++turns_});
      } else if (!close(next)) {
        return Outcome::kMalformed;
      }
    }
    if (write_) writer.write(*write_);
    return contended ? Outcome::kContended : Outcome::kMerged;
  }

  // The same with the updates sorted anew before every step. run() has found nothing wrong with them.
  void run_as_yjs(StructWriter& writer) {
    reset();
    std::vector<Place> places;
    for (uint32_t i = 0; i < updates_.size(); ++i) {
      const uint32_t index = open(i);
      places.push_back(cursors_[index].place(index));
    }
    const auto before = [](const Place& a, const Place& b) { return a.before(b) || a.contends(b); };
    for (;;) {
      std::erase_if(places, [&](const Place& place) { return cursors_[place.index].done; });
      if (places.empty()) break;
      js_sort(places, before);
      const uint32_t index = places.front().index;
      step(cursors_[index], writer);
      places.front() = cursors_[index].place(index);
    }
    for (Cursor& cursor : cursors_) cursor.in.read_deletes(deletes_);
    if (write_) writer.write(*write_);
  }

  void reset() {
    write_.reset();
    deletes_.clear();
    cursors_.clear();
    free_.clear();
    active_ = {};
  }

  // A cursor at the start of an update: index into cursors_.
  uint32_t open(uint32_t update) {
    if (free_.empty()) {
      cursors_.emplace_back(updates_[update], update, limits_);
      return static_cast<uint32_t>(cursors_.size() - 1);
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    cursors_[index] = Cursor(updates_[update], update, limits_);
    return index;
  }

  // All structs of it have been read. False if something in it was malformed.
  bool close(uint32_t index) {
    StructReader& in = cursors_[index].in;
    in.read_deletes(deletes_);
    free_.push_back(index);
    if (in.good()) return true;
    error_ = of_update(cursors_[index].number, std::move(in.outcome().error()));
    return false;
  }

  Error of_update(uint32_t number, Error error) const {
    error.message = "of " + std::to_string(updates_.size()) + " updates, number " + std::to_string(number) +
                    ": " + error.message;
    return error;
  }

  // Reads all updates to see where they begin.
  Result<void> sort() {
    heads_.clear();
    for (uint32_t i = 0; i < updates_.size(); ++i) {
      if (auto ok = survey(i); !ok) return tl::unexpected(of_update(i, std::move(ok.error())));
    }
    std::stable_sort(heads_.begin(), heads_.end(),
                     [](const Place& a, const Place& b) { return a.before(b); });
    return {};
  }

  Result<void> survey(uint32_t number) {
    Cursor cursor(updates_[number], number, limits_);
    const Place head = cursor.done ? Place{0, ~uint32_t{0}, number & 0x7fffffff, 0} : cursor.place(number);
    while (!cursor.done) cursor.next();
    deletes_.clear();
    cursor.in.read_deletes(deletes_);
    if (!cursor.in.good()) return cursor.in.outcome();
    if (!cursor.descending) {
      auto better = ordered(updates_[number], limits_);
      if (!better) return tl::unexpected(std::move(better.error()));
      reordered_.push_back(std::move(*better));
      updates_[number] = reordered_.back();
      return survey(number);
    }
    heads_.push_back(head);
    return {};
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

  static constexpr uint32_t kNone = ~uint32_t{0};

  const DocLimits& limits_;
  std::vector<Bytes> updates_;
  std::deque<Buffer> reordered_;
  std::vector<Place> heads_;  // where the updates begin, in order, once they have been sorted
  std::deque<Cursor> cursors_;
  std::vector<uint32_t> free_;
  std::priority_queue<Active> active_;
  uint64_t turns_ = 0;
  std::optional<Piece> write_;  // waits to be written, since what follows may join it
  std::vector<DeleteRange> deletes_;
  Error error_;
};

}  // namespace

Result<Buffer> merge_v1(std::span<const Bytes> updates, const DocLimits& limits) {
  return Merger(limits).merge(updates);
}

Result<Buffer> diff_v1(Bytes update, std::span<const Id> state_vector, const DocLimits& limits, Infos infos) {
  StructReader in(update, limits);
  StructWriter writer(256, infos);
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
