// The records a document is made of. They live in arrays and name each other by 32-bit index (kNil: none).
//
// Item: a run of consecutive clocks of one client that was inserted together and shares one fate.
//
//   list of a type:   Type.start -> item <-> item <-> item -> kNil          (left, right)
//   entry of a map:                 item <-> item <-> item <- Entry.last    (the rightmost is the value)
//
// A GC struct is an Item with ref kGc: it has a client, a clock and a length, and nothing else.
#pragma once

#include <cstdint>

#include "crdt/content.h"
#include "crdt/dense_index.h"
#include "symphony/doc.h"

namespace symphony::crdt {

using Slot = uint32_t;        // of a client in Store::clients
using ItemIndex = uint32_t;   // in Store::items
using TypeIndex = uint32_t;   // in Store::types
using EntryIndex = uint32_t;  // in Store::entries

inline constexpr uint32_t kSlotBits = 20;

// Bytes in the content arena.
struct Span {
  uint32_t at = 0;
  uint32_t bytes = 0;
};

struct Item {
  uint32_t clock = 0;
  uint32_t len = 0;
  ItemIndex left = kNil;
  ItemIndex right = kNil;
  Slot origin_slot = kNil;  // kNil: no origin
  uint32_t origin_clock = 0;
  Slot right_origin_slot = kNil;
  uint32_t right_origin_clock = 0;
  uint32_t parent = kNil;   // TypeIndex, or EntryIndex if map_entry
  uint32_t content = kNil;  // kString and ascii: offset of the text; kType: TypeIndex; kDeleted, kGc: unused;
                            // others: index into Store::spans
  uint32_t slot : kSlotBits;
  uint32_t ref : 4;
  uint32_t deleted : 1;
  uint32_t ascii : 1;      // kString: every UTF-16 unit is one byte, so the length is the byte length
  uint32_t map_entry : 1;  // parent is an EntryIndex
  uint32_t roomy : 1;  // the content's region is as large as the next power of two: appending may not move it

  Item() : slot(0), ref(kGc), deleted(0), ascii(0), map_entry(0), roomy(0) {}

  uint32_t end() const { return clock + len; }
  bool is_gc() const { return ref == kGc; }
  bool countable() const { return is_countable(static_cast<uint8_t>(ref)); }
};
static_assert(sizeof(Item) == 44);

// A shared type: a root, or what an item of ref kType holds.
struct Type {
  ItemIndex owner = kNil;         // the item that holds it; kNil: a root
  ItemIndex start = kNil;         // first item of its list
  uint32_t length = 0;            // UTF-16 units and elements of undeleted countable list items
  EntryIndex first_entry = kNil;  // its map, in the order in which keys first appeared
  EntryIndex last_entry = kNil;
  uint32_t entries = 0;
  Span name;                    // the root's name, or the node or hook name
  uint8_t type_ref = 0;         // Yjs type ref on the wire; meaningless for a root
  bool has_formatting = false;  // a format mark was ever integrated (YText._hasFormatting)
};

// One key of a type's map.
struct Entry {
  TypeIndex type = kNil;
  ItemIndex last = kNil;   // the rightmost item: the value unless deleted
  EntryIndex next = kNil;  // of the same type
  Span key;
};

}  // namespace symphony::crdt
