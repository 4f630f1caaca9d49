#include "symphony/snapshot.h"

#include <algorithm>

#include "base/assert.h"
#include "base/utf8.h"
#include "crdt/doc/doc_impl.h"
#include "crdt/store/encode.h"
#include "crdt/wire/delete_set.h"
#include "crdt/wire/struct_writer.h"
#include "crdt/wire/update.h"
#include "crdt/wire/update_v2.h"

namespace symphony {

using namespace crdt;

namespace {

constexpr uint64_t kClockMax = 0xffffffffULL;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

Buffer encode(const Snapshot& snapshot, WireFormat format) {
  Encoder out;
  write_delete_set(out, format, snapshot.deletes);
  out.var_uint(snapshot.state_vector.size());
  for (const auto& [client, clock] : snapshot.state_vector) {
    out.var_uint(client);
    out.var_uint(clock);
  }
  return out.take();
}

Result<Snapshot> decode(Bytes bytes, WireFormat format) {
  Reader in(bytes);
  Snapshot snapshot;
  const char* fault = read_delete_set(in, format, snapshot.deletes);
  ensure_joined(snapshot.deletes);
  const uint64_t clients = in.read_var_uint();
  if (clients > in.remaining() / 2) in.set_failed();
  auto& states = snapshot.state_vector;
  for (uint64_t i = 0; i < clients && in.ok(); ++i) {
    const uint64_t client = in.read_var_uint();
    const uint64_t clock = in.read_var_uint();
    if (clock > kClockMax) in.set_failed();
    states.push_back({client, static_cast<uint32_t>(clock)});
  }
  if (!in.ok() || !in.at_end()) {
    return fail(Code::kInvalid,
                std::string("malformed snapshot") + (fault ? ": " : "") + (fault ? fault : ""));
  }
  // Of a client that comes twice the last clock counts, as in a JavaScript Map.
  std::reverse(states.begin(), states.end());
  std::stable_sort(states.begin(), states.end(),
                   [](const ClientClock& a, const ClientClock& b) { return a.client > b.client; });
  const auto same = [](const ClientClock& a, const ClientClock& b) { return a.client == b.client; };
  states.erase(std::unique(states.begin(), states.end(), same), states.end());
  return snapshot;
}

// A struct's first `len` clocks. Of a pair that is cut in two, U+FFFD stays.
void write_beginning(Encoder& out, Bytes update, uint64_t client, const ParsedStruct& s, uint32_t len) {
  write_parsed_head(out, update, client, s, 0);
  Bytes content = update.subspan(s.content_at, s.content_bytes);
  if (s.ref() == kString) {
    const Utf16Cut cut = utf16_cut(content, len);
    const Bytes whole = content.first(cut.bytes);
    out.var_uint(whole.size() + (cut.inside_pair ? kReplacement.size() : 0));
    out.bytes(whole);
    if (cut.inside_pair) out.bytes(as_bytes(kReplacement));
    return;
  }
  if (s.ref() != kDeleted) content = content.first(elements_size(s.ref(), content, len));
  write_content(out, s.ref(), len, content, 0);
}

// All structs of these clients, without deletes.
Buffer encode_structs(const Store& store, std::span<const ClientClock> clients) {
  Encoder out;
  out.var_uint(clients.size());
  for (const ClientClock& client : clients) write_client(out, store, store.find_client(client.client), 0);
  out.var_uint(0);
  return out.take();
}

// `update` as far as `clients`, which are those of its blocks, go, and `deletes`.
Buffer cut_off(Bytes update, std::span<const ClientClock> clients, std::span<const DeleteRange> deletes) {
  const DocLimits limits = no_limits();
  StructReader in(update, limits);
  Encoder out(update.size());
  out.var_uint(clients.size());
  for (const ClientClock& until : clients) {
    const bool more = in.next_block();
    ASSERT(more && in.client() == until.client);
    Encoder structs;
    uint64_t count = 0;
    for (ParsedStruct s; in.next_struct(s);) {
      if (s.clock >= until.clock) continue;
      ++count;
      // A GC struct is not cut, as in Yjs: nobody can say what it was.
      if (s.end() <= until.clock || s.ref() == kGc) {
        write_parsed(structs, update, until.client, s, 0);
      } else {
        write_beginning(structs, update, until.client, s, until.clock - s.clock);
      }
    }
    out.var_uint(count);
    out.var_uint(until.client);
    out.var_uint(0);
    out.bytes(structs.written());
  }
  ASSERT(in.good());
  write_delete_set(out, WireFormat::kV1, deletes);
  return out.take();
}

}  // namespace

Buffer encode_snapshot(const Snapshot& snapshot) { return encode(snapshot, WireFormat::kV1); }
Buffer encode_snapshot_v2(const Snapshot& snapshot) { return encode(snapshot, WireFormat::kV2); }

Result<Snapshot> decode_snapshot(Bytes snapshot) { return decode(snapshot, WireFormat::kV1); }
Result<Snapshot> decode_snapshot_v2(Bytes snapshot) { return decode(snapshot, WireFormat::kV2); }

Result<bool> snapshot_contains_update(const Snapshot& snapshot, Bytes update, const DocLimits& limits) {
  const auto& states = snapshot.state_vector;
  StructReader in(update, limits);
  bool contained = true;
  while (in.next_block()) {
    const auto at = std::lower_bound(states.begin(), states.end(), in.client(),
                                     [](const ClientClock& a, uint64_t client) { return a.client > client; });
    const uint32_t state = at != states.end() && at->client == in.client() ? at->clock : 0;
    for (ParsedStruct s; in.next_struct(s);) contained = contained && s.end() <= state;
  }
  std::vector<DeleteRange> deletes;
  in.read_deletes(deletes);
  if (!in.good()) return tl::unexpected(std::move(in.outcome().error()));
  deletes.insert(deletes.end(), snapshot.deletes.begin(), snapshot.deletes.end());
  join_ranges(deletes);
  return contained && deletes == snapshot.deletes;
}

Result<bool> snapshot_contains_update_v2(const Snapshot& snapshot, Bytes update, const DocLimits& limits) {
  return convert_v2_to_v1(update, limits).and_then([&](Bytes v1) {
    return snapshot_contains_update(snapshot, v1, limits);
  });
}

Snapshot Doc::snapshot() const {
  live().note_changes();
  const Store& store = live().store;
  Snapshot snapshot;
  for (const Slot slot : store.descending()) {
    const Client& client = store.clients[slot];
    if (client.state > 0) snapshot.state_vector.push_back({client.id, client.state});
    client.structs.visit_deleted(store.items, [&](std::span<const uint32_t> bounds) {
      for (size_t i = 0; i < bounds.size(); i += 2) {
        snapshot.deletes.push_back({client.id, bounds[i], bounds[i + 1] - bounds[i]});
      }
    });
  }
  return snapshot;
}

Result<Doc> Doc::restore(const Snapshot& snapshot, const DocOptions& options) const {
  if (live().options.gc) {
    return fail(Code::kInvalid,
                "only a document that keeps what is deleted (DocOptions::gc = false) can be restored");
  }
  const Store& store = live().store;
  std::vector<ClientClock> clients;
  for (const ClientClock& client : snapshot.state_vector) {
    if (client.clock == 0) continue;
    if (store.state(store.find_client(client.client)) < client.clock) {
      return fail(Code::kInvalid, "the snapshot knows more of client " + std::to_string(client.client) +
                                      " than the document");
    }
    clients.push_back(client);
  }
  const Buffer update = cut_off(encode_structs(store, clients), clients, snapshot.deletes);
  // What this document holds was within the limits when it came, if in more than one update.
  DocOptions origin = options;
  origin.limits = live().options.limits;
  origin.limits.update_bytes_max = origin.limits.update_structs_max = origin.limits.any_depth_max =
      ~size_t{0};
  Doc restored(origin);
  if (auto applied = restored.apply_update(update); !applied)
    return tl::unexpected(std::move(applied.error()));
  restored.live().options.limits = options.limits;
  return restored;
}

}  // namespace symphony
