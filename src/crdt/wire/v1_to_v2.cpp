#include <vector>

#include "crdt/wire/struct_reader.h"
#include "crdt/wire/update_v2.h"
#include "crdt/wire/v2_writer.h"

namespace symphony::crdt {

Result<Buffer> convert_v1_to_v2(Bytes update, const DocLimits& limits, Infos infos) {
  StructReader in(update, limits);
  V2Writer out(infos);
  ParsedStruct s;
  while (in.next_block()) {
    if (in.block_structs() > 0) out.begin_block(in.client(), in.clock(), in.block_structs());
    while (in.next_struct(s)) {
      const ParsedParent parent = s.has_parent() ? parent_of(update, s) : ParsedParent();
      out.write(s, parent, update.subspan(s.content_at, s.content_bytes));
    }
  }
  std::vector<DeleteRange> deletes;
  in.read_deletes(deletes);
  ensure_joined(deletes);
  if (auto ok = in.outcome(); !ok) return tl::unexpected(std::move(ok.error()));
  return out.finish(deletes);
}

}  // namespace symphony::crdt
