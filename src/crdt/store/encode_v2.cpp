// A whole state as update v2, straight from the store.
#include "crdt/store/encode.h"
#include "crdt/wire/v2_writer.h"

namespace symphony::crdt {
namespace {

ParsedParent parent_of(const Store& store, const Lineage& lineage) {
  ParsedParent parent;
  const Type& type = store.types[store.type_of(lineage)];
  parent.is_root = type.owner == kNil;
  if (parent.is_root) {
    parent.root = store.text(type.name);
  } else {
    const Item& owner = store.items[type.owner];
    parent.item = {store.client_id(store.slot(owner)), owner.clock};
  }
  parent.has_sub = lineage.in_map();
  if (parent.has_sub) parent.sub = store.text(store.entries[lineage.parent()].key);
  return parent;
}

void write(V2Writer& out, const Store& store, const Item& item, Encoder& type) {
  ParsedStruct s;
  s.clock = item.clock;
  s.len = item.len();
  s.info = item.ref & kInfoRef;
  if (item.is_gc()) return out.write(s, {}, {});
  const Lineage& lineage = store.lineage_of(item);
  if (lineage.origin_slot != kNil) {
    s.info |= kInfoOrigin;
    s.origin_client = store.client_id(lineage.origin_slot);
    s.origin_clock = item.origin_clock;
  }
  if (lineage.right_origin_slot != kNil) {
    s.info |= kInfoRightOrigin;
    s.right_origin_client = store.client_id(lineage.right_origin_slot);
    s.right_origin_clock = item.right_origin_clock;
  }
  if (lineage.in_map()) s.info |= kInfoParentSub;
  Bytes content = store.content(item);
  if (item.ref == kType) {
    type.clear();
    write_type(type, store, store.types[item.content]);
    content = type.written();
  }
  out.write(s, s.has_parent() ? parent_of(store, lineage) : ParsedParent(), content);
}

}  // namespace

Buffer encode_state_v2(const Store& store, std::span<const DeleteRange> deletes) {
  V2Writer out(Infos::kAsIs);
  Encoder type;
  for (const Slot slot : store.descending()) {
    const Client& client = store.clients[slot];
    if (client.state == 0) continue;
    out.begin_block(client.id, 0, client.structs.size());
    for (StructList::Position at = client.structs.begin();;) {
      write(out, store, store.items[client.structs.item(at)], type);
      if (!client.structs.next(at)) break;
    }
  }
  return out.finish(deletes);
}

}  // namespace symphony::crdt
