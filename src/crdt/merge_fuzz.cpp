// Two accepted updates merge, and an accepted update can be cut, into something that is accepted again.
//
// Input: u16 little-endian length of the first update, the first, the second.
#include <algorithm>
#include <array>

#include "base/assert.h"
#include "crdt/merge.h"

using namespace symphony;
using namespace symphony::crdt;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Bytes input(data + 2, size - 2);
  const size_t length = std::min(data[0] + size_t{256} * data[1], input.size());
  const DocLimits limits;
  std::array<ParsedUpdate, 2> both;
  if (!parse_update(input.first(length), limits, both[0])) return 0;
  std::vector<Id> vector;
  for (const ParsedBlock& block : both[0].blocks) vector.push_back({block.client, block.count});
  ParsedUpdate out;
  const Buffer cut = diff_update(both[0], vector);
  ASSERT(parse_update(cut, limits, out).has_value());
  if (!parse_update(input.subspan(length), limits, both[1])) return 0;
  const Buffer merged = merge_updates(both);
  ASSERT(parse_update(merged, limits, out).has_value());
  return 0;
}
