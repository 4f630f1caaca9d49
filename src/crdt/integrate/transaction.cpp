#include "crdt/integrate/transaction.h"

#include <algorithm>
#include <unordered_map>

#include "crdt/store/encode.h"
#include "crdt/wire/ranges.h"

namespace symphony::crdt {

void Transaction::begin(Store& store, const DocOptions& options, uint32_t epoch, bool local,
                        Transaction* previous, bool track) {
  store_ = &store;
  options_ = &options;
  work_left_ = kNoLimit;
  epoch_ = epoch;
  local_ = local;
  track_ = track;
  finished_ = false;
  superseded_ = false;
  previous_ = previous;
  if (previous != nullptr) previous->superseded_ = true;
  changed_clients_.clear();
  before_.clear();
  changes_.clear();
  seen_changes_.clear();
  subdocs_ = {};
  deletes_.clear();
  merge_structs_.clear();
  changed_texts_.clear();
  collectable_ = false;
  brought_gc_ = false;
}

size_t Transaction::memory_bytes() const {
  const auto held = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return held(changed_clients_) + held(before_) + held(after_) + held(changes_) + held(deletes_) +
         held(merge_structs_) + held(changed_texts_) + seen_changes_.bucket_count() * sizeof(void*);
}

uint32_t Transaction::recorded_before(Slot slot) const {
  const auto at = std::find(changed_clients_.begin(), changed_clients_.end(), slot);
  return at == changed_clients_.end() ? store_->clients[slot].state
                                      : before_[static_cast<size_t>(at - changed_clients_.begin())];
}

uint32_t Transaction::after(Slot slot) const {
  const auto at = std::find(changed_clients_.begin(), changed_clients_.end(), slot);
  const auto index = static_cast<size_t>(at - changed_clients_.begin());
  return index < after_.size() ? after_[index] : before(slot);
}

// A follow-up adds structs to a client for the first time: Yjs writes them into the update of every
// transaction that is not cleaned up yet.
void Transaction::note_later_change(Slot slot, uint32_t state) {
  if (std::find(changed_clients_.begin(), changed_clients_.end(), slot) != changed_clients_.end()) return;
  changed_clients_.push_back(slot);
  before_.push_back(state);
}

bool Transaction::deletes(Slot slot, uint32_t clock) const {
  // Ranges of a slot stand together in ascending order, the slots in any.
  for (size_t begin = 0; begin < deletes_.size();) {
    const auto first = deletes_.begin() + static_cast<std::ptrdiff_t>(begin);
    if (first->slot == slot) {
      const auto behind = std::upper_bound(
          first, deletes_.end(), clock,
          [&](uint32_t c, const SlotRange& range) { return range.slot != slot || c < range.clock; });
      return behind != first && clock < std::prev(behind)->end();
    }
    while (begin < deletes_.size() && deletes_[begin].slot == first->slot) ++begin;
  }
  return false;
}

void Transaction::add_changed(TypeIndex index, EntryIndex entry) {
  const Type& type = store_->types[index];
  const bool cleaned =
      type.has_formatting && (type.type_ref == kTypeRefText || type.type_ref == kTypeRefXmlText);
  if (!track_ && !cleaned) return;
  if (type.owner != kNil) {
    // What is new in this transaction did not change: it was made.
    const Item& owner = store_->items[type.owner];
    if (owner.deleted || owner.clock >= before(store_->slot(owner))) return;
  }
  if (cleaned && (changed_texts_.empty() || changed_texts_.back() != index)) changed_texts_.push_back(index);
  if (!track_) return;
  constexpr size_t kFew = 16;
  const Change change{index, entry};
  if (!changes_.empty() && changes_.back() == change) return;
  const auto key = [](const Change& c) { return uint64_t{c.type} << 32 | c.entry; };
  if (changes_.size() > kFew) {
    if (seen_changes_.empty()) {
      for (const Change& c : changes_) seen_changes_.insert(key(c));
    }
    if (!seen_changes_.insert(key(change)).second) return;
  } else if (std::find(changes_.begin(), changes_.end(), change) != changes_.end()) {
    return;
  }
  changes_.push_back(change);
}

void Transaction::finish_changes() {
  // By clock within a client; the clients stay in the order of their first delete, as in a JavaScript Map:
  // formatting is cleaned in that order.
  const auto ascending = [](const SlotRange& x, const SlotRange& y) { return x.clock < y.clock; };
  const bool one_client = std::all_of(deletes_.begin(), deletes_.end(), [&](const SlotRange& range) {
    return range.slot == deletes_.front().slot;
  });
  if (!one_client) {
    std::unordered_map<Slot, size_t> rank;
    for (const SlotRange& range : deletes_) rank.emplace(range.slot, rank.size());
    std::sort(deletes_.begin(), deletes_.end(), [&](const SlotRange& x, const SlotRange& y) {
      return x.slot != y.slot ? rank.at(x.slot) < rank.at(y.slot) : ascending(x, y);
    });
  } else if (!std::is_sorted(deletes_.begin(), deletes_.end(), ascending)) {
    std::sort(deletes_.begin(), deletes_.end(), ascending);
  }
  join_neighbours(deletes_, [](const SlotRange& a, const SlotRange& b) { return a.slot == b.slot; });
  for (const SlotRange& range : deletes_) {
    store_->clients[range.slot].structs.note_deleted(range.clock, range.end());
  }
  own_clients_ = changed_clients_.size();
  finished_ = true;
  after_.clear();
  for (const Slot slot : changed_clients_) after_.push_back(store_->clients[slot].state);
}

bool Transaction::needs_format_cleanup() const {
  if (local_ || !options_->format_cleanup) return false;
  return std::any_of(changed_texts_.begin(), changed_texts_.end(), [&](TypeIndex type) {
    const ItemIndex owner = store_->types[type].owner;
    return owner == kNil || !store_->items[owner].deleted;
  });
}

void Transaction::clean_up() {
  if (options_->gc && collectable_) collect_deleted();
  merge_deleted();
  merge_new();
  merge_split();
}

Buffer Transaction::encode() const {
  Encoder out;
  return encode(out) ? out.take() : Buffer();
}

bool Transaction::encode(Encoder& out) const {
  if (!changed()) return false;
  out.var_uint(changed_clients_.size());
  if (changed_clients_.size() == 1) {
    write_client(out, *store_, changed_clients_[0], before(changed_clients_[0]));
  } else {
    std::vector<Slot> slots = changed_clients_;
    std::sort(slots.begin(), slots.end(),
              [&](Slot a, Slot b) { return store_->client_id(a) > store_->client_id(b); });
    for (const Slot slot : slots) write_client(out, *store_, slot, before(slot));
  }
  write_deletes(out, *store_, deletes_);
  return true;
}

}  // namespace symphony::crdt
