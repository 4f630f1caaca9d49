#include "crdt/pending.h"

#include <algorithm>

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
  size_t kept = 0;
  for (const DeleteRange& range : ranges) {
    if (kept > 0 && ranges[kept - 1].client == range.client && ranges[kept - 1].end() >= range.clock) {
      DeleteRange& last = ranges[kept - 1];
      last.len = std::max(last.len, range.end() - last.clock);
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
}

}  // namespace symphony::crdt
