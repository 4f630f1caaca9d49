// An update v1 (struct_reader.h), taken apart and checked whole, without touching any document.
//
// A ParsedUpdate points into the bytes it was parsed from: those must outlive it. It is what apply, merge,
// diff and the pending store work on. Everything that could go wrong with the bytes has gone wrong here, so
// whoever holds a ParsedUpdate need not check again. Refused although Yjs takes it, besides what StructReader
// refuses: a client's block twice.
#pragma once

#include <cstdint>
#include <vector>

#include "crdt/wire/struct_reader.h"
#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony::crdt {

struct ParsedBlock {
  uint64_t client = 0;
  uint32_t first = 0;  // index into ParsedUpdate::structs
  uint32_t count = 0;
};

struct ParsedUpdate {
  Bytes input;
  std::vector<ParsedBlock> blocks;  // descending by client, each client once
  std::vector<ParsedStruct> structs;
  std::vector<DeleteRange> deletes;  // joined, descending by client

  Bytes content(const ParsedStruct& s) const { return input.subspan(s.content_at, s.content_bytes); }
  ParsedParent parent(const ParsedStruct& s) const { return parent_of(input, s); }
};

// For updates that a document holds or wrote itself: what is in them was within the limits when it came.
DocLimits no_limits();

// Fills `out` (reusing its memory). An error says what is wrong and at which byte. Cost: one pass.
Result<void> parse_update(Bytes input, const DocLimits& limits, ParsedUpdate& out);

// Client and clock pairs of an encoded state vector, descending by client; of equal ones the last counts.
// kInvalid if it is malformed.
Result<std::vector<Id>> parse_state_vector(Bytes input);

}  // namespace symphony::crdt
