// Bringing deleted items back (Yjs: redoItem, followRedone, keepItem).
#pragma once

#include <functional>
#include <unordered_set>

#include "crdt/edit/edit.h"

namespace symphony::crdt {

struct Redone {
  ItemIndex item;
  uint32_t diff;  // of the id asked for in the item
};

// The item that stands for an id now: what was brought back for it, and again for that.
Redone follow_redone(const Store& store, SlotId id);

// Exempts an item and everything that holds it from collection, or no longer.
void keep_item(Store& store, ItemIndex item, bool keep);

// What redo_item asks of the UndoManager.
struct RedoContext {
  const std::unordered_set<ItemIndex>& to_redo;
  std::function<bool(SlotId)> is_own_change;  // undone anyway, or deleted by a change on one of the stacks
  bool ignore_remote_map_changes = false;
};

// Makes a new item with the content of a deleted one at its place; kNil if that is gone or somebody else's.
ItemIndex redo_item(Edit& edit, ItemIndex item, const RedoContext& context);

}  // namespace symphony::crdt
