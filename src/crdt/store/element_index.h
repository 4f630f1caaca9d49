// Where the elements of long runs lie, so that a list that is cut to pieces is read once and not for each
// cut.
//
// A run is the content of one item of kAny or kJson, as it was when it was first cut; what was cut off it
// lies in the same bytes and is found in the same run, and what is appended makes it longer. Marks stand some
// hundred bytes apart.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "crdt/store/item.h"
#include "symphony/types.h"

namespace symphony::crdt {

class ElementIndex {
 public:
  ElementIndex() = default;
  ElementIndex(ElementIndex&&) = default;
  ElementIndex& operator=(ElementIndex&&) = default;
  // A copy of a store finds its own.
  ElementIndex(const ElementIndex& /*other*/) {}
  ElementIndex& operator=(const ElementIndex&) = delete;

  // How many bytes the first `count` elements take of those at `where` in the arena. Cost: logarithmic, but
  // for what no cut has read before, in which it is linear.
  size_t size_of(uint8_t ref, Bytes arena, Span where, uint32_t count);

  // The arena was compacted.
  void clear() { runs_ = nullptr; }

  size_t memory_bytes() const;

 private:
  static constexpr uint32_t kStep = 256;  // bytes between marks, at least

  struct Mark {
    uint32_t element;
    uint32_t at;  // in the arena; an element begins here
  };
  struct Run {
    uint32_t end = 0;
    uint32_t elements = 0;
    std::vector<Mark> marks;
  };

  const Run& run_at(uint8_t ref, Bytes arena, Span where);

  std::unique_ptr<std::map<uint32_t, Run>> runs_;  // by where they begin; they do not overlap
};

}  // namespace symphony::crdt
