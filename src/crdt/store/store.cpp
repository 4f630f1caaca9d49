#include "crdt/store/store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "base/assert.h"
#include "base/huge_pages.h"
#include "base/utf8.h"

namespace symphony::crdt {
namespace {

constexpr uint32_t kTombstone = kNil - 1;

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
    if (array.size() + more > array.capacity()) set_capacity(array, array.size() + more);
  };
  reserve_exactly(items, update.structs.size());
  reserve_exactly(arena, bytes + update.structs.size() / 256);
}

void Store::shrink() {
  const auto shrink = [](auto& array) {
    if (array.capacity() > array.size() + array.size() / 8) set_capacity(array, array.size());
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

}  // namespace symphony::crdt
