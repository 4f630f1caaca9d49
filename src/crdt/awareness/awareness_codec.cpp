#include "crdt/awareness/awareness_codec.h"

#include "base/varint.h"

namespace symphony {
namespace {

constexpr size_t kEntryBytesMin = 3;

}  // namespace

Result<void> decode_awareness(Bytes payload, std::vector<AwarenessEntry>& entries) {
  entries.clear();
  Reader reader(payload);
  const uint64_t count = reader.read_var_uint();
  if (count > reader.remaining() / kEntryBytesMin) {
    return fail(Code::kInvalid, "an awareness message promises more entries than it has room for");
  }
  for (uint64_t i = 0; i < count; ++i) {
    AwarenessEntry entry;
    entry.client = reader.read_var_uint();
    entry.clock = reader.read_var_uint();
    entry.state = reader.read_var_bytes();
    entries.push_back(entry);
  }
  if (!reader.ok()) return fail(Code::kInvalid, "an awareness message ends inside an entry");
  if (!reader.at_end()) return fail(Code::kInvalid, "an awareness message has bytes after its last entry");
  return {};
}

void encode_awareness(Buffer& out, const std::vector<AwarenessEntry>& entries) {
  Writer writer(out);
  writer.var_uint(entries.size());
  for (const AwarenessEntry& entry : entries) {
    writer.var_uint(entry.client);
    writer.var_uint(entry.clock);
    writer.var_bytes(entry.state);
  }
}

}  // namespace symphony
