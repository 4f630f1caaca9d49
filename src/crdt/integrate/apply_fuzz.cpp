// Any updates, most of them nearly right: refused ones leave no trace, accepted ones leave a sound document
// whose state is itself an update that rebuilds it, in both formats.
//
// Input: see read_sequence.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/assert.h"
#include "crdt/wire/mutate_testing.h"
#include "crdt/wire/update.h"
#include "crdt/wire/update_v2.h"
#include "symphony/doc.h"

using namespace symphony;

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t size_max);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max, unsigned seed) {
  if (seed % 4 == 0) return LLVMFuzzerMutate(data, size, size_max);
  const craft::Bits other = craft::mutate_sequence({data, size}, size_max, seed);
  std::copy(other.begin(), other.end(), data);
  return other.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  DocOptions options;
  options.limits.pending_bytes_max = 1 << 16;
  options.gc = size % 8 != 0;
  Doc doc(options);
  for (const craft::Bits& update : craft::read_sequence({data, size})) {
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
  const Buffer state = *doc.encode_state_as_update();
  Doc copy(options);
  ASSERT(copy.apply_update(state).has_value());
  // While something waits the two may differ, as in Yjs: it may find its place when everything comes at once,
  // or, where two writers used one client id for different things, lose it.
  if (!doc.has_pending()) ASSERT(copy.encode_state_vector() == doc.encode_state_vector());
  ASSERT(copy.check_invariants().empty());

  // Written straight from the store, v2 is what v1 converts to.
  const Buffer state_v2 = *doc.encode_state_as_update_v2();
  ASSERT(state_v2 == *crdt::convert_v1_to_v2(state, crdt::no_limits(), crdt::Infos::kAsIs));
  Doc copy_v2(options);
  ASSERT(copy_v2.apply_update_v2(state_v2).has_value());
  ASSERT(copy_v2.encode_state_vector() == copy.encode_state_vector());
  ASSERT(copy_v2.check_invariants().empty());
  return 0;
}
