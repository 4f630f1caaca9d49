// An update v1, taken apart and checked whole, without touching any document.
//
//   update    := varUint #clients, block*, delete set
//   block     := varUint #structs, varUint client, varUint clock, struct*
//   delete set:= varUint #clients, { varUint client, varUint #ranges, { varUint clock, varUint len }* }*
//
// A ParsedUpdate points into the bytes it was parsed from: those must outlive it. It is what apply, merge,
// diff and the pending store work on. Everything that could go wrong with the bytes has gone wrong here, so
// whoever holds a ParsedUpdate need not check again. Refused although Yjs takes it (no Yjs client writes such
// things): zero-length structs and deletes, a client's block twice, bytes behind the delete set, flags on GC
// and Skip, references into the client's own future, clocks past 2^32-1, JSON or `any` nested deeper than the
// limit.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "crdt/content.h"
#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony::crdt {

inline constexpr uint64_t kNoClient = ~uint64_t{0};

// Bits of a struct's info byte; the low five are the content ref.
inline constexpr uint8_t kInfoOrigin = 0x80;
inline constexpr uint8_t kInfoRightOrigin = 0x40;
inline constexpr uint8_t kInfoParentSub = 0x20;
inline constexpr uint8_t kInfoRef = 0x1f;

struct Id {
  uint64_t client = kNoClient;
  uint32_t clock = 0;

  friend bool operator==(const Id&, const Id&) = default;
};

struct ParsedStruct {
  uint64_t origin_client = kNoClient;
  uint64_t right_origin_client = kNoClient;
  uint32_t origin_clock = 0;
  uint32_t right_origin_clock = 0;
  uint32_t clock = 0;
  uint32_t len = 0;
  uint32_t parent_at = 0;  // offset of the parent info in the input; only without origins
  uint32_t content_at =
      0;  // kString: the text; kJson, kAny: the elements; others: the payload as on the wire
  uint32_t content_bytes = 0;
  uint8_t info = 0;
  bool ascii = false;  // kString: one byte is one UTF-16 unit

  uint8_t ref() const { return info & kInfoRef; }
  bool has_origin() const { return origin_client != kNoClient; }
  bool has_right_origin() const { return right_origin_client != kNoClient; }
  bool has_parent() const { return ref() != kGc && ref() != kSkip && !has_origin() && !has_right_origin(); }
  uint32_t end() const { return clock + len; }
};

// The parent info of a struct without origins.
struct ParsedParent {
  bool is_root = false;
  std::string_view root;  // is_root: the name of the root type
  Id item;                // otherwise: the item that holds the type
  bool has_sub = false;   // an entry of a map rather than an element of a list
  std::string_view sub;
};

struct ParsedBlock {
  uint64_t client = 0;
  uint32_t first = 0;  // index into ParsedUpdate::structs
  uint32_t count = 0;
};

struct DeleteRange {
  uint64_t client = 0;
  uint32_t clock = 0;
  uint32_t len = 0;

  uint32_t end() const { return clock + len; }
};

struct ParsedUpdate {
  Bytes input;
  std::vector<ParsedBlock> blocks;  // descending by client, each client once
  std::vector<ParsedStruct> structs;
  std::vector<DeleteRange> deletes;  // as on the wire

  Bytes content(const ParsedStruct& s) const { return input.subspan(s.content_at, s.content_bytes); }
  ParsedParent parent(const ParsedStruct& s) const;
};

// For updates that a document holds or wrote itself: what is in them was within the limits when it came.
DocLimits no_limits();

// Fills `out` (reusing its memory). An error says what is wrong and at which byte. Cost: one pass.
Result<void> parse_update(Bytes input, const DocLimits& limits, ParsedUpdate& out);

// Client and clock pairs of an encoded state vector. kInvalid if it is malformed.
Result<std::vector<Id>> parse_state_vector(Bytes input);

}  // namespace symphony::crdt
