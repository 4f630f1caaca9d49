// What stops an update before it begins, and how much work it may make: DocLimits.
#include <algorithm>
#include <string>

#include "crdt/doc/doc_impl.h"

namespace symphony {

using namespace crdt;

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
  if (store.lineages.size() + changes_max(update, woken) * 3 > kLineagesMax) {
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

}  // namespace symphony
