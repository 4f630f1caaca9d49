// Formatting marks and the attributes that hold at a place in a text.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "base/varint.h"
#include "crdt/store/store.h"

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

// CurrentAttributes in the order in which a JavaScript Map would list them. Each step is logarithmic.
class CurrentAttributes {
 public:
  class Iterator {
   public:
    Iterator(const Format* at, const Format* end) : at_(at), end_(end) { skip_gaps(); }
    const Format& operator*() const { return *at_; }
    Iterator& operator++() {
      ++at_;
      skip_gaps();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    void skip_gaps() {
      while (at_ != end_ && is_gap(*at_)) ++at_;
    }
    const Format* at_;
    const Format* end_;
  };

  // A mark was passed: null ends an attribute (YText.js: updateCurrentAttributes).
  void update(const Format& format) {
    const size_t at = find(format.key);
    if (format.is_null()) {
      if (at != all_.size()) erase(at);
    } else if (at != all_.size()) {
      all_[at] = format;
    } else {
      all_.push_back(format);
      index();
    }
  }

  Iterator begin() const { return {all_.data(), all_.data() + all_.size()}; }
  Iterator end() const { return {all_.data() + all_.size(), all_.data() + all_.size()}; }
  bool empty() const { return all_.size() == gaps_; }

 private:
  static constexpr size_t kFew = 16;  // so many are searched one by one

  static bool is_gap(const Format& format) { return format.value.data() == nullptr; }

  size_t find(std::string_view key) const {
    if (all_.size() > kFew) {
      const auto known = index_.find(key);
      return known == index_.end() ? all_.size() : known->second;
    }
    size_t at = 0;
    while (at < all_.size() && (is_gap(all_[at]) || all_[at].key != key)) ++at;
    return at;
  }

  // The last one is new.
  void index() {
    if (all_.size() <= kFew) return;
    for (size_t i = index_.empty() ? 0 : all_.size() - 1; i < all_.size(); ++i) {
      if (!is_gap(all_[i])) index_[all_[i].key] = i;
    }
  }

  void erase(size_t at) {
    if (all_.size() > kFew) index_.erase(all_[at].key);
    all_[at] = {};
    if (++gaps_ * 2 < all_.size()) return;
    std::erase_if(all_, is_gap);
    gaps_ = 0;
    index_.clear();
    index();
  }

  std::vector<Format> all_;  // with gaps where one ended
  size_t gaps_ = 0;
  std::map<std::string_view, size_t> index_;  // ordered: keys are a peer's choice, and cannot make it slow
};

}  // namespace symphony::crdt
