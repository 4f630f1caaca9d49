// The contents of items: bytes in one arena, cut and joined in place.
#include "crdt/store/store.h"

#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/make_room.h"
#include "base/utf8.h"

namespace symphony::crdt {

// Where a content lies; not of kInline.
Span Store::span(const Item& item) const {
  if (!item.has_content()) return {};
  if (item.form == kListed) return spans_[item.content];
  return {item.content, item.len(), item.form == kAsciiRoomy};
}

// Points a content to where it lies now.
void Store::set_span(Item& item, Span span, bool ascii) {
  const bool listed = item.form == kListed && item.content != kNil;
  if (ascii) {
    if (listed) free_spans_.give(spans_, item.content);
    item.form = span.roomy ? kAsciiRoomy : kAscii;
    item.content = span.at;
  } else {
    if (!listed) item.content = free_spans_.take(spans_);
    item.form = kListed;
    spans_[item.content] = span;
  }
}

Bytes Store::content(const Item& item) const {
  if (item.form == kInline) return item.inline_text();
  const Span where = span(item);
  return {arena.data() + where.at, where.bytes};
}

Bytes Store::elements_from(const Item& item, uint32_t offset) const {
  return content(item).subspan(elements_.size_of(static_cast<uint8_t>(item.ref), arena, span(item), offset));
}

uint32_t Store::allocate(size_t bytes) {
  const size_t at = arena.size();
  ASSERT(at + bytes <= 0xffffffffULL);  // DocLimits::content_bytes_max is checked before an update is applied
  make_room(arena, bytes);
  arena.resize(at + bytes);
  return static_cast<uint32_t>(at);
}

Span Store::store_bytes(Bytes bytes) {
  const Span span{static_cast<uint32_t>(arena.size()), static_cast<uint32_t>(bytes.size())};
  ASSERT(arena.size() + bytes.size() <= 0xffffffffULL);
  make_room(arena, bytes.size());
  arena.insert(arena.end(), bytes.begin(), bytes.end());
  return span;
}

void Store::set_content(Item& item, Bytes bytes, bool ascii) {
  if (ascii && bytes.size() <= kInlineMax) {
    item.set_inline_text(bytes);
  } else {
    item.clear_content();
    set_span(item, store_bytes(bytes), ascii);
  }
}

void Store::split_content(Item& left, Item& right, uint32_t diff) {
  right.ref = left.ref;
  if (!left.has_content()) return;
  if (left.form == kInline) {
    return right.set_inline_text(left.inline_text().subspan(diff));
  }
  const Span whole = span(left);
  right.clear_content();
  const auto cut_at = [&](size_t cut, bool left_ascii, bool right_ascii) {
    set_span(right, {whole.at + cut, whole.bytes - cut}, right_ascii);
    set_span(left, {whole.at, cut}, left_ascii);
  };
  if (left.ref != kString) {
    return cut_at(elements_.size_of(static_cast<uint8_t>(left.ref), arena, whole, diff), false, false);
  }
  if (left.is_ascii()) return cut_at(diff, true, true);

  const Bytes text = content(left);
  const Utf16Cut cut = utf16_cut(text, diff, left.len());
  if (!cut.inside_pair) {
    const bool left_ascii = cut.bytes == diff;
    const bool right_ascii = text.size() - cut.bytes == left.len() - diff;
    return cut_at(cut.bytes, left_ascii, right_ascii);
  }
  // Half a pair is not a character: both halves become U+FFFD, three bytes each, where the pair took four.
  // The shorter side moves, so that cutting a text to pieces costs n log n.
  static constexpr uint8_t kReplacement[3] = {0xef, 0xbf, 0xbd};
  const size_t tail = whole.bytes - cut.bytes - 4;
  const bool move_left = cut.bytes < tail;
  const uint32_t at = allocate(3 + (move_left ? cut.bytes : tail));
  uint8_t* const moved = arena.data() + at;
  uint8_t* const pair = arena.data() + whole.at + cut.bytes;
  if (move_left) {
    std::memcpy(moved, arena.data() + whole.at, cut.bytes);
    std::memcpy(moved + cut.bytes, kReplacement, 3);
    std::memcpy(pair + 1, kReplacement, 3);
    dead_bytes_ += cut.bytes + 1;
    set_span(right, {whole.at + cut.bytes + 1, 3 + tail}, false);
    set_span(left, {at, cut.bytes + 3}, false);
  } else {
    std::memcpy(moved, kReplacement, 3);
    std::memcpy(moved + 3, pair + 4, tail);
    std::memcpy(pair, kReplacement, 3);
    dead_bytes_ += 1 + tail;
    set_span(right, {at, 3 + tail}, false);
    set_span(left, {whole.at, cut.bytes + 3}, false);
  }
}

void Store::merge_content(Item& left, Item& right) {
  if (!left.has_content()) return;
  append_content(left, content(right), right.is_ascii());
  drop_content(right);
  right.ref = kDeleted;
}

void Store::append_content(Item& item, Bytes more, bool more_ascii) {
  const bool ascii = item.is_ascii() && more_ascii;
  const size_t old_bytes = content(item).size();
  const size_t bytes = old_bytes + more.size();
  if (item.form == kInline) {
    if (ascii && bytes <= kInlineMax) return item.append_inline_text(more);
    const size_t more_at = offset_in_arena(more);
    const Span joined{allocate(std::bit_ceil(bytes)), bytes, true};
    const Bytes text = item.inline_text();
    std::memcpy(arena.data() + joined.at, text.data(), text.size());
    copy_to_arena(joined.at + old_bytes, more, more_at);
    item.clear_content();
    return set_span(item, joined, ascii);
  }
  const Span old = span(item);
  const size_t more_at = offset_in_arena(more);
  if (old.end() == more_at) {
    // What was cut apart, or arrived together, lies side by side. The bytes are dropped with the other item
    // without being dead.
    dead_bytes_ -= more.size();
    return set_span(item, {old.at, bytes}, ascii);
  }
  Span joined{old.at, bytes, old.roomy != 0};
  if (old.roomy && bytes <= std::bit_ceil(size_t{old.bytes})) {
    // fits
  } else if (old.end() == arena.size()) {
    allocate(more.size());
    joined.roomy = false;
  } else {
    // Move to a place with room to double, so that a run typed among others costs amortised constant time.
    joined = {allocate(std::bit_ceil(bytes)), bytes, true};
    std::memcpy(arena.data() + joined.at, arena.data() + old.at, old.bytes);
    dead_bytes_ += old.bytes;
  }
  copy_to_arena(joined.at + old_bytes, more, more_at);
  set_span(item, joined, ascii);
}

// Where bytes lie in the arena, or kOutside. An offset outlives the arena's growth.
size_t Store::offset_in_arena(Bytes bytes) const {
  const auto at = static_cast<size_t>(bytes.data() - arena.data());
  return at < arena.size() ? at : kOutside;
}

void Store::copy_to_arena(size_t to, Bytes bytes, size_t from) {
  std::memcpy(arena.data() + to, from == kOutside ? bytes.data() : arena.data() + from, bytes.size());
}

void Store::drop_content(Item& item) {
  if (item.has_content()) {
    if (item.form != kInline) dead_bytes_ += span(item).bytes;
    if (item.form == kListed) free_spans_.give(spans_, item.content);
  }
  item.clear_content();
}

void Store::compact_if_worthwhile() {
  constexpr uint64_t kWorthwhile = 16 << 10;
  // What is looked at has to be paid for by what is dead.
  if (dead_bytes_ < kWorthwhile || dead_bytes_ * 2 < arena.size() || dead_bytes_ < items.size()) return;
  elements_.clear();
  Buffer old = std::move(arena);
  arena = Buffer();
  arena.reserve(old.size() > dead_bytes_ ? old.size() - static_cast<size_t>(dead_bytes_) : 0);
  const auto move = [&](Span& span) { span = store_bytes({old.data() + span.at, span.bytes}); };
  for (Client& client : clients) {
    if (client.structs.empty()) continue;
    for (StructList::Position at = client.structs.begin();;) {
      Item& item = items[client.structs.item(at)];
      if (Span where = span(item); item.form != kInline && where.bytes > 0) {
        move(where);
        set_span(item, where, item.is_ascii());
      }
      if (!client.structs.next(at)) break;
    }
  }
  for (Type& type : types) move(type.name);
  for (Entry& entry : entries) {
    if (entry.type != kNil) move(entry.key);
  }
  dead_bytes_ = 0;
}

}  // namespace symphony::crdt
