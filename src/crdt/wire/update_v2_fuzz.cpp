// Converting v2 is total, and what it gives is a v1 update that is accepted and stays itself on the way to v2
// and back. What any bytes say as v1 stays the same on its way through v2, too, once it has been there.
#include "base/assert.h"
#include "crdt/wire/update.h"
#include "crdt/wire/update_v2.h"

using namespace symphony;
using namespace symphony::crdt;

namespace {

// `v1` came out of a conversion.
void check_round_trip(const Buffer& v1, const DocLimits& limits) {
  ParsedUpdate parsed;
  ASSERT(parse_update(v1, limits, parsed).has_value());
  const auto v2 = convert_v1_to_v2(v1, limits, Infos::kAsRead);
  ASSERT(v2.has_value());
  const auto again = convert_v2_to_v1(*v2, limits);
  ASSERT(again && *again == v1);
  ASSERT(*convert_v1_to_v2(*again, limits, Infos::kAsRead) == *v2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input(data, size);
  DocLimits limits;
  limits.update_structs_max = 10000;  // for speed: a few bytes announce any number
  limits.update_bytes_max = 1 << 20;
  if (const auto v1 = convert_v2_to_v1(input, limits)) check_round_trip(*v1, limits);
  if (const auto v2 = convert_v1_to_v2(input, limits, Infos::kAsIs)) {
    const auto v1 = convert_v2_to_v1(*v2, limits);
    ASSERT(v1.has_value());
    check_round_trip(*v1, limits);
  }
  return 0;
}
