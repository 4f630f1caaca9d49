// The records a document is made of. They live in arrays and name each other by 32-bit index (kNil: none).
//
// Item: a run of consecutive clocks of one client that was inserted together and shares one fate.
//
//   list of a type:   Type.start -> item <-> item <-> item -> kNil          (left, right)
//   entry of a map:                 item <-> item <-> item <- Entry.last    (the rightmost is the value)
//
// A GC struct is an Item with ref kGc: it has a client (its lineage), a clock and a length, and nothing else.
#pragma once

#include <cstdint>
#include <cstring>

#include "crdt/store/dense_index.h"
#include "crdt/wire/content.h"
#include "symphony/doc.h"

namespace symphony::crdt {

using Slot = uint32_t;        // of a client in Store::clients
using ItemIndex = uint32_t;   // in Store::items
using TypeIndex = uint32_t;   // in Store::types
using EntryIndex = uint32_t;  // in Store::entries

inline constexpr uint32_t kLineagesMax = 1u << 24;
inline constexpr uint32_t kLineageMask = kLineagesMax - 1;
inline constexpr uint32_t kInlineMax = 7;

// Bytes in the content arena.
struct Span {
  uint32_t at = 0;
  uint32_t bytes : 31;
  uint32_t roomy : 1;  // the room here is the next power of two: appending up to there does not move it

  Span() : bytes(0), roomy(0) {}
  Span(size_t where, size_t size, bool has_room = false)
      : at(static_cast<uint32_t>(where)), bytes(size & 0x7fffffff), roomy(has_room) {}

  size_t end() const { return size_t{at} + bytes; }
};

// Where an item's content is. In the ASCII forms every UTF-16 unit is one byte: the length is the byte
// length.
enum ContentForm : uint32_t {
  kListed = 0,      // Item::content is an index into Store::spans: all but ASCII text
  kAscii = 1,       // its offset in the arena
  kAsciiRoomy = 2,  // the same, with Span::roomy
  kInline = 3,      // in the item itself, up to kInlineMax bytes
};

// Whose an item is, where it belongs and whom it was put between: the part of an item that most neighbours
// have in common. Equal ones are kept once (Store::lineage).
struct Lineage {
  Slot slot = kNil;
  Slot origin_slot = kNil;        // kNil: no origin
  Slot right_origin_slot = kNil;  // kNil: no right origin
  uint32_t place = 0;             // parent << 1 | in_map: one word, so that it is written and read as one

  bool in_map() const { return (place & 1) != 0; }
  uint32_t parent() const { return place >> 1; }  // TypeIndex, or EntryIndex if in_map
  void set_parent(uint32_t index, bool is_entry) { place = index << 1 | (is_entry ? 1 : 0); }

  friend bool operator==(const Lineage&, const Lineage&) = default;
};

// An id in the document's own terms; slot kNil: none.
struct SlotId {
  Slot slot = kNil;
  uint32_t clock = 0;

  friend bool operator==(const SlotId&, const SlotId&) = default;
};

// A range of clocks, in the document's own terms.
struct SlotRange {
  Slot slot = kNil;
  uint32_t clock = 0;
  uint32_t len = 0;

  uint32_t end() const { return clock + len; }
};

struct Item {
  uint32_t clock = 0;
  uint32_t len_word = 0;    // the length; of kInline: in its lowest byte, and the text follows
  uint32_t content = kNil;  // see ContentForm; kType: TypeIndex; kDeleted, kGc: unused
  ItemIndex left = kNil;
  ItemIndex right = kNil;
  uint32_t origin_clock = 0;        // meaningful if the lineage has an origin
  uint32_t right_origin_clock = 0;  // and a right origin
  uint32_t lineage : 24;
  uint32_t ref : 4;
  uint32_t deleted : 1;
  uint32_t kept : 1;  // an UndoManager may bring it back: it is not collected (Yjs: keep)
  uint32_t form : 2;  // ContentForm

  Item() : lineage(0), ref(kGc), deleted(0), kept(0), form(kListed) {}

  uint32_t len() const { return form == kInline ? len_word & 0xff : len_word; }
  void set_len(uint32_t len) { len_word = form == kInline ? (len_word & ~0xffu) | len : len; }
  uint32_t end() const { return clock + len(); }
  bool is_gc() const { return ref == kGc; }
  bool countable() const { return is_countable(static_cast<uint8_t>(ref)); }
  bool is_ascii() const { return form != kListed; }
  bool has_content() const { return ref != kDeleted && ref != kGc && ref != kType; }

  // Of kInline.
  Bytes inline_text() const { return {reinterpret_cast<const uint8_t*>(this) + kInlineAt, len()}; }
  // A text of 1 to kInlineMax bytes; it may be the item's own. Sets the length, too.
  void set_inline_text(Bytes text) {
    form = kInline;
    set_words(word_of(text) << 8 | text.size());
  }
  // Puts as much as still fits behind it; the length is the caller's to raise.
  void append_inline_text(Bytes more) {
    const uint64_t words = uint64_t{content} << 32 | len_word;
    const uint32_t bits = (1 + len()) * 8;
    set_words((words & ((uint64_t{1} << bits) - 1)) | word_of(more) << bits);
  }
  // Forgets where the content is; the length stays.
  void clear_content() {
    len_word = len();
    content = kNil;
    form = kListed;
  }

 private:
  static constexpr size_t kInlineAt = 5;  // behind clock and the lowest byte of len_word

  void set_words(uint64_t words) {
    len_word = static_cast<uint32_t>(words);
    content = static_cast<uint32_t>(words >> 32);
  }

  // Up to seven bytes as a little-endian number, without a loop: reads that overlap find the same.
  static uint64_t word_of(Bytes text) {
    const size_t size = text.size();
    if (size < 4) {
      const auto at = [&](size_t i) { return uint64_t{text[i]} << i * 8; };
      return at(0) | at(size / 2) | at(size - 1);
    }
    uint32_t first;
    uint32_t last;
    std::memcpy(&first, text.data(), sizeof(first));
    std::memcpy(&last, text.data() + size - sizeof(last), sizeof(last));
    return first | uint64_t{last} << (size - sizeof(last)) * 8;
  }
};
static_assert(sizeof(Item) == 32);

// A shared type: a root, or what an item of ref kType holds.
struct Type {
  ItemIndex owner = kNil;         // the item that holds it; kNil: a root
  ItemIndex start = kNil;         // first item of its list
  uint32_t length = 0;            // UTF-16 units and elements of undeleted countable list items
  EntryIndex first_entry = kNil;  // its map, in the order in which keys first appeared
  EntryIndex last_entry = kNil;
  uint32_t entries = 0;
  Span name;             // the root's name, or the node or hook name
  uint8_t type_ref = 0;  // Yjs type ref on the wire; of a root what it was asked for as, or kTypeRefNone
  bool has_formatting = false;  // a format mark was ever integrated (YText._hasFormatting)
};

// One key of a type's map.
struct Entry {
  TypeIndex type = kNil;
  ItemIndex first = kNil;  // the leftmost item
  ItemIndex last = kNil;   // the rightmost item: the value unless deleted
  EntryIndex next = kNil;  // of the same type
  Span key;
};

}  // namespace symphony::crdt
