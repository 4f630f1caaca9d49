// Updates from elsewhere, into a document.
#include <algorithm>
#include <optional>
#include <utility>

#include "crdt/doc/doc_impl.h"
#include "crdt/integrate/load.h"
#include "crdt/wire/update_v2.h"

namespace symphony {

using namespace crdt;

namespace {

constexpr size_t kScratchStructs = 256;  // memory for parsing that a document keeps between updates

}  // namespace

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
  const bool may_be_much = changes_max(parsed, woken) > limits.work_max / size_with(parsed, woken);
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

// Forgets the only transaction there is.
void Doc::Impl::abandon() {
  transactions.reset();
  current = nullptr;
}

Result<Applied> Doc::apply_update(Bytes update, Origin origin) {
  // What a client that has nothing new says when it connects: no reason to wake.
  static constexpr uint8_t kNothing[] = {0, 0};
  if (rests() && std::ranges::equal(update, kNothing)) return Applied{};
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

}  // namespace symphony
