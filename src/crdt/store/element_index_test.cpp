#include "crdt/store/element_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"
#include "crdt/wire/content.h"
#include "crdt/wire/craft_testing.h"

namespace symphony::crdt {
namespace {

using craft::operator+;

// Pieces of one run, cut anywhere again and again, are measured as a walk from their beginnings measures
// them.
TEST(ElementIndex, MeasuresWhatAWalkMeasures) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Prng random(seed);
    const uint8_t ref = seed % 2 == 0 ? kAny : kJson;
    craft::Bits arena(100, 0x7e);  // somebody else's
    std::vector<uint32_t> begins;
    begins.push_back(static_cast<uint32_t>(arena.size()));
    const auto append = [&](size_t elements) {
      for (size_t i = 0; i < elements; ++i) {
        const std::string text(random.below(20) == 0 ? random.below(700) : random.below(4), 'x');
        arena = std::move(arena) + (ref == kAny ? craft::Bits{119} : craft::Bits{}) + craft::string(text);
        begins.push_back(static_cast<uint32_t>(arena.size()));
      }
    };
    append(2000);
    ElementIndex index;
    // Pieces as [first element, element behind the last).
    std::vector<std::pair<size_t, size_t>> pieces{{0, 2000}};
    for (int round = 0; round < 400; ++round) {
      if (round % 40 == 39) {  // the last piece becomes longer
        append(100);
        for (auto& [first, behind] : pieces) {
          if (behind == begins.size() - 101) behind += 100;
        }
      }
      const size_t picked = random.below(pieces.size());
      const auto [first, behind] = pieces[picked];
      if (behind - first < 2) continue;
      const size_t count = 1 + random.below(behind - first - 1);
      const Span where(begins[first], begins[behind] - begins[first]);
      ASSERT_EQ(index.size_of(ref, arena, where, static_cast<uint32_t>(count)),
                begins[first + count] - begins[first]);
      pieces[picked].second = first + count;
      pieces.push_back({first + count, behind});
    }
  }
}

}  // namespace
}  // namespace symphony::crdt
