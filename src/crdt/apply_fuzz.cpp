// Any bytes as a sequence of updates: refused ones leave no trace, accepted ones leave a sound document whose
// state is itself an update that rebuilds it.
//
// Input: { u16 little-endian length, that many bytes }*; a length beyond the rest takes the rest.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/assert.h"
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
    if (const std::string broken = doc.check_invariants(); !broken.empty()) {
      std::fprintf(stderr, "%s\n", broken.c_str());
      std::abort();
    }
  }
  for (const std::string& root : doc.root_names()) {
    doc.to_delta(root);
    for (int kind = 0; kind <= static_cast<int>(TypeKind::kXmlText); ++kind)
      doc.to_json(root, static_cast<TypeKind>(kind));
  }
  Doc copy;
  const auto rebuilt = copy.apply_update(*doc.encode_state_as_update());
  ASSERT(rebuilt.has_value());
  // While something waits the two may differ, as in Yjs: it may find its place when everything comes at once,
  // or, where two writers used one client id for different things, lose it.
  if (!doc.has_pending()) ASSERT(copy.encode_state_vector() == doc.encode_state_vector());
  ASSERT(copy.check_invariants().empty());
  return 0;
}
