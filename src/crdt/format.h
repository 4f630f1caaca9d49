// Formatting marks and the attributes that hold at a place in a text.
#pragma once

#include <string_view>
#include <vector>

#include "base/varint.h"
#include "crdt/store.h"

namespace symphony::crdt {

struct Format {
  std::string_view key;
  std::string_view value;  // JSON text

  bool is_null() const { return value == "null"; }
};

inline Format format_of(const Store& store, ItemIndex mark) {
  Reader in(store.content(store.items[mark]));
  Format format;
  format.key = in.read_var_string();
  format.value = in.read_var_string();
  return format;
}

// CurrentAttributes in the order in which a JavaScript Map would list them.
class CurrentAttributes {
 public:
  const Format* get(std::string_view key) const {
    for (const Format& format : all_) {
      if (format.key == key) return &format;
    }
    return nullptr;
  }

  void set(const Format& format) {
    for (Format& old : all_) {
      if (old.key == format.key) {
        old = format;
        return;
      }
    }
    all_.push_back(format);
  }

  void erase(std::string_view key) {
    std::erase_if(all_, [&](const Format& format) { return format.key == key; });
  }

  // A mark was passed: null ends an attribute (YText.js: updateCurrentAttributes).
  void update(const Format& format) {
    if (format.is_null()) {
      erase(format.key);
    } else {
      set(format);
    }
  }

  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  bool empty() const { return all_.empty(); }

 private:
  std::vector<Format> all_;
};

}  // namespace symphony::crdt
