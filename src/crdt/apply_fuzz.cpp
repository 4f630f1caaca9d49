// Any bytes as a sequence of updates: refused ones leave no trace, accepted ones leave a sound document whose state
// is itself an update that rebuilds it.
//
// Input: { u16 little-endian length, that many bytes }*; a length beyond the rest takes the rest.
#include <algorithm>

#include "base/assert.h"
#include "crdt/update.h"
#include "symphony/doc.h"

using namespace symphony;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  DocOptions options;
  options.limits.pending_bytes_max = 1 << 16;
  Doc doc(options);
  Bytes input(data, size);
  while (input.size() > 2) {
    const size_t length = std::min(input[0] + size_t{256} * input[1], input.size() - 2);
    const Bytes update = input.subspan(2, length);
    input = input.subspan(2 + length);
    const Buffer before = *doc.encode_state_as_update();
    const auto applied = doc.apply_update(update);
    if (!applied) ASSERT(*doc.encode_state_as_update() == before);
    ASSERT(doc.check_invariants().empty());
  }
  for (const std::string& root : doc.root_names()) {
    doc.to_delta(root);
    for (int kind = 0; kind <= static_cast<int>(TypeKind::kXmlText); ++kind) doc.to_json(root, static_cast<TypeKind>(kind));
  }
  Doc copy;
  const auto rebuilt = copy.apply_update(*doc.encode_state_as_update());
  ASSERT(rebuilt.has_value());
  // At least what the document shows: what waited may find its place when everything comes at once.
  const std::vector<crdt::Id> shown = *crdt::parse_state_vector(doc.encode_state_vector());
  const std::vector<crdt::Id> again = *crdt::parse_state_vector(copy.encode_state_vector());
  for (const crdt::Id& id : shown) {
    ASSERT(std::any_of(again.begin(), again.end(),
                       [&](const crdt::Id& other) { return other.client == id.client && other.clock >= id.clock; }));
  }
  ASSERT(copy.check_invariants().empty());
  return 0;
}
