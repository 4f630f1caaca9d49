#include "crdt/integrate/format_value.h"

#include <algorithm>
#include <vector>

#include "crdt/integrate/format.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

// The members of an object, or the elements of an array by their index.
std::vector<Value::Member> members_of(Value&& object) {
  std::vector<Value::Member> members = std::move(object.members);
  for (size_t i = 0; i < object.elements.size(); ++i) {
    members.push_back({std::to_string(i), std::move(object.elements[i])});
  }
  std::sort(members.begin(), members.end(),
            [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
  return members;
}

bool is_primitive(const Value& value) {
  return value.kind != Value::Kind::kArray && value.kind != Value::Kind::kObject;
}

}  // namespace

bool is_same(const FormatValue& a, const FormatValue& b) {
  if (a.is_object() || b.is_object()) return a.identity != 0 && a.identity == b.identity;
  // Equal primitives may be written differently: numbers and escapes.
  return a.json == b.json || parse_json(a.json) == parse_json(b.json);
}

bool is_equal(const FormatValue& a, const FormatValue& b) {
  if (is_same(a, b)) return true;
  if (!a.is_object() || !b.is_object()) return false;
  const std::vector<Value::Member> ours = members_of(parse_json(a.json));
  const std::vector<Value::Member> theirs = members_of(parse_json(b.json));
  return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                    [](const Value::Member& x, const Value::Member& y) {
                      return x.key == y.key && is_primitive(x.value) && x.value == y.value;
                    });
}

Mark mark_of(const Store& store, const std::unordered_map<uint64_t, uint64_t>& shared, ItemIndex index) {
  const Format format = format_of(store, index);
  Mark mark{std::string(format.key), {std::string(format.value), 0}};
  if (mark.value.is_object()) {
    const Item& item = store.items[index];
    mark.value.identity = id_number({store.slot(item), item.clock});
    if (const auto other = shared.find(mark.value.identity); other != shared.end()) {
      mark.value.identity = other->second;
    }
  }
  return mark;
}

}  // namespace symphony::crdt
