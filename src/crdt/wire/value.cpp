#include "crdt/wire/value.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/json.h"

namespace symphony::crdt {

std::vector<uint32_t> property_order(std::span<const std::string_view> keys) {
  // Small objects of plain names are the rule, and in order.
  constexpr size_t kSmall = 8;
  bool surely = keys.size() <= kSmall;
  for (size_t i = 0; surely && i < keys.size(); ++i) {
    surely = keys[i].empty() || keys[i][0] < '0' || keys[i][0] > '9';
    for (size_t k = 0; surely && k < i; ++k) surely = keys[k] != keys[i];
  }
  if (surely) return {};

  struct Place {
    uint64_t rank;  // index keys first, ascending; the others as they came
    uint32_t at;    // of the value that counts
  };
  std::vector<uint32_t> by_key(keys.size());
  std::iota(by_key.begin(), by_key.end(), 0u);
  std::stable_sort(by_key.begin(), by_key.end(), [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
  std::vector<Place> places;
  for (size_t i = 0; i < by_key.size();) {
    const uint32_t first = by_key[i];
    uint32_t last = first;
    for (; i < by_key.size() && keys[by_key[i]] == keys[first]; ++i) last = by_key[i];
    uint64_t rank;
    if (!is_index_key(keys[first], rank)) rank = (uint64_t{1} << 32) + first;
    places.push_back({rank, last});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.rank < b.rank; });
  std::vector<uint32_t> order;
  order.reserve(places.size());
  bool as_given = places.size() == keys.size();
  for (const Place& place : places) {
    as_given = as_given && place.at == order.size();
    order.push_back(place.at);
  }
  if (as_given) order.clear();
  return order;
}

bool is_index_key(std::string_view key, uint64_t& index) {
  if (key.empty() || key.size() > 10 || (key.size() > 1 && key[0] == '0')) return false;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  return error == std::errc() && end == key.data() + key.size() && index < 0xffffffffULL;
}

void order_members(std::vector<Value::Member>& members) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const Value::Member& member : members) keys.push_back(member.key);
  const std::vector<uint32_t> order = property_order(keys);
  if (order.empty()) return;
  std::vector<Value::Member> ordered;
  ordered.reserve(order.size());
  for (const uint32_t at : order) ordered.push_back(std::move(members[at]));
  members = std::move(ordered);
}

}  // namespace symphony::crdt

namespace symphony {

Value::Value() = default;
Value::Value(std::nullptr_t) : kind(Kind::kNull) {}
Value::Value(const char* string) : kind(Kind::kString), text(string) {}
Value::Value(std::string string) : kind(Kind::kString), text(std::move(string)) {}
Value::Value(std::string_view string) : kind(Kind::kString), text(string) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value Value::bigint(int64_t number) {
  Value value;
  value.kind = Kind::kBigInt;
  value.big_int = number;
  return value;
}

Value Value::bytes(Bytes bytes) {
  Value value;
  value.kind = Kind::kBytes;
  value.text.assign(bytes.begin(), bytes.end());
  return value;
}

Value Value::array(std::vector<Value> elements) {
  Value value;
  value.kind = Kind::kArray;
  value.elements = std::move(elements);
  return value;
}

Value Value::object(std::initializer_list<Member> members) {
  Value value;
  value.kind = Kind::kObject;
  for (const Member& member : members) value.set(member.key, member.value);
  return value;
}

const Value* Value::get(std::string_view key) const {
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
  return at == members.end() ? nullptr : &at->value;
}

void Value::set(std::string key, Value value) {
  for (auto& [name, old] : members) {
    if (name == key) {
      old = std::move(value);
      return;
    }
  }
  uint64_t index;
  auto at = members.end();
  if (crdt::is_index_key(key, index)) {
    at = std::find_if(members.begin(), members.end(), [&](const auto& member) {
      uint64_t other;
      return !crdt::is_index_key(member.key, other) || other > index;
    });
  }
  members.insert(at, Member{std::move(key), std::move(value)});
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.text != b.text || a.big_int != b.big_int || a.elements != b.elements)
    return false;
  if (a.kind == Value::Kind::kNumber && a.number != b.number) return false;
  if (a.members.size() != b.members.size()) return false;
  const auto by_key = [](const Value& object) {
    std::vector<const Value::Member*> members;
    members.reserve(object.members.size());
    for (const Value::Member& member : object.members) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* x, const auto* y) { return x->key < y->key; });
    return members;
  };
  const auto ours = by_key(a);
  const auto theirs = by_key(b);
  return std::equal(ours.begin(), ours.end(), theirs.begin(),
                    [](const auto* x, const auto* y) { return x->key == y->key && x->value == y->value; });
}

std::string to_json(const Value& value) {
  std::string out;
  crdt::write_json(out, value);
  return out;
}

Result<Value> from_json(std::string_view text) {
  constexpr size_t kDepthMax = 1024;
  if (!is_json(as_bytes(text), kDepthMax)) {
    return fail(Code::kInvalid, "the text is not JSON, or nests deeper than 1024");
  }
  return crdt::parse_json(text);
}

}  // namespace symphony
