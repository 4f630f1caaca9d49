// The engine tool's commands about awareness. Updates are hex, `now` is milliseconds, and every answer holds
// the whole state after the command:
//
//   {"op":"awareness","do":"new","client":1,"now":0}                  a fresh one, replaces the last
//   {"op":"awareness","do":"set","json":"{..}","now":0}
//   {"op":"awareness","do":"field","field":"a","json":"1","now":0}
//   {"op":"awareness","do":"apply","update":H,"now":0}
//   {"op":"awareness","do":"remove","clients":[2],"now":0}
//   {"op":"awareness","do":"tick","now":0}
//      {"ok":true,"local":".." or null,"everybody":H,"said":H (the clients of the event),
//       "added":[..],"updated":[..],"removed":[..],"changed":[..]}
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/wire/hex_testing.h"
#include "symphony/awareness.h"

namespace symphony {

class AwarenessCommands {
 public:
  boost::json::object run(const boost::json::object& command) {
    const std::string_view what = text(command, "do");
    const auto now_ms = command.at("now").to_number<int64_t>();
    if (what == "new") {
      AwarenessOptions options;
      options.client_id = command.at("client").to_number<uint64_t>();
      awareness_.emplace(options, now_ms);
      return answer(AwarenessEvent{});
    }
    if (what == "set") return answer(awareness_->set_local_state(text(command, "json"), now_ms));
    if (what == "field") {
      return answer(awareness_->set_local_state_field(text(command, "field"), text(command, "json"), now_ms));
    }
    if (what == "apply") return answer(awareness_->apply_update(from_hex(text(command, "update")), now_ms));
    if (what == "remove") return answer(awareness_->remove_states(clients(command), now_ms));
    return answer(awareness_->tick(now_ms));
  }

 private:
  static std::string_view text(const boost::json::object& command, std::string_view key) {
    const boost::json::string& value = command.at({key.data(), key.size()}).as_string();
    return {value.data(), value.size()};
  }

  static std::vector<uint64_t> clients(const boost::json::object& command) {
    std::vector<uint64_t> all;
    for (const auto& client : command.at("clients").as_array()) all.push_back(client.to_number<uint64_t>());
    return all;
  }

  static boost::json::array numbers(const std::vector<uint64_t>& clients) {
    return boost::json::array(clients.begin(), clients.end());
  }

  boost::json::object answer(const Result<AwarenessEvent>& event) {
    if (!event) return {{"ok", false}, {"error", event.error().message}};
    boost::json::object out{{"ok", true},
                            {"local", nullptr},
                            {"everybody", to_hex(*awareness_->encode_update(awareness_->clients()))},
                            {"said", to_hex(*awareness_->encode_update(event->clients()))},
                            {"added", numbers(event->added)},
                            {"updated", numbers(event->updated)},
                            {"removed", numbers(event->removed)},
                            {"changed", numbers(event->changed)}};
    if (const auto local = awareness_->local_state()) out["local"] = std::string(*local);
    return out;
  }

  std::optional<Awareness> awareness_;
};

}  // namespace symphony
