#include "symphony/doc.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "crdt/doc/doc_impl.h"
#include "crdt/doc/read.h"
#include "crdt/doc/resting.h"
#include "crdt/integrate/behind_gaps.h"
#include "crdt/integrate/load.h"
#include "crdt/store/encode.h"
#include "crdt/wire/merge.h"
#include "crdt/wire/update_v2.h"

namespace symphony {

using namespace crdt;

Doc::Doc(const DocOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Doc::~Doc() = default;
Doc::Doc(Doc&&) noexcept = default;
Doc& Doc::operator=(Doc&&) noexcept = default;

void Doc::Impl::changed(bool deleted) {
  if (encoded == nullptr) return;
  if (deleted) {
    encoded.reset();
    return;
  }
  encoded->asked = false;
  encoded->state = {};
  encoded->view = nullptr;
}

Doc::Impl::Encoded& Doc::Impl::make_encoded() {
  if (encoded == nullptr) encoded = std::make_unique<Encoded>();
  return *encoded;
}

// What transactions that are not over have deleted so far.
void Doc::Impl::note_changes() {
  for (const Running* running = transactions.get(); running != nullptr; running = running->next.get()) {
    for (const SlotRange& range : running->transaction.deletes()) {
      store.clients[range.slot].structs.note_deleted(range.clock, range.end());
    }
    changed(true);
  }
}

const Buffer& Doc::Impl::encoded_deletes() {
  Buffer& deletes = make_encoded().deletes;
  if (deletes.empty()) deletes = encode_all_deletes(store);
  return deletes;
}

Result<Buffer> Doc::encode_state_as_update(Bytes state_vector) const {
  if (resting_ != nullptr) return resting_->encode(state_vector);
  const bool settled = live().transactions == nullptr;
  live().note_changes();
  const std::unique_ptr<Impl::Encoded>& encoded = live().encoded;
  if (state_vector.empty() && encoded != nullptr && !encoded->state.empty()) return encoded->state;
  const Store& store = live().store;
  std::vector<Id> known;
  if (!state_vector.empty()) {
    auto parsed = parse_state_vector(state_vector);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    known = std::move(*parsed);
  }

  const auto visit_missing = [&](auto visit) {
    auto at = known.begin();
    for (const Slot slot : store.descending()) {
      const Client& client = store.clients[slot];
      while (at != known.end() && at->client > client.id) ++at;
      uint32_t clock = 0;
      for (; at != known.end() && at->client == client.id; ++at) clock = at->clock;
      if (client.state > clock) visit(slot, clock);
    }
  };
  size_t clients = 0;
  visit_missing([&](Slot, uint32_t) { ++clients; });
  const Buffer& deletes = live().encoded_deletes();
  Encoder out(known.empty() ? store.arena.size() + store.items.size() * 32 + 64 : deletes.size() + 256);
  out.var_uint(clients);
  visit_missing([&](Slot slot, uint32_t clock) { write_client(out, store, slot, clock); });
  out.bytes(deletes);
  Buffer state = out.take();
  if (live().pending.empty()) {
    if (settled && state_vector.empty() && std::exchange(encoded->asked, true)) encoded->state = state;
    return state;
  }

  // What waits is part of the state: whoever gets it may know what it waits for.
  Encoder waiting_deletes;
  waiting_deletes.var_uint(0);
  write_delete_set(waiting_deletes, WireFormat::kV1, live().pending.deletes());
  std::vector<Bytes> parts{state, waiting_deletes.written()};
  Result<Buffer> waiting_structs;
  if (live().pending.structs() != nullptr) {
    waiting_structs = diff_v1(live().pending.structs()->merged(), known, no_limits());
    ASSERT(waiting_structs.has_value());
    parts.push_back(*waiting_structs);
  }
  return merge_v1(parts, no_limits());
}

Result<Buffer> Doc::encode_state_as_update_v2(Bytes state_vector) const {
  if (state_vector.empty() && live().pending.empty()) {
    live().note_changes();
    Reader in(live().encoded_deletes());
    std::vector<DeleteRange> deletes;
    read_delete_set(in, WireFormat::kV1, deletes);
    return encode_state_v2(live().store, deletes);
  }
  return encode_state_as_update(state_vector).and_then([](const Buffer& v1) {
    return convert_v1_to_v2(v1, no_limits(), Infos::kAsIs);
  });
}

Buffer Doc::encode_state_vector() const {
  if (resting_ != nullptr) return {resting_->vector().begin(), resting_->vector().end()};
  const Store& store = live().store;
  Encoder out;
  size_t clients = 0;
  for (const Client& client : store.clients) clients += client.state > 0;
  out.var_uint(clients);
  for (const Slot slot : store.descending()) {
    if (store.clients[slot].state == 0) continue;
    out.var_uint(store.clients[slot].id);
    out.var_uint(store.clients[slot].state);
  }
  return out.take();
}

bool Doc::has_pending() const { return !rests() && !live().pending.empty(); }

const Store& Doc::readable() const {
  Impl& doc = live();
  if (!doc.options.show_behind_gaps || doc.pending.structs() == nullptr) return doc.store;
  if (doc.make_encoded().view == nullptr) {
    auto view = std::make_unique<Doc>();
    const Result<Applied> shown = view->restore(fill_gaps(*encode_state_as_update()));
    ASSERT(shown.has_value());
    doc.make_encoded().view = std::move(view);
  }
  return doc.encoded->view->live().store;
}

std::vector<std::string> Doc::root_names() const {
  const Store& store = readable();
  std::vector<std::string> names;
  for (const TypeIndex root : store.roots) names.emplace_back(store.text(store.types[root].name));
  return names;
}

std::string Doc::to_json(std::string_view root, TypeKind kind) const {
  const Store& store = readable();
  return json_of(store, store.find_root(root), kind);
}

std::string Doc::to_text(std::string_view root) const {
  const Store& store = readable();
  return text_of(store, store.find_root(root));
}

std::string Doc::to_delta(std::string_view root) const {
  const Store& store = readable();
  return delta_of(store, store.find_root(root));
}

size_t Doc::memory_bytes() const {
  if (resting_ != nullptr) return sizeof(Doc) + sizeof(Resting) + resting_->bytes.capacity();
  const Impl& doc = live();
  size_t bytes = sizeof(Doc) + sizeof(Impl) + doc.store.memory_bytes() + doc.pending.bytes();
  if (doc.encoded != nullptr) {
    bytes += sizeof(Impl::Encoded) + doc.encoded->deletes.capacity() + doc.encoded->state.capacity();
  }
  return bytes;
}

std::string Doc::check_invariants() const { return live().store.check_invariants(); }

}  // namespace symphony
