#include "symphony/undo_manager.h"

#include <algorithm>
#include <unordered_map>

#include "crdt/edit/handles.h"
#include "crdt/edit/redo.h"
#include "crdt/wire/ranges.h"

namespace symphony {

using namespace crdt;

namespace {

// Ranges of a slot together and ascending, the slots in the order of their first (Yjs: DeleteSet).
void normalize(std::vector<SlotRange>& ranges) {
  std::unordered_map<Slot, size_t> rank;
  for (const SlotRange& range : ranges) rank.emplace(range.slot, rank.size());
  std::stable_sort(ranges.begin(), ranges.end(), [&](const SlotRange& a, const SlotRange& b) {
    return a.slot != b.slot ? rank.at(a.slot) < rank.at(b.slot) : a.clock < b.clock;
  });
  join_neighbours(ranges, [](const SlotRange& a, const SlotRange& b) { return a.slot == b.slot; });
}

bool contains(const std::vector<SlotRange>& ranges, SlotId id) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const SlotRange& range) {
    return range.slot == id.slot && range.clock <= id.clock && id.clock < range.end();
  });
}

// Calls `visit(item)` for the items of each range, cut at its ends (iterateDeletedStructs). GC structs are
// left out.
template <class Visit>
void each_item(const Store& store, Transaction& transaction, const std::vector<SlotRange>& ranges,
               Visit visit) {
  for (const SlotRange& range : ranges) {
    for (uint32_t clock = range.clock; clock < range.end();) {
      const ItemIndex item = transaction.clean_start(range.slot, clock);
      if (!store.items[item].is_gc() && store.items[item].end() > range.end()) {
        transaction.cut(item, range.end() - store.items[item].clock);
      }
      clock = store.items[item].end();
      if (!store.items[item].is_gc()) visit(item);
    }
  }
}

struct StackItem {
  std::vector<SlotRange> deletions;
  std::vector<SlotRange> insertions;
  UndoManager::Meta meta;
};

}  // namespace

struct UndoManager::Impl : TransactionWatcher {
  Impl(Doc::Impl& d, UndoOptions o) : doc(&d), options(std::move(o)) {}

  void after_transaction(Transaction& transaction, const TransactionInfo& info,
                         const std::vector<TypeIndex>& observed) override;
  void document_gone() override { doc = nullptr; }

  bool in_scope(ItemIndex item) const;
  bool revert(StackItem& stack_item, Edit& edit);
  Result<bool> pop(std::vector<StackItem>& stack, Action action);
  bool may_delete(ItemIndex item) const;
  void clear(bool undo_stack, bool redo_stack);
  void forget(Transaction& transaction, std::vector<StackItem>& stack);

  Doc::Impl* doc;
  UndoOptions options;
  Origin own_origin = 0;
  bool whole_document = false;
  std::vector<SharedType> scope;
  std::vector<StackItem> undo_stack;
  std::vector<StackItem> redo_stack;
  bool undoing = false;
  bool redoing = false;
  uint64_t last_change = 0;
  Listeners<const StackItemEvent&> on_added;
  Listeners<const StackItemEvent&> on_updated;
  Listeners<const StackItemEvent&> on_popped;
  Listeners<bool, bool> on_cleared;
};

// Whether a type in scope holds the item, at any depth.
bool UndoManager::Impl::in_scope(ItemIndex item) const {
  if (whole_document) return true;
  const Store& store = doc->store;
  std::vector<TypeIndex> types;
  for (const SharedType& type : scope) types.push_back(Handles::any_type(type));
  while (item != kNil) {
    const TypeIndex parent = store.parent_type(store.items[item]);
    if (std::find(types.begin(), types.end(), parent) != types.end()) return true;
    item = store.types[parent].owner;
  }
  return false;
}

void UndoManager::Impl::after_transaction(Transaction& transaction, const TransactionInfo& info,
                                          const std::vector<TypeIndex>& observed) {
  if (options.capture_transaction && !options.capture_transaction(info)) return;
  const bool touched =
      whole_document || std::any_of(scope.begin(), scope.end(), [&](const SharedType& type) {
        return std::find(observed.begin(), observed.end(), Handles::any_type(type)) != observed.end();
      });
  if (!touched || !options.tracked_origins.contains(info.origin)) return;
  std::vector<StackItem>& stack = undoing ? redo_stack : undo_stack;
  if (undoing) {
    last_change = 0;  // the next undo is not joined to this
  } else if (!redoing) {
    clear(false, true);
  }
  std::vector<SlotRange> insertions;
  std::vector<Slot> clients(transaction.changed_clients().begin(), transaction.changed_clients().end());
  std::sort(clients.begin(), clients.end());
  for (const Slot slot : clients) {
    const uint32_t before = transaction.before(slot);
    insertions.push_back({slot, before, transaction.after(slot) - before});
  }
  const uint64_t now = options.now_ms ? options.now_ms() : 1;
  const bool joined = last_change > 0 && now - last_change < options.capture_timeout_ms && !stack.empty() &&
                      !undoing && !redoing;
  if (joined) {
    StackItem& last = stack.back();
    last.deletions.insert(last.deletions.end(), transaction.deletes().begin(), transaction.deletes().end());
    last.insertions.insert(last.insertions.end(), insertions.begin(), insertions.end());
    normalize(last.deletions);
    normalize(last.insertions);
  } else {
    stack.push_back({transaction.deletes(), std::move(insertions), {}});
  }
  if (!undoing && !redoing) last_change = now;
  const std::vector<SlotRange> deletes = transaction.deletes();
  each_item(doc->store, transaction, deletes, [&](ItemIndex item) {
    if (in_scope(item)) keep_item(doc->store, item, true);
  });
  const StackItemEvent event{undoing ? Action::kRedo : Action::kUndo, info.origin, stack.back().meta};
  (joined ? on_updated : on_added).call(event);
}

bool UndoManager::Impl::may_delete(ItemIndex index) const {
  if (!options.delete_filter) return true;
  const Store& store = doc->store;
  const Item& item = store.items[index];
  UndoneItem undone;
  undone.parent = Handles::type(*doc, store.parent_type(item));
  if (store.in_map(item)) undone.key = store.text(store.entries[store.entry_of(item)].key);
  undone.content = Handles::content(*doc, index, 0);
  return options.delete_filter(undone);
}

// Deletes what a stack item inserted and brings back what it deleted; whether anything changed.
bool UndoManager::Impl::revert(StackItem& stack_item, Edit& edit) {
  Store& store = edit.store;
  std::vector<ItemIndex> to_delete;
  each_item(store, edit.transaction, stack_item.insertions, [&](ItemIndex item) {
    if (store.redone.contains(item)) {
      const Redone redone = follow_redone(store, {store.slot(store.items[item]), store.items[item].clock});
      item = redone.diff > 0 ? edit.transaction.cut(redone.item, redone.diff) : redone.item;
    }
    if (!store.items[item].deleted && in_scope(item)) to_delete.push_back(item);
  });
  std::vector<ItemIndex> ordered;
  std::unordered_set<ItemIndex> to_redo;
  each_item(store, edit.transaction, stack_item.deletions, [&](ItemIndex item) {
    const SlotId id{store.slot(store.items[item]), store.items[item].clock};
    // What came and went within one stack item stays away.
    if (!in_scope(item) || contains(stack_item.insertions, id)) return;
    if (to_redo.insert(item).second) ordered.push_back(item);
  });
  const auto on_stack = [](const std::vector<StackItem>& stack, SlotId id) {
    return std::any_of(stack.begin(), stack.end(),
                       [&](const StackItem& s) { return contains(s.deletions, id); });
  };
  const RedoContext context{to_redo,
                            [&](SlotId id) {
                              return contains(stack_item.insertions, id) || on_stack(undo_stack, id) ||
                                     on_stack(redo_stack, id);
                            },
                            options.ignore_remote_map_changes};
  bool changed = false;
  for (const ItemIndex item : ordered) changed |= redo_item(edit, item, context) != kNil;
  // Children before their parents: a filter then still sees where they are.
  for (auto item = to_delete.rbegin(); item != to_delete.rend(); ++item) {
    if (!may_delete(*item)) continue;
    edit.transaction.delete_item(*item);
    changed = true;
  }
  return changed;
}

Result<bool> UndoManager::Impl::pop(std::vector<StackItem>& stack, Action action) {
  if (doc == nullptr) return fail(Code::kNotFound, "the document of the UndoManager is gone");
  uint64_t units = 0;
  for (const StackItem& item : stack) {
    for (const SlotRange& range : item.deletions) units += range.len;
  }
  if (auto may = doc->may_edit(0, units); !may) return tl::unexpected(std::move(may.error()));
  bool& running = action == Action::kUndo ? undoing : redoing;
  running = true;
  std::optional<StackItem> popped;
  const auto [begun, joined] = doc->begin(true, own_origin);
  Edit edit{doc->store, begun.transaction, doc->local->slot, doc->local->scratch, doc->local->format_values};
  while (!stack.empty() && !popped) {
    StackItem item = std::move(stack.back());
    stack.pop_back();
    if (revert(item, edit)) popped = std::move(item);
  }
  if (!joined) doc->end();
  running = false;
  if (!popped) return false;
  on_popped.call(StackItemEvent{action, own_origin, popped->meta});
  return true;
}

// What a dropped stack item kept from collection may go.
void UndoManager::Impl::forget(Transaction& transaction, std::vector<StackItem>& stack) {
  for (const StackItem& stack_item : stack) {
    each_item(doc->store, transaction, stack_item.deletions, [&](ItemIndex item) {
      if (in_scope(item)) keep_item(doc->store, item, false);
    });
  }
  stack.clear();
}

void UndoManager::Impl::clear(bool undo, bool redo) {
  if (doc == nullptr || !((undo && !undo_stack.empty()) || (redo && !redo_stack.empty()))) return;
  const auto [begun, joined] = doc->begin(true, 0);
  if (undo) forget(begun.transaction, undo_stack);
  if (redo) forget(begun.transaction, redo_stack);
  on_cleared.call(undo, redo);
  if (!joined) doc->end();
}

UndoManager::UndoManager(Doc& doc, const std::vector<SharedType>& scope, UndoOptions options)
    : impl_(std::make_unique<Impl>(Handles::impl(doc), std::move(options))) {
  Local& local = impl_->doc->make_local();
  impl_->whole_document = scope.empty();
  impl_->scope = scope;
  impl_->own_origin = local.next_undo_origin++;
  impl_->options.tracked_origins.insert(impl_->own_origin);
  local.watchers.push_back(impl_.get());
}

UndoManager::~UndoManager() {
  if (impl_->doc != nullptr) std::erase(impl_->doc->local->watchers, impl_.get());
}

Origin UndoManager::origin() const { return impl_->own_origin; }

void UndoManager::add_to_scope(const SharedType& type) {
  if (std::find(impl_->scope.begin(), impl_->scope.end(), type) == impl_->scope.end())
    impl_->scope.push_back(type);
}

void UndoManager::add_tracked_origin(Origin origin) { impl_->options.tracked_origins.insert(origin); }
void UndoManager::remove_tracked_origin(Origin origin) { impl_->options.tracked_origins.erase(origin); }

Result<bool> UndoManager::undo() { return impl_->pop(impl_->undo_stack, Action::kUndo); }
Result<bool> UndoManager::redo() { return impl_->pop(impl_->redo_stack, Action::kRedo); }
bool UndoManager::can_undo() const { return !impl_->undo_stack.empty(); }
bool UndoManager::can_redo() const { return !impl_->redo_stack.empty(); }
void UndoManager::stop_capturing() { impl_->last_change = 0; }
void UndoManager::clear(bool undo_stack, bool redo_stack) { impl_->clear(undo_stack, redo_stack); }

Subscription UndoManager::on_stack_item_added(StackItemObserver observer) {
  return impl_->on_added.add(std::move(observer));
}
Subscription UndoManager::on_stack_item_updated(StackItemObserver observer) {
  return impl_->on_updated.add(std::move(observer));
}
Subscription UndoManager::on_stack_item_popped(StackItemObserver observer) {
  return impl_->on_popped.add(std::move(observer));
}
Subscription UndoManager::on_stack_cleared(std::function<void(bool undo_stack, bool redo_stack)> observer) {
  return impl_->on_cleared.add(std::move(observer));
}

}  // namespace symphony
