#include "crdt/integrate/behind_gaps.h"

#include "base/assert.h"
#include "crdt/wire/delete_set.h"
#include "crdt/wire/struct_writer.h"
#include "crdt/wire/update.h"

namespace symphony::crdt {
namespace {

void write_gc(Encoder& out, uint32_t len) {
  out.u8(kGc);
  out.var_uint(len);
}

}  // namespace

Buffer fill_gaps(Bytes state) {
  ParsedUpdate parsed;
  const Result<void> valid = parse_update(state, no_limits(), parsed);
  ASSERT(valid.has_value());
  Encoder out(state.size() + 64);
  out.var_uint(parsed.blocks.size());
  for (const ParsedBlock& block : parsed.blocks) {
    const uint32_t missing = parsed.structs[block.first].clock;
    out.var_uint(block.count + (missing > 0 ? 1 : 0));
    out.var_uint(block.client);
    out.var_uint(0);
    if (missing > 0) write_gc(out, missing);
    for (uint32_t i = 0; i < block.count; ++i) {
      const ParsedStruct& s = parsed.structs[block.first + i];
      if (s.ref() == kSkip) {
        write_gc(out, s.len);
      } else {
        write_parsed(out, state, block.client, s, 0);
      }
    }
  }
  write_delete_set(out, WireFormat::kV1, parsed.deletes);
  return out.take();
}

}  // namespace symphony::crdt
