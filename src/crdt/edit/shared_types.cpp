// Any type, Array and Map: symphony/shared_types.h.
#include "symphony/shared_types.h"

#include <algorithm>

#include "crdt/doc/read.h"
#include "crdt/edit/edit_checks.h"
#include "crdt/edit/list_edit.h"

namespace symphony {

using namespace crdt;

// --- any type

bool SharedType::exists() const { return Handles::resolve(*this) != kNil; }

TypeKind SharedType::kind() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? TypeKind::kMap : kind_of(doc_->store, type);
}

std::optional<SharedType> SharedType::parent() const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil || owner_slot_ == kNil) return std::nullopt;
  const Store& store = doc_->store;
  return Handles::type(*doc_, store.parent_type(store.items[store.types[type].owner]));
}

std::string SharedType::name() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? std::string() : std::string(doc_->store.text(doc_->store.types[type].name));
}

std::string SharedType::to_json() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? "null" : json_of(doc_->store, type, kind_of(doc_->store, type));
}

Subscription SharedType::observe(std::function<void(const Event&)> observer) const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return {};
  TypeListeners& listeners = doc_->make_local().types[type];
  const SlotId owner{owner_slot_, owner_clock_};
  if (!(listeners.owner == owner)) listeners = {owner, {}, {}};
  return listeners.direct.add(std::move(observer));
}

Subscription SharedType::observe_deep(std::function<void(std::span<const Event>)> observer) const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return {};
  TypeListeners& listeners = doc_->make_local().types[type];
  const SlotId owner{owner_slot_, owner_clock_};
  if (!(listeners.owner == owner)) listeners = {owner, {}, {}};
  return listeners.deep.add(std::move(observer));
}

uint32_t SharedType::list_length() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? 0 : doc_->store.types[type].length;
}

Result<SharedType> SharedType::insert_new(uint32_t index, TypeKind kind, std::string_view name) const {
  const auto type = begin_list_edit(*this, name.size() + 16, 1, index);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(name); !ok) return tl::unexpected(std::move(ok.error()));
  return edit(*doc_, [&](Edit& context) {
    const ItemIndex left = left_of_index(context, *type, index);
    const ItemIndex right = context.right_of(*type, left);
    return made(*doc_, insert_item(context, *type, left, right, new_type(context.scratch, kind, name)));
  });
}

Result<SharedType> SharedType::set_new(std::string_view key, TypeKind kind, std::string_view name) const {
  const auto type = begin_edit(*this, key.size() + name.size() + 32, 1);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(key); !ok) return tl::unexpected(std::move(ok.error()));
  if (auto ok = check_key(name); !ok) return tl::unexpected(std::move(ok.error()));
  return edit(*doc_, [&](Edit& context) {
    return made(*doc_, set_key(context, *type, key, new_type(context.scratch, kind, name)));
  });
}

Result<void> SharedType::set_value(std::string_view key, const Value& value) const {
  const auto type = begin_edit(*this, key.size() + bytes_of(value) + 16, 1);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(key); !ok) return ok;
  if (auto ok = check_value(value, doc_->options.limits.any_depth_max); !ok) return ok;
  edit(*doc_, [&](Edit& context) { set_key(context, *type, key, value); });
  return {};
}

Result<void> SharedType::remove_key(std::string_view key) const {
  const auto type = begin_edit(*this, 0, 0);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_, [&](Edit& context) { crdt::remove_key(context, *type, key); });
  return {};
}

std::optional<Content> SharedType::get_key(std::string_view key) const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return std::nullopt;
  const Store& store = doc_->store;
  const EntryIndex entry = store.find_entry(type, key);
  if (entry == kNil || store.entries[entry].last == kNil) return std::nullopt;
  const Item& item = store.items[store.entries[entry].last];
  if (item.deleted) return std::nullopt;
  return Handles::content(*doc_, store.entries[entry].last, item.len() - 1);
}

std::vector<std::pair<std::string, Content>> SharedType::all_keys() const {
  std::vector<std::pair<std::string, Content>> all;
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return all;
  const Store& store = doc_->store;
  for (EntryIndex at = store.types[type].first_entry; at != kNil; at = store.entries[at].next) {
    const ItemIndex last = store.entries[at].last;
    if (last == kNil || store.items[last].deleted) continue;
    all.emplace_back(std::string(store.text(store.entries[at].key)),
                     Handles::content(*doc_, last, store.items[last].len() - 1));
  }
  return all;
}

Result<void> SharedType::remove_range(uint32_t index, uint32_t length) const {
  if (length == 0) return {};
  const auto type = begin_list_edit(*this, 0, 0, uint64_t{index} + length);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_, [&](Edit& context) { remove_elements(context, *type, index, length); });
  return {};
}

std::optional<Content> SharedType::get_at(uint32_t index) const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil || index >= doc_->store.types[type].length) return std::nullopt;
  Store& store = doc_->store;
  if (store.positions == nullptr) store.positions = std::make_unique<PositionIndex>(store);
  store.positions->ensure(type);
  const PositionIndex::Place place = store.positions->find(type, index);
  return Handles::content(*doc_, place.item, place.offset);
}

std::vector<Content> SharedType::slice_of(int64_t start, int64_t end) const {
  std::vector<Content> out;
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return out;
  const Store& store = doc_->store;
  const int64_t length = store.types[type].length;
  if (start < 0) start += length;
  if (end < 0) end += length;
  int64_t index = 0;
  std::vector<Content> held;
  for (ItemIndex at = store.types[type].start; at != kNil && index < end; at = store.items[at].right) {
    const Item& item = store.items[at];
    if (item.deleted || !item.countable()) continue;
    if (index + item.len() > start) {
      held.clear();
      Handles::append_contents(*doc_, at, held);
      for (size_t i = 0; i < held.size(); ++i) {
        const int64_t here = index + static_cast<int64_t>(i);
        if (here >= start && here < end) out.push_back(std::move(held[i]));
      }
    }
    index += item.len();
  }
  return out;
}

std::optional<SharedType> SharedType::sibling(bool next) const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil || owner_slot_ == kNil) return std::nullopt;
  const Store& store = doc_->store;
  ItemIndex at = store.types[type].owner;
  do {
    at = next ? store.items[at].right : store.items[at].left;
  } while (at != kNil && store.items[at].deleted);
  if (at == kNil || store.items[at].ref != kType) return std::nullopt;
  return made(*doc_, at);
}

// --- Array

Result<void> Array::insert(uint32_t index, std::initializer_list<Value> values) const {
  return insert(index, std::span(values.begin(), values.size()));
}

Result<void> Array::push(std::initializer_list<Value> values) const {
  return push(std::span(values.begin(), values.size()));
}

namespace {

Result<size_t> check_elements(const Doc::Impl& doc, std::span<const Value> values) {
  constexpr size_t kNumberBytesMax = 9;
  size_t bytes = 16;
  for (const Value& value : values) {
    if (value.kind == Value::Kind::kNumber) {  // any will do
      bytes += kNumberBytesMax;
      continue;
    }
    if (value.is_undefined()) return fail(Code::kInvalid, "a list cannot hold undefined");
    if (value.kind == Value::Kind::kBigInt) return fail(Code::kInvalid, "a list cannot hold a bigint");
    if (auto ok = check_value(value, doc.options.limits.any_depth_max); !ok) {
      return tl::unexpected(std::move(ok.error()));
    }
    bytes += bytes_of(value);
  }
  return bytes;
}

}  // namespace

Result<void> Array::insert(uint32_t index, std::span<const Value> values) const {
  if (!exists()) return gone();
  const auto bytes = check_elements(*doc_, values);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto type = begin_list_edit(*this, *bytes, values.size(), index);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_,
       [&](Edit& context) { insert_values(context, *type, left_of_index(context, *type, index), values); });
  return {};
}

Result<void> Array::push(std::span<const Value> values) const {
  if (!exists()) return gone();
  const auto bytes = check_elements(*doc_, values);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto type = begin_list_edit(*this, *bytes, values.size(), 0);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_, [&](Edit& context) { insert_values(context, *type, context.positions().last(*type), values); });
  return {};
}

// --- Map

Result<void> Map::clear() const {
  const auto type = begin_edit(*this, 0, 0);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_, [&](Edit& context) {
    const Store& store = context.store;
    for (EntryIndex at = store.types[*type].first_entry; at != kNil; at = store.entries[at].next) {
      const ItemIndex last = store.entries[at].last;
      if (last != kNil && !store.items[last].deleted) context.transaction.delete_item(last);
    }
  });
  return {};
}

bool Map::has(std::string_view key) const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return false;
  const EntryIndex entry = doc_->store.find_entry(type, key);
  if (entry == kNil) return false;
  const ItemIndex last = doc_->store.entries[entry].last;
  return last != kNil && !doc_->store.items[last].deleted;
}

uint32_t Map::size() const {
  const TypeIndex type = Handles::resolve(*this);
  uint32_t size = 0;
  if (type == kNil) return size;
  const Store& store = doc_->store;
  for (EntryIndex at = store.types[type].first_entry; at != kNil; at = store.entries[at].next) {
    const ItemIndex last = store.entries[at].last;
    size += last != kNil && !store.items[last].deleted;
  }
  return size;
}

}  // namespace symphony
