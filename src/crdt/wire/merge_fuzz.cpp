// Two accepted updates merge, and an accepted update can be cut, into something that is accepted again.
//
// Input: u16 little-endian length of the first update, the first, the second.
#include <algorithm>
#include <array>

#include "base/assert.h"
#include "crdt/wire/merge.h"
#include "crdt/wire/update.h"

using namespace symphony;
using namespace symphony::crdt;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Bytes input(data + 2, size - 2);
  const size_t length = std::min(data[0] + size_t{256} * data[1], input.size());
  const DocLimits limits;
  const std::array<Bytes, 2> both{input.first(length), input.subspan(length)};
  ParsedUpdate parsed;
  if (!parse_update(both[0], limits, parsed)) return 0;
  std::vector<Id> vector;
  for (const ParsedBlock& block : parsed.blocks) vector.push_back({block.client, block.count});
  const auto cut = diff_v1(both[0], vector, limits);
  ASSERT(cut && parse_update(*cut, limits, parsed));
  const bool valid = parse_update(both[1], limits, parsed).has_value();
  const auto merged = merge_v1(both, limits);
  ASSERT(merged.has_value() == valid);
  if (merged) ASSERT(parse_update(*merged, limits, parsed).has_value());
  return 0;
}
