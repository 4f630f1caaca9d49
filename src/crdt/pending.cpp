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

}  // namespace symphony::crdt
