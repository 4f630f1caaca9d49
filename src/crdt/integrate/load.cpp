#include "crdt/integrate/load.h"

#include <algorithm>
#include <iterator>

#include "base/huge_pages.h"

namespace symphony::crdt {
namespace {

constexpr uint32_t kNoBlock = kNil;

}  // namespace

bool Loader::load(Bytes update) {
  update_ = update;
  if (!lay_out(update)) return false;
  if (!link_all() || !apply_deletes()) return false;
  store_.bulk = nullptr;
  return true;
}

// --- reading

bool Loader::lay_out(Bytes update) {
  StructReader in(update, limits_);
  uint64_t above = kNoClient;
  while (in.next_block()) {
    if (in.client() >= above || in.clock() != 0 || in.block_structs() == 0) return false;
    above = in.client();
    if (!lay_out_block(in)) return false;
  }
  in.read_deletes(deletes_);
  ensure_joined(deletes_);
  if (!in.outcome() || store_.clients.size() > limits_.clients_max) return false;
  block_of_slot_.assign(store_.clients.size(), kNoBlock);
  bulk_.start(store_.items.size(), blocks_.size());
  for (uint32_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    block_of_slot_[block.slot] = i;
    bulk_.add_client(block.slot, store_.state(block.slot), block.next, block.end - block.next, store_.items);
  }
  store_.bulk = &bulk_;
  return true;
}

bool Loader::lay_out_block(StructReader& in) {
  std::vector<Item>& items = store_.items;
  const auto count = static_cast<size_t>(in.block_structs());
  const size_t wanted = items.size() + count;
  if (wanted * 3 > kLineagesMax) return false;
  const Slot slot = store_.add_client(in.client());
  const auto first = static_cast<ItemIndex>(items.size());
  if (blocks_.empty()) {
    set_capacity(items, count);
    set_capacity(store_.arena, update_.size() / 2);
  } else if (wanted > items.capacity()) {
    items.reserve(std::max(wanted, items.capacity() * 2));
  }
  const auto slot_of = [&](uint64_t client) {
    return client == kNoClient ? kNil : client == in.client() ? slot : store_.add_client(client);
  };
  ParsedStruct s;
  while (in.next_struct(s)) {
    if (s.ref() == kSkip) return false;
    Item item;
    item.clock = s.clock;
    item.set_len(s.len);
    item.ref = s.ref() & 0xf;
    Lineage kind;
    kind.slot = slot;
    if (s.ref() != kGc) {
      kind.origin_slot = slot_of(s.origin_client);
      kind.right_origin_slot = slot_of(s.right_origin_client);
      // Until it is linked: where the parent is written, and whether a key follows.
      item.origin_clock = s.has_parent() ? s.parent_at : s.origin_clock;
      item.right_origin_clock = s.has_parent() ? (s.info & kInfoParentSub) != 0 : s.right_origin_clock;
    }
    item.lineage = kinds_.add(kind) & kLineageMask;
    set_content(s, item);
    items.push_back(item);
    if (s.ref() == kType) store_.set_type(static_cast<ItemIndex>(items.size() - 1), content(s));
  }
  if (items.size() != wanted) return false;
  Client& client = transaction_.touch_client(slot);
  client.structs.append_range(first, static_cast<uint32_t>(count), items);
  client.state = items.back().end();
  blocks_.push_back({slot, first, static_cast<ItemIndex>(wanted), 0, false});
  return true;
}

void Loader::set_content(const ParsedStruct& s, Item& item) {
  switch (s.ref()) {
    case kGc:
      item.deleted = 1;
      break;
    case kDeleted:
      item.deleted = 1;
      ++deleted_;
      break;
    case kType:
      break;
    default:
      store_.set_content(item, content(s), s.ascii);
  }
}

// --- linking

bool Loader::link_all() {
  transaction_.expect_deleted(deleted_);
  std::vector<uint32_t> stack;
  for (uint32_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].next == blocks_[i].end) continue;
    stack.push_back(i);
    while (!stack.empty()) {
      if (transaction_.exhausted()) return false;
      Block& block = blocks_[stack.back()];
      const SlotId missing = block.next == block.end ? SlotId() : link(block);
      if (missing.slot == kNil) {
        // One struct of a client that others wait for, and back to those; all of the first.
        if (stack.size() > 1 || block.next == block.end) {
          block.waits = false;
          stack.pop_back();
        }
        continue;
      }
      const uint32_t other = block_of_slot_[missing.slot];
      if (other == kNoBlock || blocks_[other].waits || missing.clock >= store_.state(missing.slot))
        return false;
      block.waits = true;
      stack.push_back(other);
    }
  }
  return store_.roots.size() <= limits_.roots_max;
}

// Links the next item of a client, or says what it waits for.
SlotId Loader::link(Block& block) {
  const ItemIndex index = block.next;
  const Slot slot = block.slot;
  const Item& unlinked = store_.items[index];
  const Lineage& kind = kinds_[unlinked.lineage];
  const uint32_t clock = unlinked.clock;
  Lineage lineage;
  bool gc = unlinked.is_gc();
  ItemIndex left = kNil;
  ItemIndex right = kNil;
  if (!gc) {
    const SlotId origin{kind.origin_slot, unlinked.origin_clock};
    const SlotId right_origin{kind.right_origin_slot, unlinked.right_origin_clock};
    if (!is_linked(origin, slot)) return origin;
    if (!is_linked(right_origin, slot)) return right_origin;
    ParsedParent parent;
    if (origin.slot == kNil && right_origin.slot == kNil) {
      parent = parent_at(unlinked);
      if (!parent.is_root) {
        const Slot holder = store_.find_client(parent.item.client);
        if (holder == kNil) return {slot, kNil};
        if (const SlotId id{holder, parent.item.clock}; !is_linked(id, slot)) return id;
      }
    }
    if (origin.slot != kNil) left = clean_end(origin, index);
    if (right_origin.slot != kNil) right = clean_start(right_origin, left);
    if (link_plainly(index, left, right)) {
      block.next_clock = store_.items[index].end();
      ++block.next;
      return {};
    }
    lineage = kind;
    gc = !transaction_.find_parent(parent, left, right, lineage);
  }
  block.next_clock = store_.items[index].end();
  ++block.next;
  if (gc) {
    if (store_.items[index].ref == kType) store_.free_type(store_.items[index].content);
    transaction_.become_gc(index, slot);
    return {};
  }
  Item& item = store_.items[index];
  const uint32_t shared = store_.lineages.add(lineage);
  if (left != kNil && !lineage.in_map() && store_.positions == nullptr) {
    plain_of(item, store_.items[left]) = {item.lineage, store_.items[left].lineage, shared, lineage.parent()};
  }
  item.lineage = shared & kLineageMask;
  transaction_.place(index, lineage, left, right);
  if (item.ref == kDeleted) transaction_.add_deleted(slot, clock, item.len());
  if (item.ref == kFormat) store_.types[store_.type_of(lineage)].has_formatting = true;
  transaction_.finish_new(index, lineage);
  return {};
}

// Nearly all items of a text: of a kind that has just been linked behind an item of the same lineage, and
// nobody else is at the place.
bool Loader::link_plainly(ItemIndex index, ItemIndex left, ItemIndex right) {
  std::vector<Item>& items = store_.items;
  Item& item = items[index];
  if (left == kNil) return false;
  const Plain& plain = plain_of(item, items[left]);
  if (item.lineage != plain.kind || items[left].lineage != plain.left_lineage || items[left].right != right ||
      items[left].is_gc() || item.ref == kFormat || item.ref == kDoc ||
      (right != kNil && items[right].is_gc())) {
    return false;
  }
  item.lineage = plain.lineage & kLineageMask;
  item.left = left;
  item.right = right;
  items[left].right = index;
  if (right != kNil) items[right].left = index;
  if (item.countable()) store_.types[plain.parent].length += item.len();
  const Lineage& lineage = store_.lineages[plain.lineage];
  if (item.ref == kDeleted) transaction_.add_deleted(lineage.slot, item.clock, item.len());
  if (transaction_.minds(plain.parent)) transaction_.finish_new(index, lineage);
  return true;
}

// As the transaction's, which cut if need be; and where it nearly always is they look first: behind the item
// that has been found on the left, or before the item that is linked.
ItemIndex Loader::clean_start(const SlotId& id, ItemIndex left) {
  const std::vector<Item>& items = store_.items;
  if (left != kNil && items[left].right != kNil) {
    const ItemIndex next = items[left].right;
    if (items[next].clock == id.clock && store_.slot(items[next]) == id.slot) return next;
  }
  const ItemIndex index = bulk_.find(id.slot, id.clock, items);
  if (index != kNil && items[index].clock == id.clock) return index;
  return transaction_.clean_start(id.slot, id.clock);
}

ItemIndex Loader::clean_end(const SlotId& id, ItemIndex linked) {
  const std::vector<Item>& items = store_.items;
  const Item& item = items[linked];
  if (id.clock + 1 == item.clock && linked > 0 && kinds_[item.lineage].slot == id.slot &&
      items[linked - 1].end() == item.clock) {
    return linked - 1;
  }
  const ItemIndex index = bulk_.find(id.slot, id.clock, items);
  if (index != kNil && items[index].end() == id.clock + 1) return index;
  return transaction_.clean_end(id.slot, id.clock);
}

bool Loader::is_linked(const SlotId& id, Slot own) const {
  if (id.slot == kNil || id.slot == own) return true;  // its own come in order
  const uint32_t block = block_of_slot_[id.slot];
  return block != kNoBlock && id.clock < blocks_[block].next_clock;
}

ParsedParent Loader::parent_at(const Item& item) const {
  ParsedStruct s;
  s.parent_at = item.origin_clock;
  s.info = item.right_origin_clock != 0 ? kInfoParentSub : 0;
  return parent_of(update_, s);
}

bool Loader::apply_deletes() {
  for (auto first = deletes_.begin(); first != deletes_.end();) {
    const auto end = std::find_if(first, deletes_.end(),
                                  [&](const DeleteRange& range) { return range.client != first->client; });
    const Slot slot = store_.find_client(first->client);
    if (slot == kNil || std::prev(end)->end() > store_.state(slot)) return false;
    // Nearly always all of it arrived deleted.
    std::vector<DeleteRange> left;
    store_.clients[slot].structs.visit_deleted(store_.items, [&](std::span<const uint32_t> bounds) {
      for (size_t i = 0; i < bounds.size(); i += 2) {
        for (; first != end && first->clock < bounds[i + 1]; ++first) {
          if (first->clock < bounds[i] || first->end() > bounds[i + 1]) left.push_back(*first);
        }
      }
    });
    left.insert(left.end(), first, end);
    first = end;
    for (const DeleteRange& range : left) transaction_.delete_range(slot, range.clock, range.end());
  }
  return true;
}

}  // namespace symphony::crdt
