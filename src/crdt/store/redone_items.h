// Which items stand for deleted ones.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crdt/store/copied_ptr.h"
#include "crdt/store/item.h"

namespace symphony::crdt {

// What an UndoManager brought back, by the item that was deleted (item.redone: the first id of its
// successor). Hardly any document has it: until then it is one word.
class RedoneItems {
 public:
  bool empty() const { return all_ == nullptr; }
  size_t size() const { return empty() ? 0 : all_->size(); }
  const SlotId* find(ItemIndex item) const {
    if (empty()) return nullptr;
    const auto found = all_->find(item);
    return found == all_->end() ? nullptr : &found->second;
  }
  bool contains(ItemIndex item) const { return find(item) != nullptr; }
  void set(ItemIndex item, SlotId successor) {
    if (empty()) all_ = std::make_unique<Map>();
    (*all_)[item] = successor;
  }
  void erase(ItemIndex item) {
    if (!empty()) all_->erase(item);
  }
  // Items have other numbers from now on: moved[item], kNil if it is gone.
  void renumber(const std::vector<ItemIndex>& moved) {
    if (empty()) return;
    Map renumbered;
    for (const auto& [item, successor] : *all_) {
      if (moved[item] != kNil) renumbered.emplace(moved[item], successor);
    }
    *all_ = std::move(renumbered);
  }

 private:
  using Map = std::unordered_map<ItemIndex, SlotId>;
  CopiedPtr<Map> all_;
};

}  // namespace symphony::crdt
