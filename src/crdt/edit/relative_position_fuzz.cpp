// Any bytes or JSON as a relative position: an error, or a place that is written as it was read, and that a
// document finds or does not know.
#include <string_view>

#include "base/assert.h"
#include "crdt/wire/craft_testing.h"
#include "symphony/relative_position.h"

using namespace symphony;
using namespace symphony::craft;

namespace {

Doc make_document() {
  Doc doc;
  ASSERT(doc.apply_update(update({block(1, 0,
                                        {item(root("t"), text("0123456789")), item(root("a"), type(0)),
                                         item(inside(1, 10), any({kAnyNull, kAnyNull})), gc(2)})},
                                 {{1, {{2, 3}}}}))
             .has_value());
  return doc;
}

void resolve(const RelativePosition& position) {
  static Doc doc = make_document();
  for (const bool follow : {false, true}) {
    const auto found = create_absolute_position(doc, position, follow);
    if (!found) continue;
    ASSERT(found->type.exists() || found->index == 0);
    // Back from the place to a position that leads there again.
    const auto again = create_relative_position(found->type, found->index, found->assoc);
    if (again) ASSERT(create_absolute_position(doc, *again, follow)->index == found->index);
  }
  if (doc.root_names().size() > 1000) doc = make_document();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto position = decode_relative_position({data, size})) {
    const auto written = encode_relative_position(*position);
    ASSERT(written.has_value());
    ASSERT(*decode_relative_position(*written) == *position);
    resolve(*position);
  }
  if (const auto position = relative_position_from_json({reinterpret_cast<const char*>(data), size})) {
    // The root without a name is left out of the JSON, as in Yjs.
    const bool is_said = !position->type_name || !position->type_name->empty();
    const auto again = relative_position_from_json(relative_position_to_json(*position));
    ASSERT(again && (!is_said || *again == *position));
    if (const auto written = encode_relative_position(*position)) {
      ASSERT(decode_relative_position(*written).has_value());
    }
    resolve(*position);
  }
  return 0;
}
