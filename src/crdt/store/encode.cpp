#include "crdt/store/encode.h"

#include <algorithm>
#include <cstring>

#include "crdt/wire/struct_writer.h"

namespace symphony::crdt {
namespace {

void write_id(Encoder& out, uint64_t client, uint32_t clock) {
  out.var_uint(client);
  out.var_uint(clock);
}

uint8_t* put_id(uint8_t* at, uint64_t client, uint32_t clock) {
  return put_var_uint(put_var_uint(at, client), clock);
}

}  // namespace

void write_type(Encoder& out, const Store& store, const Type& type) {
  out.var_uint(type.type_ref);
  if (type.type_ref == kTypeRefXmlElement || type.type_ref == kTypeRefXmlHook)
    out.var_string(store.text(type.name));
}

namespace {

// A client's id as it is written: most items name the same one twice.
class ClientBytes {
 public:
  explicit ClientBytes(const Store& store) : store_(store) {}

  uint8_t* put(uint8_t* at, Slot slot) {
    if (slot != slot_) {
      slot_ = slot;
      size_ = static_cast<size_t>(put_var_uint(bytes_, store_.client_id(slot)) - bytes_);
    }
    std::memcpy(at, bytes_, sizeof(bytes_));
    return at + size_;
  }

 private:
  const Store& store_;
  Slot slot_ = kNil;
  size_t size_ = 0;
  uint8_t bytes_[16] = {};  // as many as one copy takes; an id takes ten at most
};

// An item as Item.write writes it, without its first `offset` clocks.
void write_item(Encoder& out, const Store& store, ClientBytes& clients, const Item& item, uint32_t offset) {
  uint8_t* at = out.space(64);
  if (item.is_gc()) {
    *at++ = kGc;
    return out.filled(put_var_uint(at, item.len() - offset));
  }
  const Lineage& lineage = store.lineage_of(item);
  const bool has_origin = offset > 0 || lineage.origin_slot != kNil;
  const bool has_right_origin = lineage.right_origin_slot != kNil;
  *at++ = static_cast<uint8_t>(item.ref | (has_origin ? kInfoOrigin : 0) |
                               (has_right_origin ? kInfoRightOrigin : 0) |
                               (lineage.in_map() ? kInfoParentSub : 0));
  if (offset > 0) {
    at = put_var_uint(clients.put(at, lineage.slot), item.clock + offset - 1);
  } else if (has_origin) {
    at = put_var_uint(clients.put(at, lineage.origin_slot), item.origin_clock);
  }
  if (has_right_origin) {
    at = put_var_uint(clients.put(at, lineage.right_origin_slot), item.right_origin_clock);
  }
  if (item.ref == kDeleted && (has_origin || has_right_origin)) {
    return out.filled(put_var_uint(at, item.len() - offset));
  }
  out.filled(at);
  if (!has_origin && !has_right_origin) {
    const Type& parent = store.types[store.parent_type(item)];
    if (parent.owner == kNil) {
      out.var_uint(1);
      out.var_string(store.text(parent.name));
    } else {
      const Item& owner = store.items[parent.owner];
      out.var_uint(0);
      write_id(out, store.client_id(store.slot(owner)), owner.clock);
    }
    if (lineage.in_map()) out.var_string(store.text(store.entries[lineage.parent()].key));
  }
  if (item.ref == kType) {
    write_type(out, store, store.types[item.content]);
  } else if (offset > 0 && (item.ref == kAny || item.ref == kJson)) {
    out.var_uint(item.len() - offset);
    out.bytes(store.elements_from(item, offset));
  } else {
    write_content(out, static_cast<uint8_t>(item.ref), item.len(), store.content(item), offset);
  }
}

}  // namespace

void write_client(Encoder& out, const Store& store, Slot slot, uint32_t clock) {
  const StructList& structs = store.clients[slot].structs;
  const StructList::Position first = structs.find(clock, store.items);
  size_t count = structs.size();
  if (clock > 0) {
    // Counted from the back: what is asked for is usually the newest.
    count = 1;
    for (StructList::Position at = structs.last(); !(at == first); structs.previous(at)) ++count;
  }
  out.var_uint(count);
  write_id(out, store.client_id(slot), clock);
  uint32_t offset = clock - store.items[structs.item(first)].clock;
  ClientBytes clients(store);
  for (StructList::Position at = first;;) {
    write_item(out, store, clients, store.items[structs.item(at)], offset);
    offset = 0;
    if (!structs.next(at)) break;
  }
}

void write_deletes(Encoder& out, const Store& store, std::span<const SlotRange> deletes) {
  struct Group {
    uint64_t client;
    std::span<const SlotRange> ranges;
  };
  std::vector<Group> groups;
  for (size_t begin = 0; begin < deletes.size();) {
    size_t end = begin + 1;
    while (end < deletes.size() && deletes[end].slot == deletes[begin].slot) ++end;
    groups.push_back({store.client_id(deletes[begin].slot), deletes.subspan(begin, end - begin)});
    begin = end;
  }
  std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.client > b.client; });
  out.var_uint(groups.size());
  for (const Group& group : groups) {
    write_id(out, group.client, static_cast<uint32_t>(group.ranges.size()));
    for (const SlotRange& range : group.ranges) write_id(out, range.clock, range.len);
  }
}

Buffer encode_all_deletes(const Store& store) {
  constexpr size_t kNumberMax = 10;  // bytes of one number
  constexpr size_t kClockMax = 5;    // of a clock or length
  Encoder clients(store.items.size() + 64);
  uint32_t clients_count = 0;
  for (const Slot slot : store.descending()) {
    const size_t begin = clients.size();
    constexpr size_t kHead = 2 * kNumberMax;  // what has to stand in front is known last
    uint32_t ranges = 0;
    store.clients[slot].structs.visit_deleted(store.items, [&](std::span<const uint32_t> bounds) {
      const size_t head = ranges == 0 ? kHead : 0;
      uint8_t* at = clients.space(head + bounds.size() * kClockMax) + head;
      for (size_t i = 0; i < bounds.size(); i += 2) {
        at = put_var_uint(put_var_uint(at, bounds[i]), bounds[i + 1] - bounds[i]);
      }
      clients.filled(at);
      ranges += static_cast<uint32_t>(bounds.size() / 2);
    });
    if (ranges == 0) continue;
    const size_t bytes = clients.size() - begin - kHead;
    uint8_t* const written = clients.space(0) - bytes;
    uint8_t* const at = put_id(written - kHead, store.client_id(slot), ranges);
    std::memmove(at, written, bytes);
    clients.filled(at + bytes);
    ++clients_count;
  }
  uint8_t count[kNumberMax];
  const auto count_bytes = static_cast<size_t>(put_var_uint(count, clients_count) - count);
  Buffer all(count_bytes + clients.size());
  std::memcpy(all.data(), count, count_bytes);
  if (clients.size() > 0) std::memcpy(all.data() + count_bytes, clients.written().data(), clients.size());
  return all;
}

}  // namespace symphony::crdt
