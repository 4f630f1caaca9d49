// Giving back what is free: an update of a few bytes may bring millions of structs that merge into one.
#include <algorithm>
#include <numeric>
#include <utility>

#include "crdt/store/store.h"

namespace symphony::crdt {
namespace {

bool mostly_free(size_t free, size_t all) {
  constexpr size_t kFew = 4096;
  return free > kFew && free > all / 2;
}

// Moves what is in use together, in its order; where each element went (kNil: it was free).
template <class T, uint32_t T::*Link>
std::vector<uint32_t> close_up(FreeList<T, Link>& free, std::vector<T>& all) {
  std::vector<uint32_t> moved(all.size());
  free.visit(all, [&](uint32_t index) { moved[index] = kNil; });
  std::vector<T> kept;
  kept.reserve(all.size() - free.size());
  for (uint32_t index = 0; index < moved.size(); ++index) {
    if (moved[index] == kNil) continue;
    moved[index] = static_cast<uint32_t>(kept.size());
    kept.push_back(all[index]);
  }
  all = std::move(kept);
  free = {};
  return moved;
}

// The same if nothing may move: only what is free at the end goes.
template <class T, uint32_t T::*Link>
std::vector<uint32_t> drop_last(FreeList<T, Link>& free, std::vector<T>& all) {
  std::vector<uint32_t> moved(all.size());
  std::iota(moved.begin(), moved.end(), 0u);
  free.visit(all, [&](uint32_t index) { moved[index] = kNil; });
  while (!all.empty() && moved[all.size() - 1] == kNil) all.pop_back();
  all.shrink_to_fit();
  free = {};
  for (auto index = static_cast<uint32_t>(all.size()); index-- > 0;) {
    if (moved[index] != kNil) continue;
    all[index] = T{};
    free.give(all, index);
  }
  return moved;
}

void follow(const std::vector<uint32_t>& moved, uint32_t& index) {
  if (index != kNil) index = moved[index];
}

}  // namespace

void Store::pack_if_worthwhile(bool keep_types) {
  const size_t live_items = items.size() - free_items_.size();
  if (!mostly_free(free_items_.size(), items.size()) &&
      (keep_types || !mostly_free(free_types_.size(), types.size())) &&
      !mostly_free(free_entries_.size(), entries.size()) &&
      !mostly_free(lineages.size() - std::min<size_t>(lineages.size(), live_items), lineages.size())) {
    return;
  }
  const std::vector<TypeIndex> moved_types =
      keep_types ? drop_last(free_types_, types) : close_up(free_types_, types);
  const std::vector<EntryIndex> moved_entries = close_up(free_entries_, entries);

  const std::vector<ItemIndex> moved_items = pack_items(moved_types, moved_entries);
  for (TypeIndex index = 0; index < types.size(); ++index) {
    if (keep_types && moved_types[index] == kNil) continue;  // free
    Type& type = types[index];
    follow(moved_items, type.owner);
    follow(moved_items, type.start);
    follow(moved_entries, type.first_entry);
    follow(moved_entries, type.last_entry);
  }
  for (Entry& entry : entries) {
    follow(moved_types, entry.type);
    follow(moved_items, entry.first);
    follow(moved_items, entry.last);
    follow(moved_entries, entry.next);
  }
  for (TypeIndex& root : roots) root = moved_types[root];

  size_t indexed = 0;
  for (const Type& type : types) indexed += type.entries > kChainMax ? type.entries : 0;
  reserve_cells(indexed);
  for (const Entry& entry : entries) {
    if (types[entry.type].entries > kChainMax) place_entry(static_cast<EntryIndex>(&entry - entries.data()));
  }
  redone.renumber(moved_items);
  if (positions != nullptr) positions = std::make_unique<PositionIndex>(*this);
}

// Items then stand client by client in the order of their clocks, as a whole state is laid out.
std::vector<ItemIndex> Store::pack_items(const std::vector<TypeIndex>& moved_types,
                                         const std::vector<EntryIndex>& moved_entries) {
  std::vector<ItemIndex> moved_items(items.size(), kNil);
  std::vector<Item> kept;
  kept.reserve(items.size() - free_items_.size());
  for (const Client& client : clients) {
    if (client.structs.empty()) continue;
    for (StructList::Position at = client.structs.begin();;) {
      const ItemIndex index = client.structs.item(at);
      moved_items[index] = static_cast<ItemIndex>(kept.size());
      kept.push_back(items[index]);
      if (!client.structs.next(at)) break;
    }
  }
  LineageTable used(Prng::mix(seed_ + 1));
  std::vector<Span> spans;
  for (Item& item : kept) {
    Lineage lineage = lineage_of(item);
    if (!item.is_gc()) {
      const bool in_map = lineage.in_map();
      lineage.set_parent((in_map ? moved_entries : moved_types)[lineage.parent()], in_map);
    }
    item.lineage = used.add(lineage) & kLineageMask;
    follow(moved_items, item.left);
    follow(moved_items, item.right);
    if (item.ref == kType) {
      follow(moved_types, item.content);
    } else if (item.has_content() && item.form == kListed && item.content != kNil) {
      spans.push_back(spans_[item.content]);
      item.content = static_cast<uint32_t>(spans.size() - 1);
    }
  }
  items = std::move(kept);
  lineages = std::move(used);
  spans_ = std::move(spans);
  free_items_ = {};
  free_spans_ = {};
  ItemIndex first = 0;
  for (Client& client : clients) {
    const auto count = static_cast<uint32_t>(client.structs.size());
    client.structs = StructList();
    client.structs.append_range(first, count, items);
    first += count;
  }
  return moved_items;
}

}  // namespace symphony::crdt
