// The engine tool's command about snapshots. B is base64; R is B, or "refused: " and why.
//
//   {"op":"snapshot","doc":"a"}                                     {"ok":true,"v1":B,"v2":B}   the present
//   {"op":"snapshot","doc":"a","of":B,"v":1,"updates":[B..]}        of an encoded snapshot: written again in
//   both
//      {"ok":true,"v1":B,"v2":B,"restored":R,"contains":[..]}       formats, the state of the document
//      restored as of
//                                                                   it, and which updates (v1) it contains
#pragma once

#include <boost/json.hpp>
#include <utility>

#include "base64.h"
#include "symphony/snapshot.h"

namespace symphony {

inline boost::json::object encoded(const Snapshot& snapshot) {
  return {{"ok", true},
          {"v1", to_base64(encode_snapshot(snapshot))},
          {"v2", to_base64(encode_snapshot_v2(snapshot))}};
}

inline boost::json::object snapshot_command(const Doc& doc, const boost::json::object& command) {
  if (!command.contains("of")) return encoded(doc.snapshot());
  const Buffer bytes = from_base64(command.at("of").as_string());
  const auto snapshot = command.at("v").as_int64() == 2 ? decode_snapshot_v2(bytes) : decode_snapshot(bytes);
  if (!snapshot) return {{"ok", false}, {"code", "invalid"}, {"error", snapshot.error().message}};
  boost::json::object answer = encoded(*snapshot);
  const auto state =
      doc.restore(*snapshot).and_then([](const Doc& restored) { return restored.encode_state_as_update(); });
  answer["restored"] = state ? to_base64(*state) : "refused: " + state.error().message;
  boost::json::array contains;
  for (const auto& update : command.at("updates").as_array()) {
    const auto contained = snapshot_contains_update(*snapshot, from_base64(update.as_string()));
    contains.emplace_back(contained.has_value() && *contained);
  }
  answer["contains"] = std::move(contains);
  return answer;
}

}  // namespace symphony
