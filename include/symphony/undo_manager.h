// Undo and redo of this document's own edits, without touching what others did (Yjs: UndoManager).
//
//   UndoManager undo(doc, {text});
//   text.insert(0, "hello");
//   undo.undo();                    // text is as before
//   undo.redo();
//
// Transactions with a tracked origin that changed something in scope become stack items; those within
// `capture_timeout_ms` of each other are joined. What a stack item deleted is kept from collection until the
// item is dropped, so an UndoManager costs memory. It must not outlive its document.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "symphony/shared_types.h"

namespace symphony {

// What undo or redo is about to delete.
struct UndoneItem {
  SharedType parent;
  std::string key;  // of a map entry; else empty
  Content content;  // of runs of several: the first
};

struct UndoOptions {
  // Transactions closer together than this become one stack item. Time comes from `now_ms`, any clock that
  // does not go back; without one, time stands still and everything up to stop_capturing() is one item.
  uint64_t capture_timeout_ms = 500;
  std::function<uint64_t()> now_ms;
  std::set<Origin> tracked_origins = {0};
  // Not captured if it says false.
  std::function<bool(const TransactionInfo&)> capture_transaction;
  // Not deleted by undo or redo if it says false.
  std::function<bool(const UndoneItem&)> delete_filter;
  // Undo a map's change even if somebody else has set the key since.
  bool ignore_remote_map_changes = false;
};

class UndoManager {
 public:
  // What the embedder remembers with a stack item, such as a selection (stackItem.meta).
  using Meta = std::map<std::string, Value>;
  enum class Action : uint8_t { kUndo, kRedo };

  struct StackItemEvent {
    Action action;  // what will (added, updated) or did (popped) revert it
    Origin origin;  // of the transaction
    Meta& meta;
  };

  // Tracks changes of the types in `scope` and inside them; with an empty scope, of the whole document.
  explicit UndoManager(Doc& doc, const std::vector<SharedType>& scope = {}, UndoOptions options = {});
  ~UndoManager();
  UndoManager(const UndoManager&) = delete;
  UndoManager& operator=(const UndoManager&) = delete;

  // The origin of the transactions that undo and redo make.
  Origin origin() const;

  void add_to_scope(const SharedType& type);
  void add_tracked_origin(Origin origin);
  void remove_tracked_origin(Origin origin);

  // Reverts the newest stack item that still has an effect. False if there was none. The errors of an edit
  // (shared_types.h). Cost: linear in what the stack item did.
  Result<bool> undo();
  Result<bool> redo();
  bool can_undo() const;
  bool can_redo() const;

  // The next change begins a stack item of its own.
  void stop_capturing();

  // Forgets; what was kept from collection stays until the document is loaded anew, as in Yjs.
  void clear(bool undo_stack = true, bool redo_stack = true);

  // 'stack-item-added', 'stack-item-updated', 'stack-item-popped', 'stack-cleared'.
  using StackItemObserver = std::function<void(const StackItemEvent&)>;
  [[nodiscard]] Subscription on_stack_item_added(StackItemObserver observer);
  [[nodiscard]] Subscription on_stack_item_updated(StackItemObserver observer);
  [[nodiscard]] Subscription on_stack_item_popped(StackItemObserver observer);
  [[nodiscard]] Subscription on_stack_cleared(std::function<void(bool undo_stack, bool redo_stack)> observer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace symphony
