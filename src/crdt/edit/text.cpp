// Text and XmlText: symphony/shared_types.h.
#include <algorithm>

#include "base/utf8.h"
#include "crdt/doc/read.h"
#include "crdt/edit/edit_checks.h"
#include "crdt/edit/list_edit.h"
#include "crdt/integrate/format.h"
#include "crdt/wire/value.h"

namespace symphony {

using namespace crdt;

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
    if (left != kNil) context.positions().remember(*type, left, index - context.store.items[left].len());
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
