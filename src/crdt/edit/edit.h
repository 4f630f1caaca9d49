// What the functions that edit a document here work on.
#pragma once

#include <unordered_map>

#include "crdt/integrate/transaction.h"
#include "crdt/store/position_index.h"
#include "crdt/store/store.h"

namespace symphony::crdt {

// A running transaction, and who edits in it.
struct Edit {
  Store& store;
  Transaction& transaction;
  Slot slot;                                              // of this document's client id
  Buffer& scratch;                                        // memory for contents being written
  std::unordered_map<uint64_t, uint64_t>& format_values;  // see FormatValue

  PositionIndex& positions() const { return *store.positions; }
  ItemIndex start(TypeIndex type) const { return store.types[type].start; }
  ItemIndex right_of(TypeIndex type, ItemIndex left) const {
    return left == kNil ? start(type) : store.items[left].right;
  }
};

// What a new item holds.
struct NewContent {
  uint8_t ref = kAny;
  uint32_t len = 1;
  Bytes bytes;
  bool ascii = false;
};

// The item that ends at `index` of a list, cut off there; kNil at the beginning. The type is indexed.
ItemIndex left_of_index(Edit& edit, TypeIndex type, uint32_t index);

// A new item behind `left`.
ItemIndex insert_item(Edit& edit, TypeIndex type, ItemIndex left, ItemIndex right, const NewContent& content);

}  // namespace symphony::crdt
