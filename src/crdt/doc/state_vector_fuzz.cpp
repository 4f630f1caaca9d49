// Any bytes as a state vector: an error, or an update for somebody who knows exactly that, from a document as
// from its state without one.
#include "base/assert.h"
#include "crdt/wire/craft_testing.h"
#include "symphony/doc.h"
#include "symphony/update.h"

using namespace symphony;
using namespace symphony::craft;

namespace {

// No surrogate pairs: a vector that ends inside one cuts it, for good.
Doc make_document() {
  Doc doc;
  const Bits state =
      update({block(300, 0, {item(root("t"), text("0123456789")), item(after(300, 4), text("abc"))}),
              block(7, 0, {item(after(300, 9), text("\xc3\xa9\xc3\xa9")), item(root("a"), type(2))}),
              block(1, 0, {gc(3), item(key("m", "k"), any({kAnyNull, kAnyNull}))})},
             {{300, {{2, 3}}}});
  ASSERT(doc.apply_update(state).has_value());
  // Something waits, too.
  ASSERT(doc.apply_update(update({block(9, 4, {item(after(9, 3), text("late"))})})).has_value());
  return doc;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Doc doc = make_document();
  static const Buffer state = *doc.encode_state_as_update();
  const Bytes vector(data, size);
  if (vector.empty()) return 0;  // asks for everything
  const auto diff = doc.encode_state_as_update(vector);
  const auto diff_v2 = doc.encode_state_as_update_v2(vector);
  const auto cut = diff_update(state, vector);
  ASSERT(diff.has_value() == cut.has_value() && diff.has_value() == diff_v2.has_value());
  if (!diff) {
    ASSERT(diff.error().code == Code::kInvalid && !diff.error().message.empty());
    return 0;
  }
  ASSERT(*diff_v2 == *convert_update_v1_to_v2(*diff));
  // Whoever has the state learns nothing from what either says.
  for (const Buffer& one : {*diff, *cut}) {
    Doc peer;
    ASSERT(peer.apply_update(state).has_value());
    ASSERT(peer.apply_update(one).has_value());
    ASSERT(peer.encode_state_vector() == doc.encode_state_vector());
    ASSERT(*peer.encode_state_as_update() == state);
  }
  return 0;
}
