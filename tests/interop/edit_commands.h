// Commands of engine_tool that edit a document here and tell what observers saw.
//
//   {"op":"edit_new","doc":"a","client":1,"gc":true,"roots":[["text","t"],..],"observe":true,"late":false}
//   {"op":"edit_open","doc":"a"}       asks for the roots, which "late" put off
//   {"op":"edit","doc":"a","edits":[E..],"origin":0,"one":true}      as one transaction if "one"
//   {"op":"edit_apply","doc":"a","update":B,"origin":0}              a peer's update
//   {"op":"undo","doc":"a","action":"create","scope":[PATH..],"timeout":ms,"ignore":false,"five":false}   an
//   UndoManager
//   {"op":"undo","doc":"a","action":"undo|redo|stop|clear"}
//   {"op":"relative","doc":"a","at":PATH,"index":1,"assoc":0}        makes a position and looks up all that
//   were made
//
// Every command may say what time it is ("now", in ms).
//
// Each answers {"ok":true,"updates":[B..],"state":B,"events":[..],"values":[..],"errors":[..],"broken":""}:
// what 'update' emitted, the encoded state, what observers were told (one text each) and what every root
// reads as.
//
// An edit E is {"do":..,"at":PATH,..}; a PATH is [kind, root, key or index, ..] from a root to a nested type.
// A value is JSON, with {"$":"undefined"}, {"$":"bytes","v":B}, {"$":"bigint","v":".."},
// {"$":"number","v":".."} for what JSON lacks.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "symphony/relative_position.h"
#include "symphony/shared_types.h"
#include "symphony/undo_manager.h"

namespace symphony {

namespace json = boost::json;

class EditCommands {
 public:
  bool knows(std::string_view op) const {
    return op == "edit_new" || op == "edit" || op == "edit_apply" || op == "undo" || op == "relative" ||
           op == "edit_open" || op == "edit_drop";
  }
  json::object run(std::string_view op, const std::string& name, const json::object& command);

 private:
  struct Edited;

  std::map<std::string, std::shared_ptr<Edited>> docs_;
};

}  // namespace symphony
