// The delta of a text event (YText.js: YTextEvent.delta).
#include <algorithm>

#include "crdt/edit/event_state.h"
#include "crdt/edit/handles.h"
#include "crdt/edit/text_edit.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

class TextDelta {
 public:
  TextDelta(Doc::Impl& doc, const Transaction& changes, Transaction& cleanup)
      : doc_(doc), store_(doc.store), changes_(changes), cleanup_(cleanup) {}

  std::vector<DeltaOp> walk(TypeIndex text) {
    for (ItemIndex at = store_.types[text].start; at != kNil; at = store_.items[at].right) {
      const Item& item = store_.items[at];
      if (item.ref == kFormat) {
        mark(at);
      } else if (item.ref == kString || item.ref == kEmbed || item.ref == kType || item.ref == kDeleted) {
        content(at, item);
      }
    }
    finish_op();
    while (!delta_.empty() && delta_.back().kind == DeltaOp::Kind::kRetain &&
           delta_.back().attributes.empty()) {
      delta_.pop_back();
    }
    return std::move(delta_);
  }

 private:
  bool adds(const Item& item) const { return changes_.adds(store_.slot(item), item.clock); }
  bool deletes(const Item& item) const {
    return item.deleted && changes_.deletes(store_.slot(item), item.clock);
  }

  void begin_op(DeltaOp::Kind kind) {
    if (op_ && op_->kind == kind) return;
    finish_op();
    op_.emplace().kind = kind;
  }

  void finish_op() {
    if (!op_) return;
    DeltaOp op = std::move(*op_);
    op_.reset();
    if (op.kind == DeltaOp::Kind::kInsert) {
      if (op.insert.empty()) op.insert.emplace_back(Value(std::move(text_)));
      text_.clear();
      for (const auto& [key, value] : current_) add_attribute(op, key, value);
    } else if (op.kind == DeltaOp::Kind::kRetain) {
      for (const auto& [key, value] : changed_) add_attribute(op, key, value);
    }
    delta_.push_back(std::move(op));
  }

  static void add_attribute(DeltaOp& op, const std::string& key, const FormatValue& value) {
    Value ordered;
    ordered.kind = Value::Kind::kObject;
    ordered.members = std::move(op.attributes);
    ordered.set(key, parse_json(value.json));
    op.attributes = std::move(ordered.members);
  }

  void content(ItemIndex at, const Item& item) {
    if (adds(item)) {
      if (item.deleted) return;
      const bool is_text = item.ref == kString;
      if (!is_text) finish_op();
      begin_op(DeltaOp::Kind::kInsert);
      if (is_text) {
        const Bytes bytes = store_.content(item);
        text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      } else {
        op_->insert.push_back(Handles::content(doc_, at, 0));
        finish_op();
      }
    } else if (deletes(item)) {
      begin_op(DeltaOp::Kind::kDelete);
      op_->length += item.len();
    } else if (!item.deleted) {
      begin_op(DeltaOp::Kind::kRetain);
      op_->length += item.len();
    }
  }

  void finish_retain() {
    if (op_ && op_->kind == DeltaOp::Kind::kRetain) finish_op();
  }

  static FormatValue or_null(const FormatValue* value) { return value == nullptr ? kNullFormat : *value; }

  void mark(ItemIndex at) {
    const auto [key, value] = mark_of(store_, doc_.local->format_values, at);
    const Item& item = store_.items[at];
    const FormatValue current = or_null(current_.get(key));
    if (adds(item)) {
      if (!item.deleted) {
        if (!is_equal(current, value)) {
          finish_retain();
          if (is_equal(value, or_null(old_.get(key)))) {
            changed_.erase(key);
          } else {
            changed_.set_property(key, value);
          }
        } else if (!value.is_null()) {
          cleanup_.delete_item(at);
        }
      }
    } else if (deletes(item)) {
      old_.set(key, value);
      if (!is_equal(current, value)) {
        finish_retain();
        changed_.set_property(key, current);
      }
    } else if (!item.deleted) {
      old_.set(key, value);
      if (const FormatValue* found = changed_.get(key)) {
        const FormatValue wanted = *found;
        if (!is_equal(wanted, value)) {
          finish_retain();
          if (value.is_null()) {
            changed_.erase(key);
          } else {
            changed_.set_property(key, value);
          }
        } else if (!wanted.is_null()) {
          cleanup_.delete_item(at);
        }
      }
    }
    if (store_.items[at].deleted) return;
    if (op_ && op_->kind == DeltaOp::Kind::kInsert) finish_op();
    current_.update(key, value);
  }

  Doc::Impl& doc_;
  Store& store_;
  const Transaction& changes_;
  Transaction& cleanup_;
  std::vector<DeltaOp> delta_;
  std::optional<DeltaOp> op_;
  std::string text_;  // of an insertion
  Formats current_;   // what holds here now
  Formats old_;       // what held here before
  Formats changed_;   // what a retain changes
};

}  // namespace

std::vector<DeltaOp> text_delta(Doc::Impl& doc, const Transaction& changes, TypeIndex text) {
  const auto [running, joined] = doc.begin(true, 0);
  std::vector<DeltaOp> delta = TextDelta(doc, changes, running.transaction).walk(text);
  if (!joined) doc.end();
  return delta;
}

}  // namespace symphony::crdt
