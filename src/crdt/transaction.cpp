#include "crdt/transaction.h"

#include <algorithm>
#include <unordered_map>

#include "base/assert.h"
#include "crdt/encode.h"
#include "crdt/ranges.h"

namespace symphony::crdt {
namespace {

// The items a conflict loop has passed, in order (Yjs: itemsBeforeOrigin; conflictingItems are those since a
// mark).
class Passed {
 public:
  void add(ItemIndex item) { order_.push_back(item); }
  // When `item` was passed, or kNil.
  uint32_t find(ItemIndex item) {
    while (indexed_ < size()) index_.added(++indexed_, [&](uint32_t i) { return Prng::mix(order_[i]); });
    return index_.find(Prng::mix(item), size(), [&](uint32_t i) { return order_[i] == item; });
  }
  uint32_t size() const { return static_cast<uint32_t>(order_.size()); }

 private:
  std::vector<ItemIndex> order_;
  DenseIndex index_;
  uint32_t indexed_ = 0;  // of a crowd at one place nobody asks
};

}  // namespace

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

// --- splitting

ItemIndex Transaction::split(Slot slot, StructList::Position at, uint32_t diff) {
  StructList& structs = store_->clients[slot].structs;
  const ItemIndex left_index = structs.item(at);
  const ItemIndex right_index = store_->new_item();
  Item& left = store_->items[left_index];
  Item& right = store_->items[right_index];
  store_->split_content(left, right, diff);
  right.clock = left.clock + diff;
  right.len = left.len - diff;
  right.left = left_index;
  right.right = left.right;
  right.origin_clock = right.clock - 1;
  right.right_origin_clock = left.right_origin_clock;
  right.deleted = left.deleted;
  right.kept = left.kept;
  Lineage lineage = store_->lineage_of(left);
  lineage.origin_slot = slot;
  right.lineage = store_->lineages.add(lineage) & kLineageMask;
  left.len = diff;
  left.right = right_index;
  if (right.right != kNil) {
    store_->items[right.right].left = right_index;
  } else if (lineage.in_map()) {
    store_->entries[lineage.parent()].last = right_index;
  }
  structs.insert_after(at, right.clock, right_index, store_->items);
  merge_structs_.push_back({slot, right.clock, right.len});
  if (store_->positions != nullptr) store_->positions->split(left_index, right_index);
  if (const SlotId* const redone = store_->redone.find(left_index); redone != nullptr)
    store_->redone.set(right_index, {redone->slot, redone->clock + diff});
  return right_index;
}

ItemIndex Transaction::cut(ItemIndex item, uint32_t diff) {
  const Slot slot = store_->slot(store_->items[item]);
  return split(slot, store_->clients[slot].structs.find(store_->items[item].clock, store_->items), diff);
}

ItemIndex Transaction::clean_start(Slot slot, uint32_t clock) {
  const ItemIndex index = store_->find(slot, clock);
  const Item& item = store_->items[index];
  if (item.clock == clock || item.is_gc()) return index;
  return split(slot, store_->clients[slot].structs.find(clock, store_->items), clock - item.clock);
}

ItemIndex Transaction::clean_end(Slot slot, uint32_t clock) {
  const ItemIndex index = store_->find(slot, clock);
  const Item& item = store_->items[index];
  if (clock != item.end() - 1 && !item.is_gc()) {
    split(slot, store_->clients[slot].structs.find(clock, store_->items), clock - item.clock + 1);
  }
  return index;
}

void Transaction::touch(const ParsedStruct& parsed) {
  if (parsed.has_origin()) clean_end(store_->find_client(parsed.origin_client), parsed.origin_clock);
  if (parsed.has_right_origin())
    clean_start(store_->find_client(parsed.right_origin_client), parsed.right_origin_clock);
}

// --- integration

// Fills in the parent; false if it has none any more and the struct becomes a GC struct.
bool Transaction::find_parent(const ParsedParent& parent, ItemIndex left, ItemIndex right, Lineage& lineage) {
  if ((left != kNil && store_->items[left].is_gc()) || (right != kNil && store_->items[right].is_gc()))
    return false;
  if (const ItemIndex neighbour = left != kNil ? left : right; neighbour != kNil) {
    const Lineage& known = store_->lineage_of(store_->items[neighbour]);
    lineage.place = known.place;
    return true;
  }
  TypeIndex type;
  if (parent.is_root) {
    type = store_->add_root(parent.root);
  } else {
    const Item& holder =
        store_->items[store_->find(store_->find_client(parent.item.client), parent.item.clock)];
    if (holder.ref != kType) return false;  // deleted and collected, or never a type
    type = holder.content;
  }
  lineage.set_parent(parent.has_sub ? store_->add_entry(type, parent.sub) : type, parent.has_sub);
  return true;
}

Client& Transaction::touch_client(Slot slot) {
  Client& client = store_->clients[slot];
  if (client.before_epoch != epoch_) {
    client.before_epoch = epoch_;
    client.before = client.state;
    changed_clients_.push_back(slot);
    before_.push_back(client.state);
    for (Transaction* earlier = previous_; earlier != nullptr; earlier = earlier->previous_) {
      earlier->note_later_change(slot, client.state);
    }
  }
  return client;
}

void Transaction::add_struct(Slot slot, ItemIndex index) {
  const Item& item = store_->items[index];
  Client& client = touch_client(slot);
  client.structs.push_back(item.clock, index, store_->items);
  client.state = item.end();
}

// Typing: text right behind its client's last item, which it would be merged with. The same as integrating
// and merging it, without the item in between. Not for a struct that others follow: they may go between.
bool Transaction::extend_last(const Incoming& in) {
  const ParsedStruct& parsed = *in.parsed;
  const Client& client = store_->clients[in.slot];
  if (parsed.ref() != kString || parsed.origin_client != client.id ||
      parsed.origin_clock + 1 != parsed.clock || client.structs.empty()) {
    return false;
  }
  const ItemIndex last = client.structs.item(client.structs.last());
  Item& item = store_->items[last];
  if (item.ref != kString || item.deleted) return false;
  // What observers are to see as added must be an item of its own.
  if (track_ && item.clock < before(in.slot)) return false;
  const Lineage& lineage = store_->lineage_of(item);
  if (lineage.in_map()) return false;
  if (item.right == kNil) {
    if (parsed.has_right_origin() || lineage.right_origin_slot != kNil) return false;
  } else {
    const Item& right = store_->items[item.right];
    if (lineage.right_origin_slot == kNil || item.right_origin_clock != parsed.right_origin_clock ||
        lineage.right_origin_slot != in.right_origin_slot || right.clock != parsed.right_origin_clock ||
        store_->slot(right) != lineage.right_origin_slot) {
      return false;
    }
  }
  const TypeIndex parent = lineage.parent();
  if (const ItemIndex owner = store_->types[parent].owner; owner != kNil && store_->items[owner].deleted)
    return false;
  append(in.slot, last, parent, in.update->content(parsed), parsed.len, parsed.ascii);
  return true;
}

void Transaction::append(Slot slot, ItemIndex last, TypeIndex parent, Bytes text, uint32_t units,
                         bool ascii) {
  Item& item = store_->items[last];
  store_->append_content(item, text, ascii);
  item.len += units;
  store_->types[parent].length += units;
  touch_client(slot).state = item.end();
  if (store_->positions != nullptr) store_->positions->grown(last, units);
  add_changed(parent, kNil);
}

bool Transaction::extend(Slot slot, ItemIndex left, ItemIndex right, Bytes text, uint32_t units, bool ascii) {
  const Item& item = store_->items[left];
  if (item.ref != kString || item.deleted || item.right != right ||
      item.end() != store_->clients[slot].state) {
    return false;
  }
  const Lineage& lineage = store_->lineage_of(item);
  if (track_ && item.clock < before(slot)) return false;
  if (lineage.slot != slot || store_->redone.contains(left)) return false;
  if (right == kNil) {
    if (lineage.right_origin_slot != kNil) return false;
  } else {
    const Item& next = store_->items[right];
    if (lineage.right_origin_slot != store_->slot(next) || item.right_origin_clock != next.clock)
      return false;
  }
  append(slot, left, lineage.parent(), text, units, ascii);
  return true;
}

ItemIndex Transaction::insert(const NewItem& made) {
  const ItemIndex index = store_->new_item();
  Lineage lineage;
  lineage.slot = made.slot;
  Item& item = store_->items[index];
  if (made.left != kNil) {
    const Item& left = store_->items[made.left];
    lineage.origin_slot = store_->slot(left);
    item.origin_clock = left.end() - 1;
  }
  if (made.right != kNil) {
    const Item& right = store_->items[made.right];
    lineage.right_origin_slot = store_->slot(right);
    item.right_origin_clock = right.clock;
  }
  lineage.set_parent(made.entry != kNil ? made.entry : made.parent, made.entry != kNil);
  item.lineage = store_->lineages.add(lineage) & kLineageMask;
  item.clock = store_->clients[made.slot].state;
  item.len = made.len;
  item.ref = made.ref & 0xf;
  place(index, lineage, made.left, made.right);
  add_struct(made.slot, index);
  set_new_content(index, made.ref, made.content, made.ascii, lineage);
  finish_new(index, lineage);
  return index;
}

void Transaction::integrate(const Incoming& in, uint32_t offset) {
  if (in.last && offset == 0 && extend_last(in)) return;
  const ParsedStruct& parsed = *in.parsed;
  const uint32_t clock = parsed.clock + offset;
  uint32_t origin_clock = parsed.origin_clock;
  Lineage lineage;
  lineage.slot = in.slot;

  ItemIndex left = kNil;
  ItemIndex right = kNil;
  bool gc = parsed.ref() == kGc;
  if (!gc) {
    if (parsed.has_origin()) {
      lineage.origin_slot = in.origin_slot;
      left = clean_end(lineage.origin_slot, origin_clock);
    }
    if (parsed.has_right_origin()) {
      lineage.right_origin_slot = in.right_origin_slot;
      right = clean_start(lineage.right_origin_slot, parsed.right_origin_clock);
    }
    const bool written = left == kNil && right == kNil;
    gc = !find_parent(written ? in.update->parent(parsed) : ParsedParent(), left, right, lineage);
    if (offset > 0 && !gc) {
      // The rest of a run whose beginning is known follows that beginning.
      lineage.origin_slot = in.slot;
      origin_clock = clock - 1;
      left = clean_end(in.slot, origin_clock);
      gc = store_->items[left].is_gc();
      const Lineage& known = store_->lineage_of(store_->items[left]);
      lineage.place = known.place;
    }
  }
  // Field by field in its place, and from here on what the item shares comes along by hand: reading back what
  // was just written in other pieces stalls the processor, and this is the hottest path there is.
  const ItemIndex index = store_->new_item();
  Item& item = store_->items[index];
  item.clock = clock;
  item.len = parsed.len - offset;
  if (gc) {
    become_gc(index, in.slot);
    add_struct(in.slot, index);
    return;
  }
  item.origin_clock = origin_clock;
  item.right_origin_clock = parsed.right_origin_clock;
  item.lineage = store_->lineages.add(lineage) & kLineageMask;
  item.ref = parsed.ref() & 0xf;
  place(index, lineage, left, right);
  add_struct(in.slot, index);
  integrate_content(in, offset, index, lineage);
  finish_new(index, lineage);
}

void Transaction::place(ItemIndex index, const Lineage& lineage, ItemIndex left, ItemIndex right) {
  const Item& item = store_->items[index];
  const ItemIndex next = left != kNil ? store_->items[left].right : kNil;
  const bool conflict = left != kNil ? next != right : right == kNil || store_->items[right].left != kNil;
  if (conflict) left = resolve_conflicts(item, lineage, left, right);
  link(index, lineage, left);
  if (!lineage.in_map()) {
    if (item.countable()) store_->types[lineage.parent()].length += item.len;
    if (store_->positions != nullptr) store_->positions->linked(lineage.parent(), index);
  }
}

void Transaction::finish_new(ItemIndex index, const Lineage& lineage) {
  const TypeIndex parent = store_->type_of(lineage);
  if (store_->items[index].ref == kDoc) subdocs_.added.push_back({lineage.slot, store_->items[index].clock});
  add_changed(parent, lineage.in_map() ? lineage.parent() : kNil);
  const ItemIndex owner = store_->types[parent].owner;
  if ((owner != kNil && store_->items[owner].deleted) ||
      (lineage.in_map() && store_->items[index].right != kNil)) {
    delete_item(index);
  }
}

// YATA: where among concurrent inserts at the same place does `item` go? The item it goes behind, or kNil.
ItemIndex Transaction::resolve_conflicts(const Item& item, const Lineage& own, ItemIndex left,
                                         ItemIndex right) {
  ItemIndex other = left != kNil   ? store_->items[left].right
                    : own.in_map() ? store_->entries[own.parent()].first
                                   : store_->types[own.parent()].start;
  Passed passed;
  uint32_t conflicting_from = 0;  // passed since then: in conflict with `item`
  while (other != kNil && other != right) {
    const Item& o = store_->items[other];
    const Lineage& theirs = store_->lineage_of(o);
    passed.add(other);
    if (!spend(1)) break;
    if (theirs.origin_slot == own.origin_slot &&
        (own.origin_slot == kNil || o.origin_clock == item.origin_clock)) {
      if (store_->client_id(theirs.slot) < store_->client_id(own.slot)) {
        left = other;
        conflicting_from = passed.size();
      } else if (theirs.right_origin_slot == own.right_origin_slot &&
                 (own.right_origin_slot == kNil || o.right_origin_clock == item.right_origin_clock)) {
        break;  // both point to the same place, and the client id decided
      }
    } else {
      if (theirs.origin_slot == kNil) break;
      const uint32_t when = passed.find(store_->find(theirs.origin_slot, o.origin_clock));
      if (when == kNil) break;
      if (when < conflicting_from) {
        left = other;
        conflicting_from = passed.size();
      }
    }
    other = o.right;
  }
  return left;
}

void Transaction::link(ItemIndex index, const Lineage& lineage, ItemIndex left) {
  Item& item = store_->items[index];
  item.left = left;
  if (left != kNil) {
    item.right = store_->items[left].right;
    store_->items[left].right = index;
  } else if (lineage.in_map()) {
    item.right = store_->entries[lineage.parent()].first;
    store_->entries[lineage.parent()].first = index;
  } else {
    item.right = store_->types[lineage.parent()].start;
    store_->types[lineage.parent()].start = index;
  }
  if (item.right != kNil) {
    store_->items[item.right].left = index;
  } else if (lineage.in_map()) {
    store_->entries[lineage.parent()].last = index;
    if (left != kNil) delete_item(left);  // the new value replaces it
  }
}

void Transaction::integrate_content(const Incoming& in, uint32_t offset, ItemIndex index,
                                    const Lineage& lineage) {
  const Bytes bytes = in.update->content(*in.parsed);
  const uint8_t ref = in.parsed->ref();
  if (offset == 0) return set_new_content(index, ref, bytes, in.parsed->ascii, lineage);
  if (ref == kDeleted) return set_new_content(index, ref, {}, false, lineage);
  if (in.parsed->ascii) return set_new_content(index, ref, bytes.subspan(offset), true, lineage);
  // Cut as a split would, surrogate pairs included.
  Item& item = store_->items[index];
  Item whole;
  whole.ref = item.ref;
  whole.len = in.parsed->len;
  store_->set_content(whole, bytes, false);
  store_->split_content(whole, item, offset);
  whole.len = offset;
  store_->drop_content(whole);
}

void Transaction::set_new_content(ItemIndex index, uint8_t ref, Bytes bytes, bool ascii,
                                  const Lineage& lineage) {
  Item& item = store_->items[index];
  switch (ref) {
    case kDeleted:
      item.deleted = 1;
      deletes_.push_back({lineage.slot, item.clock, item.len});
      return;
    case kType:
      return store_->set_type(index, bytes);
    case kFormat:
      store_->types[store_->type_of(lineage)].has_formatting = true;
      break;
    default:
      break;
  }
  store_->set_content(item, bytes, ascii);
}

// --- deletion

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

void Transaction::delete_item(ItemIndex first) {
  // Walks the types below depth-first as Yjs's recursion does, with the stack on the heap: nesting costs no
  // stack.
  struct Frame {
    ItemIndex item;
    EntryIndex entry;
  };
  std::vector<Frame> frames;
  const auto enter = [&](ItemIndex index) {
    Item& item = store_->items[index];
    if (item.deleted) return;
    const Lineage& lineage = store_->lineage_of(item);
    const TypeIndex parent = store_->parent_type(item);
    if (item.countable() && !lineage.in_map()) store_->types[parent].length -= item.len;
    if (store_->positions != nullptr && !lineage.in_map()) store_->positions->hidden(index);
    item.deleted = 1;
    collectable_ = true;
    deletes_.push_back({lineage.slot, item.clock, item.len});
    add_changed(parent, lineage.in_map() ? lineage.parent() : kNil);
    if (item.ref == kDoc) {
      const SlotId id{lineage.slot, item.clock};
      if (std::erase(subdocs_.added, id) == 0) subdocs_.removed.push_back(id);
    }
    if (item.ref == kType)
      frames.push_back({store_->types[item.content].start, store_->types[item.content].first_entry});
  };
  enter(first);
  while (!frames.empty()) {
    Frame& frame = frames.back();
    ItemIndex child = kNil;
    if (frame.item != kNil) {
      child = frame.item;
      frame.item = store_->items[child].right;
    } else if (frame.entry != kNil) {
      child = store_->entries[frame.entry].last;
      frame.entry = store_->entries[frame.entry].next;
      if (child == kNil) continue;
    } else {
      frames.pop_back();
      continue;
    }
    const Item& item = store_->items[child];
    if (!item.deleted) {
      enter(child);
    } else if (const Slot slot = store_->slot(item); item.clock < before(slot)) {
      // It will be collected with its parent but is not in this transaction's delete set.
      merge_structs_.push_back({slot, item.clock, item.len});
    }
  }
}

void Transaction::delete_range(Slot slot, uint32_t clock, uint32_t end) {
  clock = store_->deleted_runs.skip(slot, clock);
  if (clock >= end) return;
  StructList& structs = store_->clients[slot].structs;
  StructList::Position at = structs.find(clock, store_->items);
  if (const Item& first = store_->items[structs.item(at)]; !first.deleted && first.clock < clock) {
    split(slot, at, clock - first.clock);
    at = structs.find(clock, store_->items);
  }
  uint32_t passed = 0;  // structs that were deleted already
  for (bool more = true; more && spend(1);) {
    const ItemIndex index = structs.item(at);
    const Item& item = store_->items[index];
    if (item.clock >= end) break;
    if (item.deleted) {
      ++passed;
      if (const uint32_t live = store_->deleted_runs.skip(slot, item.clock); live > item.end()) {
        if (live >= end) break;
        at = structs.find(live, store_->items);
        continue;
      }
    } else {
      if (end < item.end()) {
        split(slot, at, end - item.clock);
        at = structs.find(store_->items[index].clock, store_->items);
      }
      delete_item(index);
    }
    more = structs.next(at);
  }
  if (passed >= DeletedRuns::kLong && !exhausted()) store_->deleted_runs.add(slot, clock, end);
}

// --- clean-up

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

void Transaction::become_gc(ItemIndex index, Slot slot) {
  brought_gc_ = true;
  Item& item = store_->items[index];
  Item collected;
  store_->drop_content(item);
  store_->redone.erase(index);
  Lineage lineage;
  lineage.slot = slot;
  collected.lineage = store_->lineages.add(lineage) & kLineageMask;
  collected.clock = item.clock;
  collected.len = item.len;
  collected.deleted = 1;
  item = collected;
}

// Item.gc: the content goes; of a deleted type all children become GC structs.
void Transaction::collect(ItemIndex index) {
  if (store_->items[index].ref == kType) {
    std::vector<TypeIndex> types{store_->items[index].content};
    const auto collect_child = [&](ItemIndex child) {
      if (store_->items[child].ref == kType) types.push_back(store_->items[child].content);
      become_gc(child, store_->slot(store_->items[child]));
    };
    while (!types.empty()) {
      const TypeIndex type = types.back();
      types.pop_back();
      if (store_->positions != nullptr) store_->positions->drop(type);
      for (ItemIndex child = store_->types[type].start; child != kNil;) {
        const ItemIndex next = store_->items[child].right;
        collect_child(child);
        child = next;
      }
      for (EntryIndex entry = store_->types[type].first_entry; entry != kNil;
           entry = store_->entries[entry].next) {
        for (ItemIndex child = store_->entries[entry].last; child != kNil;) {
          const ItemIndex next = store_->items[child].left;
          collect_child(child);
          child = next;
        }
      }
      store_->free_type(type);
    }
  }
  Item& item = store_->items[index];
  store_->drop_content(item);
  item.ref = kDeleted;
}

void Transaction::collect_deleted() {
  for (const SlotRange& range : deletes_) {
    const StructList& structs = store_->clients[range.slot].structs;
    for (StructList::Position at = structs.find(range.clock, store_->items);;) {
      const ItemIndex index = structs.item(at);
      const Item& item = store_->items[index];
      if (item.clock >= range.end()) break;
      if (!item.is_gc() && item.deleted && !item.kept) collect(index);
      if (!structs.next(at)) break;
    }
  }
}

// Most neighbours fail here.
inline bool may_merge(const Item& left, const Item& right, ItemIndex right_index) {
  if (left.deleted != right.deleted || left.ref != right.ref) return false;
  return left.is_gc() || (left.right == right_index && right.origin_clock == left.end() - 1);
}

// Yjs: mergeWith. Which neighbours merge does not depend on what they merged with before.
bool Transaction::can_merge(ItemIndex left_index, ItemIndex right_index) const {
  const Item& left = store_->items[left_index];
  const Item& right = store_->items[right_index];
  if (!may_merge(left, right, right_index)) return false;
  if (left.is_gc()) return true;
  if (!is_mergeable(static_cast<uint8_t>(left.ref))) return false;
  if (store_->redone.contains(left_index) || store_->redone.contains(right_index)) {
    return false;
  }
  const Lineage& ours = store_->lineage_of(left);
  const Lineage& theirs = store_->lineage_of(right);
  return theirs.origin_slot == ours.slot && theirs.right_origin_slot == ours.right_origin_slot &&
         (ours.right_origin_slot == kNil || left.right_origin_clock == right.right_origin_clock);
}

void Transaction::merge(ItemIndex left_index, ItemIndex right_index) {
  Item& left = store_->items[left_index];
  Item& right = store_->items[right_index];
  if (!left.is_gc()) {
    const Lineage& lineage = store_->lineage_of(right);
    if (store_->positions != nullptr && !lineage.in_map())
      store_->positions->merging(left_index, right_index);
    if (lineage.in_map() && store_->entries[lineage.parent()].last == right_index) {
      store_->entries[lineage.parent()].last = left_index;
    }
    left.kept |= right.kept;
    left.right = right.right;
    if (left.right != kNil) store_->items[left.right].left = left_index;
    store_->merge_content(left, right);
  }
  left.len += right.len;
  store_->free_item(right_index);
}

// Merges the struct at `at` into its left neighbours as long as that goes; how many merges. `at` follows.
uint32_t Transaction::merge_with_lefts(Slot slot, StructList::Position& at) {
  StructList& structs = store_->clients[slot].structs;
  // How far it goes is found first and then joined from the left, so that what has been gathered grows in
  // place.
  uint32_t merges = 0;
  StructList::Position first = at;
  for (StructList::Position left = at; !structs.is_first(first); first = left, ++merges) {
    structs.previous(left);
    if (!can_merge(structs.item(left), structs.item(first))) break;
  }
  if (merges == 0) return 0;
  for (uint32_t i = 0; i < merges; ++i) {
    StructList::Position next = first;
    structs.next(next);
    merge(structs.item(first), structs.item(next));
    first = structs.erase(next, store_->items);
  }
  at = first;
  return merges;
}

void Transaction::merge_deleted() {
  for (auto range = deletes_.rbegin(); range != deletes_.rend(); ++range) {
    if (range->clock >= before(range->slot)) continue;  // new: merge_new() comes by
    StructList& structs = store_->clients[range->slot].structs;
    StructList::Position at = structs.find(range->end() - 1, store_->items);
    structs.next(at);
    while (!structs.is_first(at) && store_->items[structs.item(at)].clock >= range->clock) {
      merge_with_lefts(range->slot, at);
      if (!structs.previous(at)) break;
    }
  }
}

void Transaction::merge_new() {
  for (const Slot slot : changed_clients()) {
    const StructList& structs = store_->clients[slot].structs;
    const uint32_t first_changed =
        store_->items[structs.item(structs.find(before(slot), store_->items))].clock;
    StructList::Position at = structs.last();
    while (!structs.is_first(at) && store_->items[structs.item(at)].clock >= first_changed) {
      // Items that stand as they were read are looked at in a row.
      const Item* const first = store_->items.data() + structs.dense_begin(at);
      const Item* item = store_->items.data() + structs.item(at);
      while (item > first && item->clock >= first_changed &&
             !may_merge(item[-1], *item, static_cast<ItemIndex>(item - store_->items.data()))) {
        --item;
        --at.index;
      }
      if (structs.is_first(at) || item->clock < first_changed) break;
      merge_with_lefts(slot, at);
      if (!structs.previous(at)) break;
    }
  }
}

void Transaction::merge_split() {
  for (auto cut = merge_structs_.rbegin(); cut != merge_structs_.rend(); ++cut) {
    const StructList& structs = store_->clients[cut->slot].structs;
    StructList::Position at = structs.find(cut->clock, store_->items);
    if (StructList::Position right = at; structs.next(right)) {
      const uint32_t merged = merge_with_lefts(cut->slot, right);
      if (merged > 1) continue;
      if (merged == 1) at = right;
    }
    merge_with_lefts(cut->slot, at);
  }
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
