// Copies of shared types (Yjs: type.clone()), which Yjs makes before they are put anywhere and fills when
// they are.
#include <algorithm>
#include <limits>
#include <memory>

#include "crdt/edit/edit_checks.h"
#include "crdt/wire/value.h"

namespace symphony {

using namespace crdt;

namespace {

// Types nest as deep as a peer wants; deeper than this they are not copied, so that nobody can exhaust the
// stack.
constexpr int kDepthMax = 500;

struct TypeCopy;

// What stands at one place of a list, in a run of a text or under a key.
struct Piece {
  std::variant<Value, SubdocOptions, std::unique_ptr<TypeCopy>> content;
  std::string key;        // of a map or an element's attributes
  Attributes attributes;  // of a text
};

struct TypeCopy {
  TypeKind kind = TypeKind::kMap;
  std::string name;
  std::vector<Piece> list;
  std::vector<Piece> keys;
};

bool is_text(TypeKind kind) { return kind == TypeKind::kText || kind == TypeKind::kXmlText; }

SubdocOptions options_of(const Subdoc& subdoc) {
  const Value given = subdoc.options();
  const auto flag = [&](const char* key, Value::Kind kind) {
    const Value* value = given.get(key);
    return value != nullptr && value->kind == kind;
  };
  SubdocOptions options;
  options.guid = subdoc.guid();
  options.gc = !flag("gc", Value::Kind::kFalse);
  options.auto_load = flag("autoLoad", Value::Kind::kTrue);
  if (const Value* meta = given.get("meta")) options.meta = *meta;
  return options;
}

// The order in which JavaScript lists the properties of an object.
void sort_as_properties(std::vector<std::pair<std::string, Content>>& all) {
  const auto rank = [](const std::pair<std::string, Content>& one) {
    uint64_t index = 0;
    return is_index_key(one.first, index) ? index : std::numeric_limits<uint64_t>::max();
  };
  std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

// What a list of a peer may hold, but no edit may put there.
Result<void> check_element(const Content& content) {
  const Value* value = std::get_if<Value>(&content);
  if (value == nullptr || (!value->is_undefined() && value->kind != Value::Kind::kBigInt)) return {};
  return fail(Code::kInvalid, "a list with undefined or a bigint in it cannot be copied");
}

// Reads a type and all that is in it, checks that a document may hold it, and counts what it takes there.
class Copying {
 public:
  explicit Copying(size_t any_depth_max) : any_depth_max_(any_depth_max) {}

  Result<TypeCopy> read(const SharedType& type) {
    if (!type.exists()) return gone();
    if (++depth_ > kDepthMax) return fail(Code::kLimit, "the type nests too deep to be copied");
    TypeCopy copy{type.kind(), type.parent() ? type.name() : std::string(), {}, {}};
    bytes_ += copy.name.size() + 32;
    units_ += 1;
    const bool xml = XmlFragment::is_of(copy.kind);
    if (is_text(copy.kind)) {
      for (DeltaOp& op : Text(type).to_delta()) {
        if (auto ok = add(copy.list, op.insert[0], {}, std::move(op.attributes)); !ok) return refused(ok);
      }
    } else if (xml || copy.kind == TypeKind::kArray) {
      for (const Content& content : Array(type).to_array()) {
        if (auto ok = check_element(content); !ok) return refused(ok);
        if (auto ok = add(copy.list, content); !ok) return refused(ok);
      }
    }
    if (copy.kind == TypeKind::kXmlElement || Map::is_of(copy.kind)) {
      std::vector<std::pair<std::string, Content>> all = Map(type).entries();
      if (xml) sort_as_properties(all);  // element.getAttributes() makes an object of them
      for (const auto& [key, content] : all) {
        if (auto ok = add(copy.keys, content, key); !ok) return refused(ok);
      }
    }
    --depth_;
    return copy;
  }

  size_t bytes() const { return bytes_; }
  uint64_t units() const { return units_; }

 private:
  static tl::unexpected<Error> refused(const Result<void>& why) { return tl::unexpected(why.error()); }

  Result<void> add(std::vector<Piece>& pieces, const Content& content, std::string key = {},
                   Attributes attributes = {}) {
    Piece piece{Value(), std::move(key), std::move(attributes)};
    bytes_ += 48 + piece.key.size() + crdt::bytes_of(piece.attributes);
    units_ += 1 + 2 * piece.attributes.size();
    if (const auto* type = std::get_if<SharedType>(&content)) {
      auto copy = read(*type);
      if (!copy) return tl::unexpected(std::move(copy.error()));
      piece.content = std::make_unique<TypeCopy>(std::move(*copy));
    } else if (const auto* subdoc = std::get_if<Subdoc>(&content)) {
      SubdocOptions options = options_of(*subdoc);
      bytes_ += options.guid.size() + crdt::bytes_of(options.meta) + 64;
      piece.content = std::move(options);
    } else {
      const Value& value = std::get<Value>(content);
      if (auto ok = check_value(value, any_depth_max_); !ok) return ok;
      bytes_ += crdt::bytes_of(value);
      units_ += value.text.size();
      piece.content = value;
    }
    pieces.push_back(std::move(piece));
    return {};
  }

  size_t any_depth_max_;
  int depth_ = 0;
  size_t bytes_ = 0;
  uint64_t units_ = 0;
};

Result<void> fill(const SharedType& type, const TypeCopy& copy);

Result<void> fill_new(const Result<SharedType>& made, const TypeCopy& copy) {
  return made ? fill(*made, copy) : Result<void>(tl::unexpected(made.error()));
}

template <class T>
Result<void> without_value(const Result<T>& result) {
  return result ? Result<void>() : Result<void>(tl::unexpected(result.error()));
}

// One delta, as Yjs does it, but for the types in it, which Yjs's clone() tears out of the original.
Result<void> fill_text(const Text& text, const std::vector<Piece>& pieces) {
  std::vector<DeltaOp> delta;
  const auto apply = [&]() -> Result<void> {
    if (text.length() > 0) delta.insert(delta.begin(), DeltaOp::retaining(text.length()));
    auto ok = text.apply_delta(delta);
    delta.clear();
    return ok;
  };
  for (const Piece& piece : pieces) {
    if (const Value* value = std::get_if<Value>(&piece.content)) {
      delta.push_back(DeltaOp::inserting(*value, piece.attributes));
      continue;
    }
    const TypeCopy& type = *std::get<std::unique_ptr<TypeCopy>>(piece.content);
    if (auto ok = apply(); !ok) return ok;
    const auto made = Handles::embed_new(text, text.length(), type.kind, type.name, piece.attributes);
    if (auto ok = fill_new(made, type); !ok) return ok;
  }
  return delta.empty() ? Result<void>() : apply();
}

Result<void> fill_list(const Array& list, const std::vector<Piece>& pieces) {
  std::vector<Value> values;
  const auto push = [&] {
    auto ok = list.push(values);
    values.clear();
    return ok;
  };
  for (const Piece& piece : pieces) {
    if (const Value* value = std::get_if<Value>(&piece.content)) {
      values.push_back(*value);
      continue;
    }
    if (auto ok = push(); !ok) return ok;
    const uint32_t end = list.length();
    if (const auto* subdoc = std::get_if<SubdocOptions>(&piece.content)) {
      if (auto ok = without_value(list.insert_doc(end, *subdoc)); !ok) return ok;
    } else {
      const TypeCopy& type = *std::get<std::unique_ptr<TypeCopy>>(piece.content);
      if (auto ok = fill_new(Handles::insert_new(list, end, type.kind, type.name), type); !ok) return ok;
    }
  }
  return values.empty() ? Result<void>() : push();
}

Result<void> fill_key(const Map& map, const Piece& piece) {
  if (const Value* value = std::get_if<Value>(&piece.content)) return map.set(piece.key, *value);
  if (const auto* subdoc = std::get_if<SubdocOptions>(&piece.content)) {
    return without_value(map.set_doc(piece.key, *subdoc));
  }
  const TypeCopy& type = *std::get<std::unique_ptr<TypeCopy>>(piece.content);
  return fill_new(Handles::set_new(map, piece.key, type.kind, type.name), type);
}

// Puts into an empty type what was read; in Yjs's order.
Result<void> fill(const SharedType& type, const TypeCopy& copy) {
  auto ok = is_text(copy.kind) ? fill_text(Text(type), copy.list) : fill_list(Array(type), copy.list);
  for (size_t i = 0; ok && i < copy.keys.size(); ++i) ok = fill_key(Map(type), copy.keys[i]);
  return ok;
}

// Makes the type and fills it, in one transaction.
template <class Make>
Result<SharedType> make_copy(Doc::Impl& doc, const TypeCopy& copy, Make make) {
  const auto [running, joined] = doc.begin(true, 0);
  Result<SharedType> made = make();
  if (auto ok = fill_new(made, copy); !ok) made = tl::unexpected(std::move(ok.error()));
  if (!joined) doc.end();
  return made;
}

}  // namespace

Result<SharedType> SharedType::insert_copy(uint32_t index, const SharedType& type) const {
  if (!exists()) return gone();
  Copying copying(doc_->options.limits.any_depth_max);
  const auto copy = copying.read(type);
  if (!copy) return tl::unexpected(copy.error());
  if (auto ok = begin_list_edit(*this, copying.bytes(), copying.units(), index); !ok) {
    return tl::unexpected(std::move(ok.error()));
  }
  return make_copy(*doc_, *copy, [&] { return insert_new(index, copy->kind, copy->name); });
}

Result<SharedType> SharedType::set_copy(std::string_view key, const SharedType& type) const {
  if (!exists()) return gone();
  if (auto ok = check_key(key); !ok) return tl::unexpected(std::move(ok.error()));
  Copying copying(doc_->options.limits.any_depth_max);
  const auto copy = copying.read(type);
  if (!copy) return tl::unexpected(copy.error());
  if (auto ok = begin_edit(*this, copying.bytes() + key.size(), copying.units()); !ok) {
    return tl::unexpected(std::move(ok.error()));
  }
  return make_copy(*doc_, *copy, [&] { return set_new(key, copy->kind, copy->name); });
}

}  // namespace symphony
