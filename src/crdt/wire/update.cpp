#include "crdt/wire/update.h"

#include <algorithm>
#include <limits>

namespace symphony::crdt {
namespace {

constexpr uint64_t kClockMax = 0xffffffffULL;
constexpr uint64_t kSlotsMax = 1 << 20;  // no document has more clients (DocLimits)

// Descending by client, as Yjs writes them: an update in another order says the same. Whether each client has
// one block.
bool order_blocks(std::vector<ParsedBlock>& blocks) {
  const auto descending = [](const ParsedBlock& a, const ParsedBlock& b) { return a.client > b.client; };
  std::sort(blocks.begin(), blocks.end(), descending);
  const auto same = [](const ParsedBlock& a, const ParsedBlock& b) { return a.client == b.client; };
  return std::adjacent_find(blocks.begin(), blocks.end(), same) == blocks.end();
}

}  // namespace

DocLimits no_limits() {
  DocLimits limits;
  limits.update_bytes_max = std::numeric_limits<size_t>::max();
  limits.update_structs_max = std::numeric_limits<size_t>::max();
  limits.clients_max = std::numeric_limits<size_t>::max();
  limits.roots_max = std::numeric_limits<size_t>::max();
  limits.any_depth_max = std::numeric_limits<size_t>::max();
  limits.pending_bytes_max = std::numeric_limits<size_t>::max();
  limits.work_max = std::numeric_limits<uint64_t>::max();
  return limits;
}

Result<void> parse_update(Bytes input, const DocLimits& limits, ParsedUpdate& out) {
  out.input = input;
  out.blocks.clear();
  out.structs.clear();
  out.deletes.clear();
  StructReader in(input, limits);
  while (in.next_block()) {
    const size_t count = static_cast<size_t>(in.block_structs());
    out.blocks.push_back(
        {in.client(), static_cast<uint32_t>(out.structs.size()), static_cast<uint32_t>(count)});
    if (out.blocks.size() == 1) out.structs.reserve(count);
    for (size_t k = 0; k < count && in.next_struct(out.structs.emplace_back()); ++k) {
    }
  }
  if (!order_blocks(out.blocks)) in.refuse("a client has two blocks of structs");
  in.read_deletes(out.deletes);
  ensure_joined(out.deletes);
  return in.outcome();
}

Result<std::vector<Id>> parse_state_vector(Bytes input) {
  Reader in(input);
  const uint64_t count = in.read_var_uint();
  std::vector<Id> vector;
  if (count > in.remaining() / 2 || count > kSlotsMax) in.set_failed();
  if (in.ok()) vector.reserve(static_cast<size_t>(count));
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    const uint64_t client = in.read_var_uint();
    const uint64_t clock = in.read_var_uint();
    // A clock beyond what a document can hold means: everything is known.
    vector.push_back({client, static_cast<uint32_t>(std::min(clock, kClockMax))});
  }
  if (!in.ok() || !in.at_end()) return fail(Code::kInvalid, "malformed state vector");
  std::stable_sort(vector.begin(), vector.end(),
                   [](const Id& a, const Id& b) { return a.client > b.client; });
  return vector;
}

}  // namespace symphony::crdt
