// Editing texts: Yjs's insertText, formatText, deleteText and what they are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/edit/edit.h"
#include "crdt/integrate/format_value.h"

namespace symphony::crdt {

// Keys and their values: in the order of a JavaScript Map, or of an object, whose integer-like keys come
// first.
class Formats {
 public:
  struct Mark {
    std::string key;
    FormatValue value;
  };

  bool empty() const { return all_.empty(); }
  const FormatValue* get(std::string_view key) const;
  void set(std::string_view key, const FormatValue& value);           // map.set
  void set_property(std::string_view key, const FormatValue& value);  // object[key] = value
  void erase(std::string_view key);
  // A mark was passed (updateCurrentAttributes).
  void update(std::string_view key, const FormatValue& value);

  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  std::vector<Mark> all_;
};

// Between two items of a text, with the formatting that holds there (ItemTextListPosition).
struct TextPosition {
  ItemIndex left = kNil;
  ItemIndex right = kNil;
  uint32_t index = 0;
  Formats current;
};

// One text in one transaction. The type is indexed.
class TextEdit {
 public:
  TextEdit(Edit& edit, TypeIndex type) : edit_(edit), store_(edit.store), type_(type) {}

  // The place behind element `index` - 1, which exists.
  TextPosition find(uint32_t index);

  // Inserts a text or an object with `attributes` (as an object; consumed). The new item, or the one that got
  // longer.
  ItemIndex insert(TextPosition& at, const NewContent& content, Formats attributes);
  // The attributes that make an insertion look like what is before it.
  static Formats inherited(const TextPosition& at);
  // Formats `length` elements.
  void format(TextPosition& at, uint32_t length, const Formats& attributes);
  // Deletes up to `length` elements.
  void remove(TextPosition& at, uint32_t length);

 private:
  bool live(ItemIndex item) const { return !store_.items[item].deleted; }
  bool is_mark(ItemIndex item) const { return store_.items[item].ref == kFormat; }
  void forward(TextPosition& at) const;
  void skip_deleted(TextPosition& at) const;
  void insert_mark(TextPosition& at, std::string_view key, const FormatValue& value);
  void minimize(TextPosition& at, const Formats& attributes) const;
  Formats insert_attributes(TextPosition& at, const Formats& attributes);
  void insert_negated(TextPosition& at, Formats& negated);
  void clean_gap(ItemIndex start, ItemIndex current, const Formats& start_formats, Formats& current_formats);

  Edit& edit_;
  Store& store_;
  TypeIndex type_;
};

}  // namespace symphony::crdt
