#include "symphony/shared_types.h"

#include <algorithm>

#include "base/utf8.h"
#include "crdt/format.h"
#include "crdt/handles.h"
#include "crdt/list_edit.h"
#include "crdt/read.h"
#include "crdt/text_edit.h"
#include "crdt/value.h"

namespace symphony {

using namespace crdt;

namespace {

Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

tl::unexpected<Error> gone() { return fail(Code::kNotFound, "the type is not part of a document any more"); }

tl::unexpected<Error> beyond(uint64_t index, uint32_t length) {
  return fail(Code::kInvalid,
              "index " + std::to_string(index) + " is beyond the length of " + std::to_string(length));
}

// The most bytes that a value takes as content.
size_t bytes_of(const Value& value) {
  size_t bytes = 11 + value.text.size();
  for (const Value& element : value.elements) bytes += bytes_of(element);
  for (const auto& [key, member] : value.members) bytes += 5 + key.size() + bytes_of(member);
  return bytes;
}

Result<void> check_value(const Value& value, size_t depth_max) {
  if (const char* fault = fault_of(value, depth_max)) return fail(Code::kInvalid, fault);
  return {};
}

// What an edit of `handle` needs to begin; the type.
Result<TypeIndex> begin_edit(const SharedType& handle, size_t bytes, uint64_t units) {
  const TypeIndex type = Handles::resolve(handle);
  if (type == kNil) return gone();
  Doc::Impl& doc = *Handles::document(handle);
  if (auto may = doc.may_edit(bytes, units); !may) return tl::unexpected(std::move(may.error()));
  return type;
}

Result<TypeIndex> begin_list_edit(const SharedType& handle, size_t bytes, uint64_t units, uint64_t index) {
  auto type = begin_edit(handle, bytes, units);
  if (!type) return type;
  Store& store = Handles::document(handle)->store;
  if (index > store.types[*type].length) return beyond(index, store.types[*type].length);
  store.positions->ensure(*type);
  return type;
}

Result<void> check_key(std::string_view key) {
  if (!is_utf8(as_bytes(key))) return fail(Code::kInvalid, "a key is not valid UTF-8");
  return {};
}

// A text or attributes as JSON can hold them: what a mark or an embed is made of.
Result<std::string> json_of_value(const Value& value, size_t depth_max) {
  if (auto ok = check_value(value, depth_max); !ok) return tl::unexpected(std::move(ok.error()));
  if (value.is_undefined()) return fail(Code::kInvalid, "undefined is not JSON");
  if (value.kind == Value::Kind::kBigInt) return fail(Code::kInvalid, "a bigint is not JSON");
  return to_json(value);
}

Result<Formats> formats_of(const Attributes& attributes, size_t depth_max) {
  Formats formats;
  for (const auto& [key, value] : attributes) {
    if (auto ok = check_key(key); !ok) return tl::unexpected(std::move(ok.error()));
    auto json = json_of_value(value, depth_max);
    if (!json) return tl::unexpected(std::move(json.error()));
    formats.set_property(key, {std::move(*json), 0});
  }
  return formats;
}

size_t bytes_of(const Attributes& attributes) {
  size_t bytes = 0;
  for (const auto& [key, value] : attributes) bytes += 2 * (10 + key.size() + 2 * bytes_of(value));
  return bytes;
}

TypeKind kind_of(const Store& store, TypeIndex type) {
  const uint8_t ref = store.types[type].type_ref;
  return ref == kTypeRefNone ? TypeKind::kMap : static_cast<TypeKind>(ref);
}

NewContent new_type(Buffer& scratch, TypeKind kind, std::string_view name) {
  scratch.clear();
  write_type(scratch, static_cast<uint8_t>(kind),
             kind == TypeKind::kXmlElement && name.empty() ? "UNDEFINED" : name);
  return {kType, 1, scratch, false};
}

NewContent new_doc(Buffer& scratch, const SubdocOptions& options) {
  scratch.clear();
  write_bytes(scratch, options.guid);
  Value written = Value::object();
  if (!options.gc) written.set("gc", false);
  if (options.auto_load) written.set("autoLoad", true);
  if (!options.meta.is_null()) written.set("meta", options.meta);
  write_any(scratch, written);
  return {kDoc, 1, scratch, false};
}

SharedType made(Doc::Impl& doc, ItemIndex item) { return Handles::type(doc, doc.store.items[item].content); }

Result<void> check_doc(const SubdocOptions& options, size_t depth_max) {
  if (!is_utf8(as_bytes(options.guid))) return fail(Code::kInvalid, "a guid is not valid UTF-8");
  return check_value(options.meta, depth_max - 1);
}

// Notes that a new subdocument is to be loaded; its handle.
Subdoc made_doc(Doc::Impl& doc, Transaction& transaction, ItemIndex index, const SubdocOptions& options) {
  const Item& item = doc.store.items[index];
  const SlotId id{doc.store.slot(item), item.clock};
  if (options.should_load) {
    doc.local->loaded_docs.push_back(id);
    transaction.subdocs().loaded.push_back(id);
  }
  return Handles::subdoc(doc, id);
}

}  // namespace

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
  return Handles::content(*doc_, store.entries[entry].last, item.len - 1);
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
                     Handles::content(*doc_, last, store.items[last].len - 1));
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
    if (index + item.len > start) {
      held.clear();
      Handles::append_contents(*doc_, at, held);
      for (size_t i = 0; i < held.size(); ++i) {
        const int64_t here = index + static_cast<int64_t>(i);
        if (here >= start && here < end) out.push_back(std::move(held[i]));
      }
    }
    index += item.len;
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

// --- Text

Result<void> Text::insert(uint32_t index, std::string_view text) const {
  if (text.empty()) return {};
  const auto units = utf16_length(as_bytes(text));
  if (!units) return fail(Code::kInvalid, "the text is not valid UTF-8");
  const auto type = begin_list_edit(*this, text.size() + 16, *units, index);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_, [&](Edit& context) {
    TextEdit here(context, *type);
    TextPosition at = here.find(index);
    const NewContent content{kString, static_cast<uint32_t>(*units), as_bytes(text), *units == text.size()};
    here.insert(at, content, TextEdit::inherited(at));
  });
  return {};
}

Result<void> Text::insert(uint32_t index, std::string_view text, const Attributes& attributes) const {
  if (text.empty()) return {};
  const auto units = utf16_length(as_bytes(text));
  if (!units) return fail(Code::kInvalid, "the text is not valid UTF-8");
  const auto type =
      begin_list_edit(*this, text.size() + bytes_of(attributes) + 16, *units + 2 * attributes.size(), index);
  if (!type) return tl::unexpected(type.error());
  auto formats = formats_of(attributes, doc_->options.limits.any_depth_max);
  if (!formats) return tl::unexpected(std::move(formats.error()));
  edit(*doc_, [&](Edit& context) {
    TextEdit here(context, *type);
    TextPosition at = here.find(index);
    const NewContent content{kString, static_cast<uint32_t>(*units), as_bytes(text), *units == text.size()};
    here.insert(at, content, std::move(*formats));
  });
  return {};
}

Result<void> Text::insert_embed(uint32_t index, const Value& embed, const Attributes& attributes) const {
  const auto type = begin_list_edit(*this, bytes_of(embed) * 4 + bytes_of(attributes) + 16,
                                    1 + 2 * attributes.size(), index);
  if (!type) return tl::unexpected(type.error());
  const size_t depth_max = doc_->options.limits.any_depth_max;
  auto json = json_of_value(embed, depth_max);
  if (!json) return tl::unexpected(std::move(json.error()));
  auto formats = formats_of(attributes, depth_max);
  if (!formats) return tl::unexpected(std::move(formats.error()));
  edit(*doc_, [&](Edit& context) {
    TextEdit here(context, *type);
    TextPosition at = here.find(index);
    Buffer payload;
    write_bytes(payload, *json);
    here.insert(at, {kEmbed, 1, payload, false}, std::move(*formats));
  });
  return {};
}

Result<SharedType> Text::embed_new(uint32_t index, TypeKind kind, std::string_view name,
                                   const Attributes& attributes) const {
  const auto type =
      begin_list_edit(*this, name.size() + bytes_of(attributes) + 32, 1 + 2 * attributes.size(), index);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(name); !ok) return tl::unexpected(std::move(ok.error()));
  auto formats = formats_of(attributes, doc_->options.limits.any_depth_max);
  if (!formats) return tl::unexpected(std::move(formats.error()));
  return edit(*doc_, [&](Edit& context) {
    TextEdit here(context, *type);
    TextPosition at = here.find(index);
    Buffer payload;
    const NewContent content = new_type(payload, kind, name);
    return made(*doc_, here.insert(at, content, std::move(*formats)));
  });
}

Result<void> Text::remove(uint32_t index, uint32_t length) const {
  if (length == 0) return {};
  const auto type = begin_list_edit(*this, 0, 0, index);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_, [&](Edit& context) {
    TextEdit here(context, *type);
    TextPosition at = here.find(index);
    const ItemIndex left = at.left;
    here.remove(at, length);
    if (left != kNil) context.positions().remember(*type, left, index - context.store.items[left].len);
  });
  return {};
}

Result<void> Text::format(uint32_t index, uint32_t length, const Attributes& attributes) const {
  if (length == 0) return {};
  const auto type =
      begin_list_edit(*this, bytes_of(attributes) + length, length + 2 * attributes.size(), index);
  if (!type) return tl::unexpected(type.error());
  auto formats = formats_of(attributes, doc_->options.limits.any_depth_max);
  if (!formats) return tl::unexpected(std::move(formats.error()));
  edit(*doc_, [&](Edit& context) {
    TextEdit here(context, *type);
    TextPosition at = here.find(index);
    if (at.right != kNil) here.format(at, length, *formats);
  });
  return {};
}

Result<void> Text::apply_delta(std::initializer_list<DeltaOp> delta, bool sanitize) const {
  return apply_delta(std::span(delta.begin(), delta.size()), sanitize);
}

Result<void> Text::apply_delta(std::span<const DeltaOp> delta, bool sanitize) const {
  // Everything is checked before the first change.
  struct Step {
    const DeltaOp* op;
    std::string content;  // text, or an embed's payload
    uint32_t units = 0;
    Formats formats;
  };
  std::vector<Step> steps;
  size_t bytes = 16;
  uint64_t clocks = 16;
  const size_t depth_max = doc_ == nullptr ? 0 : doc_->options.limits.any_depth_max;
  for (const DeltaOp& op : delta) {
    Step& step = steps.emplace_back();
    step.op = &op;
    auto formats = formats_of(op.attributes, depth_max);
    if (!formats) return tl::unexpected(std::move(formats.error()));
    step.formats = std::move(*formats);
    bytes += bytes_of(op.attributes);
    clocks += 2 * op.attributes.size();
    if (op.kind == DeltaOp::Kind::kRetain) bytes += op.length, clocks += op.length;
    if (op.kind != DeltaOp::Kind::kInsert) continue;
    const Value* value = op.insert.size() == 1 ? std::get_if<Value>(&op.insert[0]) : nullptr;
    if (value == nullptr) {
      return fail(Code::kInvalid, "an insertion of a text's delta must be one string or embed");
    }
    if (value->is_string()) {
      step.content = value->text;
      const auto units = utf16_length(as_bytes(step.content));
      if (!units) return fail(Code::kInvalid, "the text is not valid UTF-8");
      step.units = static_cast<uint32_t>(*units);
    } else {
      auto json = json_of_value(*value, depth_max);
      if (!json) return tl::unexpected(std::move(json.error()));
      step.content = std::move(*json);
      step.units = 1;
    }
    bytes += step.content.size() + 16;
    clocks += step.units;
  }
  const auto type = begin_list_edit(*this, bytes, clocks, 0);
  if (!type) return tl::unexpected(type.error());
  edit(*doc_, [&](Edit& context) {
    TextEdit here(context, *type);
    TextPosition at = here.find(0);
    for (Step& step : steps) {
      if (step.op->kind == DeltaOp::Kind::kRetain) {
        here.format(at, step.op->length, step.formats);
      } else if (step.op->kind == DeltaOp::Kind::kDelete) {
        here.remove(at, step.op->length);
      } else if (std::get<Value>(step.op->insert[0]).is_string()) {
        // An editor's text ends with a newline that is not here.
        const bool hidden_newline =
            !sanitize && &step == &steps.back() && at.right == kNil && step.content.ends_with('\n');
        if (hidden_newline) step.content.pop_back(), --step.units;
        if (step.content.empty()) continue;
        const bool ascii = step.units == step.content.size();
        here.insert(at, {kString, step.units, as_bytes(step.content), ascii}, std::move(step.formats));
      } else {
        Buffer payload;
        write_bytes(payload, step.content);
        here.insert(at, {kEmbed, 1, payload, false}, std::move(step.formats));
      }
    }
  });
  return {};
}

std::vector<DeltaOp> Text::to_delta() const {
  std::vector<DeltaOp> delta;
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return delta;
  const Store& store = doc_->store;
  CurrentAttributes current;
  const auto insertion = [&](Content content) {
    Value attributes = Value::object();
    for (const Format& format : current) attributes.set(std::string(format.key), parse_json(format.value));
    delta.push_back(DeltaOp::inserting(std::move(content), std::move(attributes.members)));
  };
  std::string run;
  const auto flush = [&] {
    if (!run.empty()) insertion(Value(std::move(run)));
    run.clear();
  };
  for (ItemIndex at = store.types[type].start; at != kNil; at = store.items[at].right) {
    const Item& item = store.items[at];
    if (item.deleted) continue;
    if (item.ref == kString) {
      const Bytes bytes = store.content(item);
      run.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    } else if (item.ref == kFormat) {
      flush();
      current.update(format_of(store, at));
    } else if (item.ref == kType || item.ref == kEmbed) {
      flush();
      insertion(Handles::content(*doc_, at, 0));
    }
  }
  flush();
  return delta;
}

std::string Text::to_string() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? std::string() : text_of(doc_->store, type);
}

std::string XmlText::to_xml() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? std::string() : xml_of(doc_->store, type, TypeKind::kXmlText);
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
  size_t bytes = 16;
  for (const Value& value : values) {
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

Result<Subdoc> Array::insert_doc(uint32_t index, const SubdocOptions& options) const {
  const auto type = begin_list_edit(*this, options.guid.size() + bytes_of(options.meta) + 64, 1, index);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_doc(options, doc_->options.limits.any_depth_max); !ok) {
    return tl::unexpected(std::move(ok.error()));
  }
  return edit(*doc_, [&](Edit& context) {
    const ItemIndex left = left_of_index(context, *type, index);
    const ItemIndex right = context.right_of(*type, left);
    const ItemIndex item = insert_item(context, *type, left, right, new_doc(context.scratch, options));
    return made_doc(*doc_, context.transaction, item, options);
  });
}

// --- Map

Result<Subdoc> Map::set_doc(std::string_view key, const SubdocOptions& options) const {
  const auto type = begin_edit(*this, key.size() + options.guid.size() + bytes_of(options.meta) + 64, 1);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(key); !ok) return tl::unexpected(std::move(ok.error()));
  if (auto ok = check_doc(options, doc_->options.limits.any_depth_max); !ok) {
    return tl::unexpected(std::move(ok.error()));
  }
  return edit(*doc_, [&](Edit& context) {
    const ItemIndex item = set_key(context, *type, key, new_doc(context.scratch, options));
    return made_doc(*doc_, context.transaction, item, options);
  });
}

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

// --- Xml

Result<SharedType> XmlFragment::insert_new_after(const std::optional<SharedType>& node, TypeKind kind,
                                                 std::string_view name) const {
  const auto type = begin_list_edit(*this, name.size() + 16, 1, 0);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(name); !ok) return tl::unexpected(std::move(ok.error()));
  const Store& store = doc_->store;
  ItemIndex left = kNil;
  if (node) {
    const TypeIndex child = Handles::document(*node) == doc_ ? Handles::resolve(*node) : kNil;
    if (child != kNil) left = store.types[child].owner;
    if (left == kNil || store.in_map(store.items[left]) || store.parent_type(store.items[left]) != *type) {
      return fail(Code::kInvalid, "the node to insert after is no child of this one");
    }
  }
  return edit(*doc_, [&](Edit& context) {
    const ItemIndex right = context.right_of(*type, left);
    return made(*doc_, insert_item(context, *type, left, right, new_type(context.scratch, kind, name)));
  });
}

std::optional<SharedType> XmlFragment::first_child() const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return std::nullopt;
  const Store& store = doc_->store;
  ItemIndex at = store.types[type].start;
  while (at != kNil && store.items[at].deleted) at = store.items[at].right;
  if (at == kNil || store.items[at].ref != kType) return std::nullopt;
  return made(*doc_, at);
}

std::string XmlFragment::to_string() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? std::string() : xml_of(doc_->store, type, kind_of(doc_->store, type));
}

// --- subdocuments

bool Subdoc::exists() const {
  const ItemIndex item = Handles::resolve(*this);
  return item != kNil && !doc_->store.items[item].deleted;
}

Value Subdoc::options() const {
  const ItemIndex item = Handles::resolve(*this);
  if (item == kNil) return {};
  Reader in(doc_->store.content(doc_->store.items[item]));
  in.read_var_string();
  return read_any(in);
}

bool Subdoc::should_load() const {
  if (Handles::resolve(*this) == kNil) return false;
  const Value given = options();
  const auto is_true = [&](const char* key) {
    const Value* value = given.get(key);
    return value != nullptr && value->kind == Value::Kind::kTrue;
  };
  if (is_true("shouldLoad") || is_true("autoLoad")) return true;
  if (doc_->local == nullptr) return false;
  const auto& loaded = doc_->local->loaded_docs;
  return std::find(loaded.begin(), loaded.end(), SlotId{slot_, clock_}) != loaded.end();
}

Result<void> Subdoc::load() const {
  if (!exists()) return fail(Code::kNotFound, "the subdocument is not part of a document any more");
  if (should_load()) return {};
  const SlotId id{slot_, clock_};
  doc_->make_local().loaded_docs.push_back(id);
  const auto [running, joined] = doc_->begin(true, 0);
  running.transaction.subdocs().loaded.push_back(id);
  if (!joined) doc_->end();
  return {};
}

Result<void> Subdoc::destroy() const {
  if (!exists()) return fail(Code::kNotFound, "the subdocument is not part of a document any more");
  const SlotId id{slot_, clock_};
  std::erase(doc_->make_local().loaded_docs, id);
  const auto [running, joined] = doc_->begin(true, 0);
  running.transaction.subdocs().added.push_back(id);
  running.transaction.subdocs().removed.push_back(id);
  if (!joined) doc_->end();
  return {};
}

// --- deltas

DeltaOp DeltaOp::inserting(Content content, Attributes attributes) {
  DeltaOp op;
  op.kind = Kind::kInsert;
  op.insert.push_back(std::move(content));
  op.attributes = std::move(attributes);
  return op;
}

DeltaOp DeltaOp::retaining(uint32_t length, Attributes attributes) {
  DeltaOp op;
  op.kind = Kind::kRetain;
  op.length = length;
  op.attributes = std::move(attributes);
  return op;
}

DeltaOp DeltaOp::deleting(uint32_t length) {
  DeltaOp op;
  op.kind = Kind::kDelete;
  op.length = length;
  return op;
}

namespace {

std::string insertion_json(const DeltaOp& op) {
  if (!op.of_list) return op.insert.empty() ? "null" : to_json(op.insert[0]);
  std::string out = "[";
  for (const Content& content : op.insert) {
    if (out.size() > 1) out += ',';
    const std::string element = to_json(content);
    out += element.empty() ? "null" : element;
  }
  return out + ']';
}

}  // namespace

std::string to_json(std::span<const DeltaOp> delta) {
  std::string out = "[";
  for (const DeltaOp& op : delta) {
    if (out.size() > 1) out += ',';
    switch (op.kind) {
      case DeltaOp::Kind::kDelete:
        out += "{\"delete\":" + std::to_string(op.length) + '}';
        continue;
      case DeltaOp::Kind::kRetain:
        out += "{\"retain\":" + std::to_string(op.length);
        break;
      case DeltaOp::Kind::kInsert:
        out += "{\"insert\":" + insertion_json(op);
    }
    if (!op.attributes.empty()) {
      Value attributes = Value::object();
      attributes.members = op.attributes;
      out += ",\"attributes\":" + to_json(attributes);
    }
    out += '}';
  }
  return out + ']';
}

std::string to_json(const Content& content) {
  if (const auto* value = std::get_if<Value>(&content)) return to_json(*value);
  if (const auto* type = std::get_if<SharedType>(&content)) return type->to_json();
  return "{}";
}

}  // namespace symphony
