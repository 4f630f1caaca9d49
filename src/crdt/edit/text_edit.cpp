#include "crdt/edit/text_edit.h"

#include <algorithm>

#include "crdt/wire/value.h"

namespace symphony::crdt {

// --- formats

const FormatValue* Formats::get(std::string_view key) const {
  const auto at = std::find_if(all_.begin(), all_.end(), [&](const Mark& mark) { return mark.key == key; });
  return at == all_.end() ? nullptr : &at->value;
}

void Formats::set(std::string_view key, const FormatValue& value) {
  for (Mark& mark : all_) {
    if (mark.key == key) {
      mark.value = value;
      return;
    }
  }
  all_.push_back({std::string(key), value});
}

void Formats::set_property(std::string_view key, const FormatValue& value) {
  uint64_t index;
  if (get(key) != nullptr || !is_index_key(key, index)) return set(key, value);
  const auto behind = std::find_if(all_.begin(), all_.end(), [&](const Mark& mark) {
    uint64_t other;
    return !is_index_key(mark.key, other) || other > index;
  });
  all_.insert(behind, {std::string(key), value});
}

void Formats::erase(std::string_view key) {
  std::erase_if(all_, [&](const Mark& mark) { return mark.key == key; });
}

void Formats::update(std::string_view key, const FormatValue& value) {
  if (value.is_null()) {
    erase(key);
  } else {
    set(key, value);
  }
}

// --- positions

TextPosition TextEdit::find(uint32_t index) {
  TextPosition at;
  at.left = left_of_index(edit_, type_, index);
  at.right = edit_.right_of(type_, at.left);
  at.index = index;
  if (at.left != kNil && edit_.positions().has_marks(type_)) {
    std::vector<ItemIndex> marks;
    edit_.positions().marks_before(type_, at.left, marks);
    for (const ItemIndex item : marks) {
      const Mark mark = mark_of(store_, edit_.format_values, item);
      at.current.update(mark.key, mark.value);
    }
  }
  return at;
}

// Past the item on the right, which exists.
void TextEdit::forward(TextPosition& at) const {
  const Item& item = store_.items[at.right];
  if (!item.deleted) {
    if (item.ref == kFormat) {
      const Mark mark = mark_of(store_, edit_.format_values, at.right);
      at.current.update(mark.key, mark.value);
    } else {
      at.index += item.len();
    }
  }
  at.left = at.right;
  at.right = item.right;
}

// Past all deleted items on the right at once.
void TextEdit::skip_deleted(TextPosition& at) const {
  if (at.right == kNil || live(at.right)) return;
  at.right = edit_.positions().live_from(at.right);
  at.left = at.right != kNil ? store_.items[at.right].left : edit_.positions().last(type_);
}

// --- inserting

void TextEdit::insert_mark(TextPosition& at, std::string_view key, const FormatValue& value) {
  edit_.scratch.clear();
  write_bytes(edit_.scratch, key);
  write_bytes(edit_.scratch, value.json);
  at.right = insert_item(edit_, type_, at.left, at.right, {kFormat, 1, edit_.scratch, false});
  if (value.is_object() && value.identity != 0) {
    const Item& item = store_.items[at.right];
    edit_.format_values[id_number({store_.slot(item), item.clock})] = value.identity;
  }
  forward(at);
}

// Goes right while nothing changes there: past what is deleted and past marks that say what `attributes` say.
void TextEdit::minimize(TextPosition& at, const Formats& attributes) const {
  for (skip_deleted(at); at.right != kNil && is_mark(at.right); skip_deleted(at)) {
    const Mark mark = mark_of(store_, edit_.format_values, at.right);
    const FormatValue* wanted = attributes.get(mark.key);
    if (!is_equal(wanted == nullptr ? kNullFormat : *wanted, mark.value)) return;
    forward(at);
  }
}

// Marks for what `attributes` change; what will end them.
Formats TextEdit::insert_attributes(TextPosition& at, const Formats& attributes) {
  Formats negated;
  for (const auto& [key, value] : attributes) {
    const FormatValue* held = at.current.get(key);
    const FormatValue before = held == nullptr ? kNullFormat : *held;
    if (is_equal(before, value)) continue;
    negated.set(key, before);
    insert_mark(at, key, value);
  }
  return negated;
}

void TextEdit::insert_negated(TextPosition& at, Formats& negated) {
  // Marks that are there already need not be made.
  for (skip_deleted(at); at.right != kNil && is_mark(at.right); skip_deleted(at)) {
    const Mark mark = mark_of(store_, edit_.format_values, at.right);
    const FormatValue* wanted = negated.get(mark.key);
    if (wanted == nullptr || !is_equal(*wanted, mark.value)) break;
    negated.erase(mark.key);
    forward(at);
  }
  for (const auto& [key, value] : negated) insert_mark(at, key, value);
}

Formats TextEdit::inherited(const TextPosition& at) {
  Formats attributes;
  for (const auto& [key, value] : at.current) attributes.set_property(key, value);
  return attributes;
}

ItemIndex TextEdit::insert(TextPosition& at, const NewContent& content, Formats attributes) {
  for (const auto& [key, value] : at.current) {
    if (attributes.get(key) == nullptr) attributes.set_property(key, kNullFormat);
  }
  minimize(at, attributes);
  Formats negated = insert_attributes(at, attributes);
  ItemIndex item = at.left;
  if (content.ref == kString && at.left != kNil &&
      edit_.transaction.extend(edit_.slot, at.left, at.right, content.bytes, content.len, content.ascii)) {
    at.index += content.len;
    edit_.positions().remember(type_, item, at.index - store_.items[item].len());
  } else {
    item = at.right = insert_item(edit_, type_, at.left, at.right, content);
    edit_.positions().remember(type_, item, at.index);
    forward(at);
  }
  insert_negated(at, negated);
  return item;
}

// --- formatting

void TextEdit::format(TextPosition& at, uint32_t length, const Formats& attributes) {
  minimize(at, attributes);
  Formats negated = insert_attributes(at, attributes);
  while (at.right != kNil && (length > 0 || (!negated.empty() && (!live(at.right) || is_mark(at.right))))) {
    if (!live(at.right)) {
      skip_deleted(at);
      continue;
    }
    if (is_mark(at.right)) {
      const Mark mark = mark_of(store_, edit_.format_values, at.right);
      if (const FormatValue* wanted = attributes.get(mark.key)) {
        if (is_equal(*wanted, mark.value)) {
          negated.erase(mark.key);
        } else {
          if (length == 0) break;
          negated.set(mark.key, mark.value);
        }
        edit_.transaction.delete_item(at.right);
      } else {
        at.current.set(mark.key, mark.value);
      }
    } else {
      if (length < store_.items[at.right].len()) edit_.transaction.cut(at.right, length);
      length -= store_.items[at.right].len();
    }
    forward(at);
  }
  if (length > 0) {
    // An editor's text ends with a newline that is not here: formatting it makes it.
    const std::string newlines(length, '\n');
    const Bytes bytes = as_bytes(newlines);
    at.right = insert_item(edit_, type_, at.left, at.right, {kString, length, bytes, true});
    forward(at);
  }
  insert_negated(at, negated);
}

// --- deleting

void TextEdit::remove(TextPosition& at, uint32_t length) {
  const bool formatted = edit_.positions().has_marks(type_);
  const Formats start_formats = formatted ? at.current : Formats();
  const ItemIndex start = at.right;
  while (length > 0 && at.right != kNil) {
    const Item& item = store_.items[at.right];
    if (item.deleted) {
      skip_deleted(at);
      continue;
    }
    if (item.ref == kString || item.ref == kType || item.ref == kEmbed) {
      if (length < item.len()) edit_.transaction.cut(at.right, length);
      length -= store_.items[at.right].len();
      edit_.transaction.delete_item(at.right);
    }
    forward(at);
  }
  if (start != kNil && formatted) clean_gap(start, at.right, start_formats, at.current);
}

// YText.js: cleanupFormattingGap. Between two visible contents, marks that say nothing go.
void TextEdit::clean_gap(ItemIndex start, ItemIndex current, const Formats& start_formats,
                         Formats& current_formats) {
  std::vector<std::pair<std::string, ItemIndex>> last;  // the last mark of each key
  ItemIndex end = start;
  for (; end != kNil && (!store_.items[end].countable() || !live(end)); end = store_.items[end].right) {
    if (!live(end) || !is_mark(end)) continue;
    const Mark mark = mark_of(store_, edit_.format_values, end);
    const auto known =
        std::find_if(last.begin(), last.end(), [&](const auto& l) { return l.first == mark.key; });
    if (known != last.end()) {
      known->second = end;
    } else {
      last.emplace_back(mark.key, end);
    }
  }
  bool reached_current = false;
  for (ItemIndex at = start; at != end; at = store_.items[at].right) {
    if (at == current) reached_current = true;
    if (!live(at) || !is_mark(at)) continue;
    const auto [key, value] = mark_of(store_, edit_.format_values, at);
    const FormatValue* held = start_formats.get(key);
    const FormatValue before = held == nullptr ? kNullFormat : *held;
    const bool is_last = std::any_of(last.begin(), last.end(), [&](const auto& l) { return l.second == at; });
    if (!is_last || is_same(before, value)) {
      edit_.transaction.delete_item(at);
      const FormatValue* now = current_formats.get(key);
      if (!reached_current && is_same(now == nullptr ? kNullFormat : *now, value) &&
          !is_same(before, value)) {
        current_formats.update(key, before);
      }
    } else if (!reached_current) {
      current_formats.update(key, value);
    }
  }
}

}  // namespace symphony::crdt
