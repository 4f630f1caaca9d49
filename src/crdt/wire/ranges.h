// Ranges of clocks, gathered by owner and sorted by clock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace symphony::crdt {

// Joins neighbours that touch or overlap. `same_owner(a, b)`: they belong to one client.
template <class Range, class SameOwner>
void join_neighbours(std::vector<Range>& ranges, SameOwner same_owner) {
  size_t kept = 0;
  for (const Range& range : ranges) {
    if (kept > 0 && same_owner(ranges[kept - 1], range) && ranges[kept - 1].end() >= range.clock) {
      Range& last = ranges[kept - 1];
      last.len = std::max(last.len, range.end() - last.clock);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
}

}  // namespace symphony::crdt
