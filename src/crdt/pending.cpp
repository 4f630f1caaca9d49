#include "crdt/pending.h"

#include <algorithm>

namespace symphony::crdt {

void add_missing(std::vector<Id>& missing, Id id) {
  const auto same =
      std::find_if(missing.begin(), missing.end(), [&](const Id& m) { return m.client == id.client; });
  if (same == missing.end()) {
    missing.push_back(id);
  } else {
    same->clock = std::min(same->clock, id.clock);
  }
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
