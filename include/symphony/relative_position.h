// Places in a text or list that stay where they were meant while others edit (Yjs: RelativePosition).
//
//   RelativePosition cursor = *create_relative_position(text, 10);
//   ...                                                   // edits, here or by peers
//   AbsolutePosition now = *create_absolute_position(doc, cursor);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "symphony/shared_types.h"

namespace symphony {

// The id of an operation: a client and its clock.
struct ItemId {
  uint64_t client = 0;
  uint32_t clock = 0;

  friend bool operator==(const ItemId&, const ItemId&) = default;
};

// One of `item`, `type` and `type_name` says where: an element, or the end (assoc < 0: the beginning) of a
// nested or of a root type. Equality is Y.compareRelativePositions.
struct RelativePosition {
  std::optional<ItemId> type;
  std::optional<std::string> type_name;
  std::optional<ItemId> item;
  int64_t assoc = 0;  // < 0: belongs to the element before; else to the one behind

  friend bool operator==(const RelativePosition&, const RelativePosition&) = default;
};

struct AbsolutePosition {
  SharedType type;
  uint32_t index = 0;
  int64_t assoc = 0;
};

// Y.createRelativePositionFromTypeIndex. An index beyond the end means the end. kNotFound if the type is
// gone. Logarithmic.
Result<RelativePosition> create_relative_position(const SharedType& type, uint32_t index, int64_t assoc = 0);

// Y.createAbsolutePositionFromRelativePosition. kNotFound if the document does not know the place (yet) or
// has collected it. `follow_undone_deletions`: what an UndoManager of this document brought back counts as
// the same. Logarithmic. Does not change the document, but for making a root that it names.
Result<AbsolutePosition> create_absolute_position(Doc& doc, const RelativePosition& position,
                                                  bool follow_undone_deletions = true);

// Y.encodeRelativePosition. kInvalid if the position names no place, or a root by half a surrogate pair (JSON
// can).
Result<Buffer> encode_relative_position(const RelativePosition& position);
// Y.decodeRelativePosition. kInvalid if the bytes are malformed.
Result<RelativePosition> decode_relative_position(Bytes bytes);

// JSON.stringify(Y.relativePositionToJSON(position)).
std::string relative_position_to_json(const RelativePosition& position);
// Y.createRelativePositionFromJSON(JSON.parse(json)). kInvalid if it is not one.
Result<RelativePosition> relative_position_from_json(std::string_view json);

}  // namespace symphony
