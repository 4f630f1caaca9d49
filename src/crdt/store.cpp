#include "crdt/store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "base/assert.h"
#include "base/utf8.h"

namespace symphony::crdt {
namespace {

constexpr uint32_t kTombstone = kNil - 1;

Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

}  // namespace

Store::Store(const DocOptions& options)
    : lineages(Prng::mix(options.seed + 2)), seed_(Prng::mix(options.seed + 1)) {}

// --- clients

Slot Store::find_client(uint64_t id) const {
  if (last_client_ < clients.size() && clients[last_client_].id == id) return last_client_;
  const Slot slot = client_index_.find(Prng::mix(id ^ seed_), static_cast<uint32_t>(clients.size()),
                                       [&](uint32_t i) { return clients[i].id == id; });
  if (slot != kNil) last_client_ = slot;
  return slot;
}

Slot Store::add_client(uint64_t id) {
  if (const Slot slot = find_client(id); slot != kNil) return slot;
  clients.emplace_back().id = id;
  client_index_.added(static_cast<uint32_t>(clients.size()),
                      [&](uint32_t i) { return Prng::mix(clients[i].id ^ seed_); });
  return static_cast<Slot>(clients.size() - 1);
}

const std::vector<Slot>& Store::descending() const {
  if (descending_.size() != clients.size()) {
    descending_.resize(clients.size());
    std::iota(descending_.begin(), descending_.end(), Slot{0});
    std::sort(descending_.begin(), descending_.end(),
              [&](Slot a, Slot b) { return clients[a].id > clients[b].id; });
  }
  return descending_;
}

// --- items

ItemIndex Store::new_item() { return free_items_.take(items); }

void Store::reserve(const ParsedUpdate& update) {
  constexpr size_t kBulk = 64;
  if (update.structs.size() <= kBulk) return;
  // Exactly what a big update brings; growth by doubling otherwise.
  size_t bytes = 0;
  for (const ParsedStruct& s : update.structs) {
    if (!(s.ascii && s.content_bytes <= kInlineMax) && s.ref() != kDeleted) bytes += s.content_bytes;
  }
  const auto reserve_exactly = [](auto& array, size_t more) {
    if (array.size() + more > array.capacity()) array.reserve(array.size() + more);
  };
  reserve_exactly(items, update.structs.size());
  reserve_exactly(arena, bytes + update.structs.size() / 256);
}

void Store::shrink() {
  const auto shrink = [](auto& array) {
    if (array.capacity() > array.size() + array.size() / 8) array.shrink_to_fit();
  };
  shrink(items);
  shrink(arena);
  shrink(types);
  shrink(entries);
  shrink(spans_);
  lineages.shrink();
}

void Store::free_item(ItemIndex index) { free_items_.give(items, index); }

ItemIndex Store::find(Slot wanted, uint32_t clock) const {
  if (bulk != nullptr) {
    const ItemIndex index = bulk->find(wanted, clock, items);
    if (index != kNil) return index;
  }
  const StructList& structs = clients[wanted].structs;
  return structs.item(structs.find(clock, items));
}

// --- types and entries

TypeIndex Store::find_root(std::string_view name) const {
  const uint32_t position =
      root_index_.find(hash_bytes(as_bytes(name), seed_), static_cast<uint32_t>(roots.size()),
                       [&](uint32_t i) { return text(types[roots[i]].name) == name; });
  return position == kNil ? kNil : roots[position];
}

TypeIndex Store::add_root(std::string_view name) {
  if (const TypeIndex type = find_root(name); type != kNil) return type;
  const TypeIndex type = new_type();
  types[type].name = store_bytes(as_bytes(name));
  types[type].type_ref = kTypeRefNone;
  roots.push_back(type);
  root_index_.added(static_cast<uint32_t>(roots.size()),
                    [&](uint32_t i) { return hash_bytes(as_bytes(text(types[roots[i]].name)), seed_); });
  return type;
}

TypeIndex Store::new_type() { return free_types_.take(types); }

void Store::free_type(TypeIndex index) {
  Type& type = types[index];
  for (EntryIndex entry = type.first_entry; entry != kNil;) {
    if (type.entries > kChainMax) {
      const size_t mask = entry_cells_.size() - 1;
      size_t at = entry_hash(index, text(entries[entry].key)) & mask;
      while (entry_cells_[at] != entry) at = (at + 1) & mask;
      entry_cells_[at] = kTombstone;
    }
    dead_bytes_ += entries[entry].key.bytes;
    const EntryIndex next = entries[entry].next;
    entries[entry].type = kNil;
    free_entries_.give(entries, entry);
    entry = next;
  }
  dead_bytes_ += type.name.bytes;
  type = Type{};
  free_types_.give(types, index);
}

void Store::set_type(ItemIndex item, Bytes payload) {
  Reader reader(payload);
  const TypeIndex index = new_type();
  Type& type = types[index];
  type.owner = item;
  type.type_ref = static_cast<uint8_t>(reader.read_var_uint());
  const Bytes name = reader.at_end() ? Bytes() : reader.read_var_bytes();
  if (!name.empty()) type.name = store_bytes(name);
  items[item].content = index;
}

uint64_t Store::entry_hash(TypeIndex type, std::string_view key) const {
  return hash_bytes(as_bytes(key), seed_ + type);
}

EntryIndex Store::find_entry(TypeIndex type, std::string_view key) const {
  if (types[type].entries <= kChainMax) {
    EntryIndex entry = types[type].first_entry;
    while (entry != kNil && text(entries[entry].key) != key) entry = entries[entry].next;
    return entry;
  }
  const size_t mask = entry_cells_.size() - 1;
  for (size_t at = entry_hash(type, key) & mask;; at = (at + 1) & mask) {
    const EntryIndex entry = entry_cells_[at];
    if (entry == kNil) return kNil;
    if (entry != kTombstone && entries[entry].type == type && text(entries[entry].key) == key) return entry;
  }
}

EntryIndex Store::add_entry(TypeIndex type_index, std::string_view key) {
  if (const EntryIndex entry = find_entry(type_index, key); entry != kNil) return entry;
  const Span stored = store_bytes(as_bytes(key));
  const EntryIndex added = free_entries_.take(entries);
  entries[added].type = type_index;
  entries[added].key = stored;
  Type& type = types[type_index];
  if (type.first_entry == kNil) {
    type.first_entry = added;
  } else {
    entries[type.last_entry].next = added;
  }
  type.last_entry = added;
  if (++type.entries <= kChainMax) return added;

  // The map outgrew its chain: it is indexed from here on. At kChainMax + 1 all its entries go in.
  const uint32_t incoming = type.entries == kChainMax + 1 ? type.entries : 1;
  if ((entry_cells_used_ + incoming) * size_t{2} > entry_cells_.size()) {
    std::vector<uint32_t> old = std::move(entry_cells_);
    const auto live = std::count_if(old.begin(), old.end(), [](uint32_t e) { return e < kTombstone; });
    reserve_cells(static_cast<size_t>(live) + incoming);
    for (const EntryIndex entry : old) {
      if (entry < kTombstone) place_entry(entry);
    }
  }
  if (incoming == 1) {
    place_entry(added);
  } else {
    for (EntryIndex entry = type.first_entry; entry != kNil; entry = entries[entry].next) place_entry(entry);
  }
  return added;
}

void Store::reserve_cells(size_t wanted) {
  entry_cells_.assign(std::bit_ceil(wanted * 4), kNil);
  entry_cells_used_ = 0;
}

void Store::place_entry(EntryIndex entry) {
  const size_t mask = entry_cells_.size() - 1;
  size_t at = entry_hash(entries[entry].type, text(entries[entry].key)) & mask;
  while (entry_cells_[at] != kNil) at = (at + 1) & mask;
  entry_cells_[at] = entry;
  ++entry_cells_used_;
}

// --- contents

// Where a content lies; not of kInline.
Span Store::span(const Item& item) const {
  if (!item.has_content()) return {};
  if (item.form == kListed) return spans_[item.content];
  return {item.content, item.len, item.form == kAsciiRoomy};
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
  if (item.form == kInline) return {reinterpret_cast<const uint8_t*>(&item.content), item.len};
  const Span where = span(item);
  return {arena.data() + where.at, where.bytes};
}

uint32_t Store::allocate(size_t bytes) {
  const size_t at = arena.size();
  ASSERT(at + bytes <= 0xffffffffULL);  // DocLimits::content_bytes_max is checked before an update is applied
  arena.resize(at + bytes);
  return static_cast<uint32_t>(at);
}

Span Store::store_bytes(Bytes bytes) {
  const Span span{static_cast<uint32_t>(arena.size()), static_cast<uint32_t>(bytes.size())};
  ASSERT(arena.size() + bytes.size() <= 0xffffffffULL);
  arena.insert(arena.end(), bytes.begin(), bytes.end());
  return span;
}

void Store::set_content(Item& item, Bytes bytes, bool ascii) {
  item.content = kNil;
  item.form = kListed;
  if (ascii && bytes.size() <= kInlineMax) {
    item.form = kInline;
    std::memcpy(&item.content, bytes.data(), bytes.size());
  } else {
    set_span(item, store_bytes(bytes), ascii);
  }
}

void Store::split_content(Item& left, Item& right, uint32_t diff) {
  right.ref = left.ref;
  if (!left.has_content()) return;
  if (left.form == kInline) {
    right.form = kInline;
    std::memcpy(&right.content, content(left).data() + diff, left.len - diff);
    return;
  }
  const Span whole = span(left);
  right.content = kNil;
  right.form = kListed;
  const auto cut_at = [&](size_t cut, bool left_ascii, bool right_ascii) {
    set_span(right, {whole.at + cut, whole.bytes - cut}, right_ascii);
    set_span(left, {whole.at, cut}, left_ascii);
  };
  if (left.ref != kString) {
    return cut_at(elements_.size_of(static_cast<uint8_t>(left.ref), arena, whole, diff), false, false);
  }
  if (left.is_ascii()) return cut_at(diff, true, true);

  const Bytes text = content(left);
  const Utf16Cut cut = utf16_cut(text, diff, left.len);
  if (!cut.inside_pair) {
    const bool left_ascii = cut.bytes == diff;
    const bool right_ascii = text.size() - cut.bytes == left.len - diff;
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
    if (ascii && bytes <= kInlineMax) {
      std::memcpy(reinterpret_cast<uint8_t*>(&item.content) + old_bytes, more.data(), more.size());
      return;
    }
    const uint32_t text = item.content;
    const size_t more_at = offset_in_arena(more);
    const Span joined{allocate(std::bit_ceil(bytes)), bytes, true};
    std::memcpy(arena.data() + joined.at, &text, old_bytes);
    copy_to_arena(joined.at + old_bytes, more, more_at);
    item.content = kNil;
    item.form = kListed;
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
  item.content = kNil;
  item.form = kListed;
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

size_t Store::memory_bytes() const {
  const auto held = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  size_t bytes = sizeof(Store) + held(clients) + held(items) + lineages.memory_bytes() + held(types) +
                 held(entries) + held(roots) + held(arena) + held(entry_cells_) + held(spans_) +
                 held(descending_) + client_index_.memory_bytes() + root_index_.memory_bytes();
  for (const Client& client : clients) bytes += client.structs.memory_bytes();
  bytes += redone.size() * (sizeof(ItemIndex) + sizeof(SlotId) + 2 * sizeof(void*));
  bytes += deleted_runs.memory_bytes() + elements_.memory_bytes();
  return positions == nullptr ? bytes : bytes + positions->memory_bytes();
}

// --- invariants

std::string Store::check_invariants() const {
  const auto where = [&](Slot slot, uint32_t clock) {
    return " (client " + std::to_string(clients[slot].id) + ", clock " + std::to_string(clock) + ")";
  };
  std::vector<bool> alive(items.size());
  for (Slot slot = 0; slot < clients.size(); ++slot) {
    const Client& client = clients[slot];
    if (client.structs.empty()) {
      if (client.state != 0) return "a client has a state but no structs" + where(slot, 0);
      continue;
    }
    uint32_t expected = 0;
    size_t count = 0;
    for (StructList::Position at = client.structs.begin();;) {
      const ItemIndex index = client.structs.item(at);
      const Item& item = items[index];
      alive[index] = true;
      ++count;
      if (this->slot(item) != slot || item.clock != expected || item.len == 0) {
        return "structs are not contiguous" + where(slot, expected);
      }
      if (client.structs.find(item.clock, items) != at || client.structs.find(item.end() - 1, items) != at) {
        return "a struct is not found by its clocks" + where(slot, expected);
      }
      if (item.is_gc() && !item.deleted) return "a GC struct is not deleted" + where(slot, expected);
      if (item.ref == kString) {
        const auto units = utf16_length(content(item));
        if (!units || *units != item.len) return "a text does not have its length" + where(slot, expected);
      }
      expected = item.end();
      if (!client.structs.next(at)) break;
    }
    if (expected != client.state || count != client.structs.size())
      return "a client's state is off" + where(slot, expected);
  }

  std::vector<uint64_t> length(types.size());
  for (ItemIndex index = 0; index < items.size(); ++index) {
    if (!alive[index] || items[index].is_gc()) continue;
    const Item& item = items[index];
    const std::string at = where(slot(item), item.clock);
    const uint32_t owner = lineage_of(item).parent();
    if (owner >= (in_map(item) ? entries.size() : types.size())) return "an item has no parent" + at;
    const Type& parent = types[parent_type(item)];
    if (item.right != kNil && (!alive[item.right] || items[item.right].left != index)) {
      return "a right link is not mutual" + at;
    }
    if (item.left != kNil && (!alive[item.left] || items[item.left].right != index)) {
      return "a left link is not mutual" + at;
    }
    if (item.left == kNil && !in_map(item) && parent.start != index)
      return "a list does not begin with its first item" + at;
    if (item.left == kNil && in_map(item) && entries[entry_of(item)].first != index)
      return "a map entry misses its first item" + at;
    if (item.right == kNil && in_map(item) && entries[entry_of(item)].last != index)
      return "a map entry misses its last item" + at;
    // Of a key only the value is deleted with the type. Others are deleted already, unless one was cut
    // through after it came: in Yjs, too, its first half then stays.
    if (parent.owner != kNil && items[parent.owner].deleted && !item.deleted &&
        (!in_map(item) || item.right == kNil)) {
      return "a child outlives its parent" + at;
    }
    if (item.ref == kType && types[item.content].owner != index) return "a type does not know its item" + at;
    if (!item.deleted && item.countable() && !in_map(item)) length[parent_type(item)] += item.len;
  }
  for (TypeIndex index = 0; index < types.size(); ++index) {
    const ItemIndex owner = types[index].owner;
    const bool deleted = owner != kNil && items[owner].deleted;
    if (!deleted && length[index] != types[index].length) return "a type's length is not that of its list";
  }
  bool all_deleted = true;
  deleted_runs.visit([&](Slot slot, uint32_t begin, uint32_t end) {
    for (uint32_t clock = begin; clock < end;) {
      const Item& item = items[find(slot, clock)];
      all_deleted = all_deleted && item.deleted;
      clock = item.end();
    }
  });
  if (!all_deleted) return "something is live among what is known to be deleted";
  return positions == nullptr ? std::string() : positions->check();
}

}  // namespace symphony::crdt
