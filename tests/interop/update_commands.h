// The engine tool's command about updates without a document. B is base64; R is B, or "refused: " and why.
//
//   {"op":"updates","v":1,"of":[B..],"sv":B}   all updates merged, and what the other functions say of the
//   result
//      {"ok":true,"merged":R,"diff":R (against "sv"),"sv":R,"meta":R ("client from to," for each),
//       "converted":R (to the other format)}
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base64.h"
#include "symphony/update.h"

namespace symphony {

inline std::string base64_or_refusal(const Result<Buffer>& result) {
  return result ? to_base64(*result) : "refused: " + result.error().message;
}

inline std::string meta_or_refusal(const Result<std::vector<ClientRange>>& meta) {
  if (!meta) return "refused: " + meta.error().message;
  std::string out;
  for (const ClientRange& range : *meta) {
    out += std::to_string(range.client) + ' ' + std::to_string(range.from) + ' ' + std::to_string(range.to) +
           ',';
  }
  return out;
}

inline boost::json::object update_command(const boost::json::object& command) {
  const bool v2 = command.at("v").as_int64() == 2;
  std::vector<Buffer> updates;
  for (const auto& one : command.at("of").as_array()) updates.push_back(from_base64(one.as_string()));
  const std::vector<Bytes> views(updates.begin(), updates.end());
  const Buffer sv = from_base64(command.at("sv").as_string());
  const Result<Buffer> merged = v2 ? merge_updates_v2(views) : merge_updates(views);
  boost::json::object answer{{"ok", true}, {"merged", base64_or_refusal(merged)}};
  if (!merged) return answer;
  answer["diff"] = base64_or_refusal(v2 ? diff_update_v2(*merged, sv) : diff_update(*merged, sv));
  answer["sv"] =
      base64_or_refusal(v2 ? state_vector_from_update_v2(*merged) : state_vector_from_update(*merged));
  answer["meta"] = meta_or_refusal(v2 ? update_meta_v2(*merged) : update_meta(*merged));
  answer["converted"] =
      base64_or_refusal(v2 ? convert_update_v2_to_v1(*merged) : convert_update_v1_to_v2(*merged));
  return answer;
}

}  // namespace symphony
