// Item.integrate: cutting at origins, finding the parent and the place, linking.
#include "crdt/integrate/transaction.h"

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

// --- splitting

ItemIndex Transaction::split(Slot slot, StructList::Position at, uint32_t diff) {
  StructList& structs = store_->clients[slot].structs;
  const ItemIndex left_index = structs.item(at);
  const ItemIndex right_index = store_->new_item();
  Item& left = store_->items[left_index];
  Item& right = store_->items[right_index];
  store_->split_content(left, right, diff);
  right.clock = left.clock + diff;
  right.set_len(left.len() - diff);
  right.left = left_index;
  right.right = left.right;
  right.origin_clock = right.clock - 1;
  right.right_origin_clock = left.right_origin_clock;
  right.deleted = left.deleted;
  right.kept = left.kept;
  Lineage lineage = store_->lineage_of(left);
  lineage.origin_slot = slot;
  right.lineage = store_->lineages.add(lineage) & kLineageMask;
  left.set_len(diff);
  left.right = right_index;
  if (right.right != kNil) {
    store_->items[right.right].left = right_index;
  } else if (lineage.in_map()) {
    store_->entries[lineage.parent()].last = right_index;
  }
  structs.insert_after(at, right.clock, right_index, store_->items);
  merge_structs_.push_back({slot, right.clock, right.len()});
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
  item.set_len(item.len() + units);
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
  item.set_len(made.len);
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
  item.set_len(parsed.len - offset);
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
    if (item.countable()) store_->types[lineage.parent()].length += item.len();
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
  whole.set_len(in.parsed->len);
  store_->set_content(whole, bytes, false);
  store_->split_content(whole, item, offset);
  whole.set_len(offset);
  store_->drop_content(whole);
}

void Transaction::set_new_content(ItemIndex index, uint8_t ref, Bytes bytes, bool ascii,
                                  const Lineage& lineage) {
  Item& item = store_->items[index];
  switch (ref) {
    case kDeleted:
      item.deleted = 1;
      deletes_.push_back({lineage.slot, item.clock, item.len()});
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

}  // namespace symphony::crdt
