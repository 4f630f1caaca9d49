// Transactions from begin to end: Yjs's transact and cleanupTransactions.
#include <algorithm>

#include "base/assert.h"
#include "crdt/doc/doc_impl.h"
#include "crdt/integrate/format_cleanup.h"

namespace symphony {

using namespace crdt;

namespace crdt {

Scratch& scratch() {
  thread_local Scratch of_thread;
  return of_thread;
}

}  // namespace crdt

Doc::Impl::~Impl() {
  if (local == nullptr) return;
  for (TransactionWatcher* watcher : local->watchers) watcher->document_gone();
}

bool Doc::Impl::is_observed() const {
  return local != nullptr && (!local->types.empty() || !local->watchers.empty());
}

Doc::Impl::Begun Doc::Impl::begin(bool is_local, Origin origin) {
  if (current != nullptr) return {*current, true};
  Transaction* previous = transactions == nullptr ? nullptr : &newest->transaction;
  std::vector<std::unique_ptr<Running>>& over = scratch().transactions;
  if (over.empty()) over.push_back(std::make_unique<Running>());
  std::unique_ptr<Running>& end = transactions == nullptr ? transactions : newest->next;
  end = std::move(over.back());
  over.pop_back();
  newest = current = end.get();
  current->info = {origin, is_local};
  current->forward = {};
  current->transaction.begin(store, options, ++epoch, is_local, previous, is_observed());
  return {*current, false};
}

void Doc::Impl::end() {
  ASSERT(current != nullptr);
  const bool first = current == transactions.get();
  current = nullptr;
  if (!first) return;  // made by an observer: its turn comes
  for (Running* running = transactions.get(); running != nullptr; running = running->next.get())
    clean_up(*running);
  constexpr size_t kKept = 4;
  constexpr size_t kKeptBytes = 64 << 10;  // of each
  std::vector<std::unique_ptr<Running>>& over = scratch().transactions;
  while (transactions != nullptr) {
    std::unique_ptr<Running> next = std::move(transactions->next);
    if (over.size() < kKept && transactions->transaction.memory_bytes() <= kKeptBytes)
      over.push_back(std::move(transactions));
    transactions = std::move(next);
  }
  store.pack_if_worthwhile(/*keep_types=*/has_handles);
  store.compact_if_worthwhile();
}

void Doc::Impl::clean_up(Running& running) {
  Transaction& transaction = running.transaction;
  transaction.finish_changes();
  if (transaction.changed() || transaction.has_cut()) changed(transaction.changed_deletes());
  if (local != nullptr) observe(running);
  if (transaction.needs_format_cleanup()) {
    const Begun cleaning = begin(true, 0);
    clean_formatting(store, transaction, cleaning.running.transaction);
    end();
  }
  const SubdocChanges& changes = transaction.subdocs();
  std::optional<SubdocsEvent> subdocs;  // made before the removed ones lose their names
  if (local != nullptr && !(changes.added.empty() && changes.loaded.empty() && changes.removed.empty())) {
    subdocs = local->observing.subdocs_event(*this, running);
  }
  transaction.clean_up();
  if (local != nullptr && local->slot != kNil && !running.info.local) {
    const auto changed = transaction.changed_clients();
    local->collided |= std::find(changed.begin(), changed.end(), local->slot) != changed.end();
  }
  emit(running);
  if (!subdocs) return;
  local->on_subdocs.call(*subdocs);
  // Yjs destroys what was removed, each in a transaction, which an UndoManager of the whole document counts.
  for (size_t i = 0; i < subdocs->removed.size() && !local->watchers.empty(); ++i) {
    begin(true, 0);
    end();
  }
}

// Type observers, deep observers, then those of the transaction.
void Doc::Impl::observe(Running& running) {
  std::vector<TypeIndex> observed;  // keys of transaction.changedParentTypes
  if (is_observed()) observed = local->observing.call_observers(*this, running);
  local->on_after_transaction.call(running.info);
  const std::vector<TransactionWatcher*> watchers = local->watchers;
  for (TransactionWatcher* watcher : watchers) {
    if (std::find(local->watchers.begin(), local->watchers.end(), watcher) == local->watchers.end()) continue;
    watcher->after_transaction(running.transaction, running.info, observed);
  }
}

void Doc::Impl::emit(Running& running) {
  const bool heard = local != nullptr && !local->on_update.empty();
  if (!heard && emitted == nullptr) return;
  if (running.forward.data() != nullptr) {
    if (heard) local->on_update.call(running.forward, running.info);
    return;
  }
  if (!heard) {
    if (Buffer update = running.transaction.encode(); !update.empty()) emitted->push_back(std::move(update));
    return;
  }
  local->update.clear();
  if (!running.transaction.encode(local->update)) return;
  const Bytes update = local->update.written();
  if (emitted != nullptr) emitted->emplace_back(update.begin(), update.end());
  local->on_update.call(update, running.info);
}

}  // namespace symphony
