// The value of a format mark, and when Yjs takes two of them for the same.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "crdt/store/store.h"

namespace symphony::crdt {

// In Yjs a value is a JavaScript value, and an object is the same as itself only: marks made from one another
// (to close a range, to redo) share theirs. `identity` stands for the object: the id of the first mark that
// held it, 0 if it is in none yet.
struct FormatValue {
  std::string json;
  uint64_t identity = 0;

  bool is_null() const { return json == "null"; }
  bool is_object() const { return json[0] == '{' || json[0] == '['; }
};

inline const FormatValue kNullFormat{"null", 0};

// a === b.
bool is_same(const FormatValue& a, const FormatValue& b);

// YText.js: equalAttrs. The same, or objects with the same primitive members.
bool is_equal(const FormatValue& a, const FormatValue& b);

// The key and value of a mark. `shared`: marks, by id, that hold an object of another mark.
struct Mark {
  std::string key;
  FormatValue value;
};
Mark mark_of(const Store& store, const std::unordered_map<uint64_t, uint64_t>& shared, ItemIndex mark);

// An id as one number, never 0.
inline uint64_t id_number(SlotId id) { return (uint64_t{id.slot} << 32 | id.clock) + 1; }

}  // namespace symphony::crdt
