#include "symphony/doc.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "crdt/behind_gaps.h"
#include "crdt/doc_impl.h"
#include "crdt/encode.h"
#include "crdt/load.h"
#include "crdt/merge.h"
#include "crdt/read.h"
#include "crdt/resting.h"
#include "crdt/update_v2.h"

namespace symphony {

using namespace crdt;

namespace {

constexpr size_t kScratchStructs = 256;  // memory for parsing that a document keeps between updates

}  // namespace

// Everything that could stop an update half-way is checked here, before it begins.
Result<void> Doc::Impl::check_limits(const ParsedUpdate& update, uint64_t woken,
                                     const DocLimits& limits) const {
  const auto over = [](const char* what, uint64_t limit) {
    return fail(Code::kLimit, std::string("the document would have more ") + what + " than the limit of " +
                                  std::to_string(limit));
  };
  if (store.arena.size() + update.input.size() > limits.content_bytes_max) {
    return over("bytes of content", limits.content_bytes_max);
  }
  const size_t woken_clients = woken > 0 && pending.structs() != nullptr ? pending.structs()->clients() : 0;
  if (store.clients.size() + update.blocks.size() + woken_clients > limits.clients_max) {
    size_t clients = store.clients.size() + woken_clients;
    for (const ParsedBlock& block : update.blocks) clients += store.find_client(block.client) == kNil;
    if (clients > limits.clients_max) return over("clients", limits.clients_max);
  }
  // A struct brings its own lineage, and may cut two items; a delete may, too.
  const uint64_t changes = update.structs.size() + update.deletes.size() + woken;
  if (store.lineages.size() + changes * 3 > kLineagesMax) {
    return over("structs with origins and parents of their own", kLineagesMax / 3);
  }
  if (store.roots.size() + update.structs.size() > limits.roots_max) {
    std::vector<std::string_view> roots;
    for (const ParsedStruct& s : update.structs) {
      if (!s.has_parent()) continue;
      const ParsedParent parent = update.parent(s);
      if (parent.is_root && store.find_root(parent.root) == kNil) roots.push_back(parent.root);
    }
    std::sort(roots.begin(), roots.end());
    roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
    if (store.roots.size() + roots.size() > limits.roots_max) return over("root types", limits.roots_max);
  }
  const auto too_much_waits = [&] {
    return pending.bytes() + update.input.size() + update.blocks.size() * WaitingStructs::kWaitBytes +
               update.deletes.size() * sizeof(DeleteRange) >
           limits.pending_bytes_max;
  };
  if (too_much_waits() && may_wait(update)) {
    if (pending.structs() != nullptr) pending.structs()->merged();  // what was sent twice counts once
    if (too_much_waits())
      return over("bytes of updates that wait for missing ones", limits.pending_bytes_max);
  }
  return {};
}

// What one struct may pass at most, when as many that wait may go in, too.
uint64_t Doc::Impl::size_with(const ParsedUpdate& update, uint64_t woken) const {
  return store.items.size() + update.input.size() + woken + 1;
}

// How many structs and deletes that wait may go in with an update.
uint64_t Doc::Impl::wakes_max(const ParsedUpdate& update) const {
  if (pending.empty()) return 0;
  std::vector<WaitingStructs::Arrived> arrived;
  for (const ParsedBlock& block : update.blocks) {
    if (block.count == 0) continue;
    const ParsedStruct* const structs = update.structs.data() + block.first;
    if (structs[0].clock > store.state(store.find_client(block.client))) continue;
    arrived.push_back({block.client, structs[block.count - 1].end()});
  }
  return pending.changes_max(arrived);
}

// Whether a struct certainly goes in without passing others, as nearly all do: what it names as neighbours
// are neighbours, or it follows `previous`, the struct before it, at the same place.
bool Doc::Impl::fits(uint64_t client, const ParsedStruct& s, const ParsedStruct* previous) const {
  if (s.ref() == kGc || s.ref() == kSkip) return true;
  const Slot right_slot = s.has_right_origin() ? store.find_client(s.right_origin_client) : kNil;
  if (s.has_right_origin() && s.right_origin_clock >= store.state(right_slot)) return false;
  const auto is_right_origin = [&](ItemIndex index) {
    if (index == kNil || !s.has_right_origin()) return index == kNil && !s.has_right_origin();
    return store.slot(store.items[index]) == right_slot && store.items[index].clock == s.right_origin_clock;
  };
  if (!s.has_origin()) {
    if (!s.has_right_origin()) return false;
    const ItemIndex right = store.find(right_slot, s.right_origin_clock);
    return is_right_origin(right) && store.items[right].left == kNil;
  }
  if (previous != nullptr && s.origin_client == client && s.origin_clock + 1 == previous->end() &&
      s.right_origin_client == previous->right_origin_client &&
      s.right_origin_clock == previous->right_origin_clock) {
    return true;
  }
  const Slot slot = store.find_client(s.origin_client);
  if (s.origin_clock >= store.state(slot)) return false;
  const Item& origin = store.items[store.find(slot, s.origin_clock)];
  if (s.origin_clock + 1 == origin.end()) return origin.is_gc() || is_right_origin(origin.right);
  return right_slot == slot && s.right_origin_clock == s.origin_clock + 1;
}

// Steps that an update, and as many changes that it wakes, may take at most (DocLimits::work_max): what does
// not fit may pass everything there is.
uint64_t Doc::Impl::work_of(const ParsedUpdate& update, uint64_t woken) const {
  uint64_t passing = woken;
  for (const ParsedBlock& block : update.blocks) {
    for (uint32_t i = 0; i < block.count; ++i) {
      const ParsedStruct& s = update.structs[block.first + i];
      if (!fits(block.client, s, i > 0 ? &s - 1 : nullptr)) ++passing;
    }
  }
  uint64_t deleted = 0;
  for (const DeleteRange& range : update.deletes) {
    deleted += std::min<uint64_t>(range.len, store.items.size());
  }
  const uint64_t size = size_with(update, woken);
  const uint64_t among_themselves = uint64_t{update.structs.size()} * update.structs.size();
  return passing * size + deleted + among_themselves;
}

// Whether some of the update might not be integrated at once. Errs on the side of yes.
bool Doc::Impl::may_wait(const ParsedUpdate& update) const {
  struct Known {
    uint64_t client;
    uint32_t end;
  };
  std::vector<Known> after;
  for (const ParsedBlock& block : update.blocks) {
    const uint32_t state = store.state(store.find_client(block.client));
    uint32_t end = state;
    for (uint32_t i = 0; i < block.count; ++i) {
      const ParsedStruct& s = update.structs[block.first + i];
      if (s.ref() == kSkip) continue;
      if (s.clock > end) return true;
      end = std::max(end, s.end());
    }
    after.push_back({block.client, end});
  }
  std::sort(after.begin(), after.end(), [](const Known& a, const Known& b) { return a.client < b.client; });
  const auto unknown = [&](uint64_t client, uint32_t clock) {
    const auto at = std::lower_bound(after.begin(), after.end(), client,
                                     [](const Known& k, uint64_t c) { return k.client < c; });
    const uint32_t end =
        at != after.end() && at->client == client ? at->end : store.state(store.find_client(client));
    return clock >= end;
  };
  for (const ParsedStruct& s : update.structs) {
    if (s.has_origin() && unknown(s.origin_client, s.origin_clock)) return true;
    if (s.has_right_origin() && unknown(s.right_origin_client, s.right_origin_clock)) return true;
    if (s.has_parent()) {
      const ParsedParent parent = update.parent(s);
      if (!parent.is_root && unknown(parent.item.client, parent.item.clock)) return true;
    }
  }
  return std::any_of(update.deletes.begin(), update.deletes.end(),
                     [&](const DeleteRange& range) { return unknown(range.client, range.end() - 1); });
}

Doc::Doc(const DocOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Doc::~Doc() = default;
Doc::Doc(Doc&&) noexcept = default;
Doc& Doc::operator=(Doc&&) noexcept = default;

// A whole state into an empty document; false, with nothing changed, if it must go the general way.
bool Doc::Impl::load(Bytes update, Origin origin, const DocLimits& limits) {
  if (!store.clients.empty() || !store.roots.empty() || !pending.empty() || transactions != nullptr ||
      update.size() < Loader::kBytesMin || update.size() > limits.content_bytes_max) {
    return false;
  }
  Transaction& transaction = begin(false, origin).running.transaction;
  transaction.limit_work(limits.work_max);
  if (Loader(store, transaction, limits).load(update) && !transaction.exhausted()) return true;
  store = Store(options);
  abandon();
  return false;
}

Result<void> Doc::Impl::integrate(Bytes update, Origin origin, const DocLimits& limits) {
  ParsedUpdate& parsed = scratch().parsed;
  Applier& applier = scratch().applier;
  if (auto valid = parse_update(update, limits, parsed); !valid) return valid;
  const uint64_t woken = wakes_max(parsed);
  if (auto within = check_limits(parsed, woken, limits); !within) return within;
  // Only where it could be too much, a way back is kept. Within a transaction of the embedder there is none,
  // and no limit.
  struct Before {
    Store store;
    Pending pending;
  };
  std::optional<Before> before;
  const uint64_t changes = parsed.structs.size() + parsed.deletes.size() + woken;
  const bool may_be_much = changes > limits.work_max / size_with(parsed, woken);
  if (transactions == nullptr && may_be_much && work_of(parsed, woken) > limits.work_max)
    before.emplace(Before{store, pending});

  store.reserve(parsed);
  Transaction& transaction = begin(false, origin).running.transaction;
  if (before) transaction.limit_work(limits.work_max);
  applier.apply(store, pending, parsed, transaction);
  if (applier.left_waiting()) changed(false);
  if (!transaction.exhausted()) return {};
  store = std::move(before->store);
  pending = std::move(before->pending);
  abandon();
  return fail(Code::kLimit, "the update takes more than " + std::to_string(limits.work_max) +
                                " steps to find its places among what others wrote at the same time");
}

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
  if (deletes.empty()) {
    Encoder out;
    write_all_deletes(out, store);
    deletes = out.take();
    deletes.shrink_to_fit();
  }
  return deletes;
}

// Forgets the only transaction there is.
void Doc::Impl::abandon() {
  transactions.reset();
  current = nullptr;
}

Result<Applied> Doc::apply_update(Bytes update, Origin origin) {
  return live().apply(update, origin, live().options.limits);
}

Result<Applied> Doc::restore(Bytes update) {
  // What a store cannot hold is a limit all the same.
  DocLimits limits = no_limits();
  limits.content_bytes_max = 0x7fffffff;
  return live().apply(update, 0, limits);
}

Result<Applied> Doc::Impl::apply(Bytes update, Origin origin, const DocLimits& limits) {
  const bool joined = current != nullptr;
  const bool was_empty = store.items.empty();
  const bool loaded = load(update, origin, limits);
  if (!loaded) {
    if (auto integrated = integrate(update, origin, limits); !integrated) {
      return tl::unexpected(std::move(integrated.error()));
    }
  }
  const Applier& applier = scratch().applier;
  const bool alone = transactions->next == nullptr && !joined;
  Applied applied;
  applied.changed = current->transaction.changed();
  applied.pending = !loaded && applier.left_waiting();
  const bool all_new = loaded || applier.all_new();
  const bool early = applied.pending && options.show_behind_gaps;
  applied.forward = alone && ((applied.changed && all_new) || early) && options.forward_input;
  if (applied.forward) current->forward = update;
  if (alone) emitted = &applied.updates;
  if (!joined) end();
  if (alone) emitted = nullptr;
  if (was_empty) store.shrink();
  if (scratch().parsed.structs.capacity() > kScratchStructs) {
    // A big update came; what it took to read and apply it is not what the next one takes.
    scratch().parsed = ParsedUpdate();
    scratch().applier = Applier();
  }
  return applied;
}

Result<Buffer> Doc::encode_state_as_update(Bytes state_vector) const {
  if (resting_ != nullptr && state_vector.empty()) return resting_->state();
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

  struct From {
    Slot slot;
    uint32_t clock;
  };
  std::vector<From> clients;
  auto at = known.begin();
  for (const Slot slot : store.descending()) {
    const Client& client = store.clients[slot];
    while (at != known.end() && at->client > client.id) ++at;
    uint32_t clock = 0;
    for (; at != known.end() && at->client == client.id; ++at) clock = at->clock;
    if (client.state > clock) clients.push_back({slot, clock});
  }
  const Buffer& deletes = live().encoded_deletes();
  Encoder out(known.empty() ? store.arena.size() + store.items.size() * 12 + 64 : 256);
  out.var_uint(clients.size());
  for (const From& from : clients) write_client(out, store, from.slot, from.clock);
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

Result<Applied> Doc::apply_update_v2(Bytes update) {
  auto v1 = convert_v2_to_v1(update, live().options.limits);
  if (!v1) return tl::unexpected(std::move(v1.error()));
  auto applied = apply_update(*v1);
  if (applied && applied->forward) {
    // What peers are told is v1, which is not what came in.
    applied->forward = false;
    applied->updates.insert(applied->updates.begin(), std::move(*v1));
  }
  return applied;
}

Result<Buffer> Doc::encode_state_as_update_v2(Bytes state_vector) const {
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
