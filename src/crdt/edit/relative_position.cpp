#include "symphony/relative_position.h"

#include <cmath>

#include "base/utf8.h"
#include "base/varint.h"
#include "crdt/edit/handles.h"
#include "crdt/edit/redo.h"
#include "crdt/wire/encoder.h"
#include "crdt/wire/value.h"

namespace symphony {

using namespace crdt;

namespace {

tl::unexpected<Error> unknown() {
  return fail(Code::kNotFound, "the document does not know the place, or has collected it");
}

PositionIndex& positions_of(Store& store, TypeIndex type) {
  if (store.positions == nullptr) store.positions = std::make_unique<PositionIndex>(store);
  store.positions->ensure(type);
  return *store.positions;
}

ItemId public_id(const Store& store, SlotId id) { return {store.client_id(id.slot), id.clock}; }

// writeVarInt.
void write_var_int(Encoder& out, int64_t number) {
  uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  const int sign = number < 0 ? 0x40 : 0;
  out.u8(static_cast<uint8_t>((magnitude > 0x3f ? 0x80 : 0) | sign | static_cast<int>(magnitude & 0x3f)));
  if ((magnitude >>= 6) > 0) out.var_uint(magnitude);
}

// An id that the document has, or nothing.
std::optional<SlotId> known_id(const Store& store, const ItemId& id) {
  const Slot slot = store.find_client(id.client);
  if (slot == kNil || store.state(slot) <= id.clock) return std::nullopt;
  return SlotId{slot, id.clock};
}

Value id_value(const ItemId& id) {
  return Value::object({{"client", static_cast<double>(id.client)}, {"clock", id.clock}});
}

Result<std::optional<ItemId>> id_of(const Value& json, const char* key) {
  const Value* id = json.get(key);
  if (id == nullptr || id->is_null()) return std::nullopt;
  const Value* client = id->get("client");
  const Value* clock = id->get("clock");
  const auto whole = [](const Value* value, double max) {
    return value != nullptr && value->kind == Value::Kind::kNumber && value->number >= 0 &&
           value->number <= max && std::trunc(value->number) == value->number;
  };
  if (!whole(client, static_cast<double>(kVarUintMax)) || !whole(clock, 4294967295.0)) {
    return fail(Code::kInvalid, std::string("the ") + key + " of a relative position is no id");
  }
  return ItemId{static_cast<uint64_t>(client->number), static_cast<uint32_t>(clock->number)};
}

}  // namespace

Result<RelativePosition> create_relative_position(const SharedType& handle, uint32_t index, int64_t assoc) {
  const TypeIndex type = Handles::resolve(handle);
  if (type == kNil) return fail(Code::kNotFound, "the type is not part of a document any more");
  Store& store = Handles::document(handle)->store;
  RelativePosition position;
  position.assoc = assoc;
  if (const SlotId owner = owner_id(store, type); owner.slot != kNil) {
    position.type = public_id(store, owner);
  } else {
    position.type_name = store.text(store.types[type].name);
  }
  if (assoc < 0 && index-- == 0) return position;
  PositionIndex& positions = positions_of(store, type);
  if (index < store.types[type].length) {
    const PositionIndex::Place place = positions.find(type, index);
    const Item& item = store.items[place.item];
    position.item = public_id(store, {store.slot(item), item.clock + place.offset});
  } else if (const ItemIndex last = positions.last(type); assoc < 0 && last != kNil) {
    const Item& item = store.items[last];
    position.item = public_id(store, {store.slot(item), item.end() - 1});
  }
  return position;
}

Result<AbsolutePosition> create_absolute_position(Doc& document, const RelativePosition& position,
                                                  bool follow_undone_deletions) {
  Doc::Impl& doc = Handles::impl(document);
  doc.make_local();  // whom handles name does not go to rest
  Store& store = doc.store;
  const auto found = [&](SlotId id) {
    if (follow_undone_deletions) return follow_redone(store, id);
    const ItemIndex item = store.find(id.slot, id.clock);
    return Redone{item, id.clock - store.items[item].clock};
  };
  if (position.item) {
    const auto id = known_id(store, *position.item);
    if (!id) return unknown();
    const auto [index, diff] = found(*id);
    const Item& item = store.items[index];
    if (item.is_gc()) return unknown();
    const TypeIndex type = store.parent_type(item);
    const ItemIndex owner = store.types[type].owner;
    AbsolutePosition at{Handles::type(doc, type), 0, position.assoc};
    if (owner != kNil && store.items[owner].deleted) return at;
    const bool visible = !item.deleted && item.countable();
    at.index = visible ? diff + (position.assoc >= 0 ? 0 : 1) : 0;
    if (!store.in_map(item)) at.index += positions_of(store, type).index_of(index);
    return at;
  }
  TypeIndex type = kNil;
  if (position.type_name) {
    type = store.find_root(*position.type_name);
    if (type == kNil) {
      const std::string& name = *position.type_name;
      if (!is_utf8(as_bytes(name)) || store.roots.size() >= doc.options.limits.roots_max) {
        return unknown();
      }
      type = store.add_root(name);
    }
  } else if (position.type) {
    const auto id = known_id(store, *position.type);
    if (!id) return unknown();
    const Item& item = store.items[found(*id).item];
    if (item.ref != kType) return unknown();
    type = item.content;
  } else {
    return fail(Code::kInvalid, "the relative position names no place");
  }
  return AbsolutePosition{Handles::type(doc, type), position.assoc >= 0 ? store.types[type].length : 0,
                          position.assoc};
}

Result<Buffer> encode_relative_position(const RelativePosition& position) {
  Encoder out;
  const auto id = [&](uint8_t kind, const ItemId& which) {
    out.u8(kind);
    out.var_uint(which.client);
    out.var_uint(which.clock);
  };
  if (position.item) {
    id(0, *position.item);
  } else if (const auto& name = position.type_name) {
    if (!is_utf8(as_bytes(*name))) {
      return fail(Code::kInvalid,
                  "the root that the relative position names has half a surrogate pair in its name");
    }
    out.u8(1);
    out.var_string(*name);
  } else if (position.type) {
    id(2, *position.type);
  } else {
    return fail(Code::kInvalid, "the relative position names no place");
  }
  write_var_int(out, position.assoc);
  return out.take();
}

Result<RelativePosition> decode_relative_position(Bytes bytes) {
  Reader in(bytes);
  RelativePosition position;
  const auto id = [&] {
    const uint64_t client = in.read_var_uint();
    const uint64_t clock = in.read_var_uint();
    if (clock > 0xffffffffULL) in.set_failed();
    return ItemId{client, static_cast<uint32_t>(clock)};
  };
  switch (in.read_var_uint()) {
    case 0:
      position.item = id();
      break;
    case 1: {
      const Bytes name = in.read_var_bytes();
      if (!is_utf8(name)) in.set_failed();
      position.type_name.emplace(name.begin(), name.end());
      break;
    }
    case 2:
      position.type = id();
      break;
    default:
      in.set_failed();
  }
  if (in.ok() && !in.at_end()) {
    uint64_t magnitude;
    const bool negative = in.read_var_int(magnitude);
    position.assoc = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  }
  if (!in.ok() || !in.at_end()) return fail(Code::kInvalid, "malformed relative position");
  return position;
}

std::string relative_position_to_json(const RelativePosition& position) {
  Value json = Value::object();
  if (position.type) json.set("type", id_value(*position.type));
  if (position.type_name && !position.type_name->empty()) json.set("tname", *position.type_name);
  if (position.item) json.set("item", id_value(*position.item));
  json.set("assoc", static_cast<double>(position.assoc));
  return to_json(json);
}

Result<RelativePosition> relative_position_from_json(std::string_view text) {
  const auto json = from_json(text);
  if (!json) return tl::unexpected(json.error());
  if (!json->is_object()) return fail(Code::kInvalid, "a relative position is a JSON object");
  RelativePosition position;
  auto type = id_of(*json, "type");
  auto item = id_of(*json, "item");
  if (!type) return tl::unexpected(std::move(type.error()));
  if (!item) return tl::unexpected(std::move(item.error()));
  position.type = *type;
  position.item = *item;
  if (const Value* name = json->get("tname"); name != nullptr && !name->is_null()) {
    if (!name->is_string()) return fail(Code::kInvalid, "the tname of a relative position is no string");
    position.type_name = name->text;
  }
  if (const Value* assoc = json->get("assoc"); assoc != nullptr && !assoc->is_null()) {
    const bool whole = assoc->kind == Value::Kind::kNumber && std::trunc(assoc->number) == assoc->number &&
                       std::fabs(assoc->number) <= static_cast<double>(kVarUintMax);
    if (!whole) return fail(Code::kInvalid, "the assoc of a relative position is no whole number");
    position.assoc = static_cast<int64_t>(assoc->number);
  }
  return position;
}

}  // namespace symphony
