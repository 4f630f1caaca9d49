// The functions of symphony/update.h.
#include "symphony/update.h"

#include "crdt/wire/merge.h"
#include "crdt/wire/update.h"
#include "crdt/wire/update_v2.h"

namespace symphony {

using namespace crdt;

namespace {

// The outcome of `function` given `update` as v1.
template <class Function>
auto with_v1(Bytes update, const DocLimits& limits, Function function) -> decltype(function(update)) {
  return convert_v2_to_v1(update, limits).and_then(function);
}

}  // namespace

Result<Buffer> merge_updates(std::span<const Bytes> updates, const DocLimits& limits) {
  if (updates.size() != 1) return merge_v1(updates, limits);
  ParsedUpdate parsed;
  return parse_update(updates[0], limits, parsed).map([&] {
    return Buffer(updates[0].begin(), updates[0].end());
  });
}

Result<Buffer> diff_update(Bytes update, Bytes state_vector, const DocLimits& limits) {
  return parse_state_vector(state_vector).and_then([&](const std::vector<Id>& known) {
    return diff_v1(update, known, limits);
  });
}

Result<std::vector<ClientRange>> update_meta(Bytes update, const DocLimits& limits) {
  std::vector<ClientRange> ranges;
  ParsedUpdate parsed;
  return parse_update(update, limits, parsed).map([&] {
    for (const ParsedBlock& block : parsed.blocks) {
      if (block.count == 0) continue;
      const ParsedStruct* structs = &parsed.structs[block.first];
      ranges.push_back({block.client, structs[0].clock, structs[block.count - 1].end()});
    }
    return std::move(ranges);
  });
}

Result<Buffer> state_vector_from_update(Bytes update, const DocLimits& limits) {
  ParsedUpdate parsed;
  return parse_update(update, limits, parsed).map([&] {
    std::vector<Id> known;
    for (const ParsedBlock& block : parsed.blocks) {
      uint32_t state = 0;
      for (uint32_t i = 0; i < block.count; ++i) {
        const ParsedStruct& s = parsed.structs[block.first + i];
        if (s.ref() == kSkip || s.clock != state) break;
        state = s.end();
      }
      if (state > 0) known.push_back({block.client, state});
    }
    Encoder out;
    out.var_uint(known.size());
    for (const Id& id : known) {
      out.var_uint(id.client);
      out.var_uint(id.clock);
    }
    return out.take();
  });
}

Result<Buffer> convert_update_v1_to_v2(Bytes update, const DocLimits& limits) {
  return convert_v1_to_v2(update, limits, Infos::kAsRead);
}

Result<Buffer> convert_update_v2_to_v1(Bytes update, const DocLimits& limits) {
  return convert_v2_to_v1(update, limits);
}

Result<Buffer> merge_updates_v2(std::span<const Bytes> updates, const DocLimits& limits) {
  std::vector<Buffer> converted;
  converted.reserve(updates.size());
  for (const Bytes update : updates) {
    auto v1 = convert_v2_to_v1(update, limits);
    if (!v1) return v1;
    converted.push_back(std::move(*v1));
  }
  if (updates.size() == 1) return Buffer(updates[0].begin(), updates[0].end());
  const std::vector<Bytes> views(converted.begin(), converted.end());
  return merge_v1(views, limits).and_then([&](const Buffer& merged) {
    return convert_v1_to_v2(merged, no_limits(), Infos::kAsIs);
  });
}

Result<Buffer> diff_update_v2(Bytes update, Bytes state_vector, const DocLimits& limits) {
  return with_v1(update, limits, [&](Bytes v1) { return diff_update(v1, state_vector, limits); })
      .and_then([&](const Buffer& diff) { return convert_v1_to_v2(diff, no_limits(), Infos::kAsIs); });
}

Result<Buffer> state_vector_from_update_v2(Bytes update, const DocLimits& limits) {
  return with_v1(update, limits, [&](Bytes v1) { return state_vector_from_update(v1, limits); });
}

Result<std::vector<ClientRange>> update_meta_v2(Bytes update, const DocLimits& limits) {
  return with_v1(update, limits, [&](Bytes v1) { return update_meta(v1, limits); });
}

}  // namespace symphony
