#include "crdt/pending.h"

#include <algorithm>

#include "crdt/ranges.h"

namespace symphony::crdt {

void keep_lowest(std::vector<Id>& missing) {
  std::sort(missing.begin(), missing.end(), [](const Id& a, const Id& b) {
    return a.client != b.client ? a.client < b.client : a.clock < b.clock;
  });
  const auto same = [](const Id& a, const Id& b) { return a.client == b.client; };
  missing.erase(std::unique(missing.begin(), missing.end(), same), missing.end());
}

void join_ranges(std::vector<DeleteRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const DeleteRange& a, const DeleteRange& b) {
    return a.client != b.client ? a.client > b.client : a.clock < b.clock;
  });
  join_neighbours(ranges, [](const DeleteRange& a, const DeleteRange& b) { return a.client == b.client; });
}

}  // namespace symphony::crdt
