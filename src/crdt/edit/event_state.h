// What is behind an Event: one type's changes in one transaction, computed when somebody asks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crdt/doc/doc_impl.h"
#include "crdt/integrate/format_value.h"

namespace symphony::crdt {

class EventState {
 public:
  EventState(Doc::Impl& doc, Running& running, TypeIndex target)
      : doc_(doc), running_(running), target_(target), current_(target) {}

  TypeIndex target() const { return target_; }
  TypeIndex current_target() const { return current_; }
  void set_current_target(TypeIndex type) { current_ = type; }
  const TransactionInfo& info() const { return running_.info; }
  Doc::Impl& doc() const { return doc_; }

  bool list_changed() const;
  std::vector<std::string> keys_changed() const;
  Event::Path path() const;
  const std::vector<DeltaOp>& delta();
  const std::vector<KeyChange>& keys();

 private:
  bool adds(const Item& item) const;
  bool deletes(const Item& item) const;
  std::vector<DeltaOp> list_delta() const;
  std::optional<KeyChange> key_change(EntryIndex entry) const;

  Doc::Impl& doc_;
  Running& running_;
  TypeIndex target_;
  TypeIndex current_;
  std::optional<std::vector<DeltaOp>> delta_;
  std::optional<std::vector<KeyChange>> keys_;
};

// YTextEvent.delta. May delete redundant marks, in a transaction of its own.
std::vector<DeltaOp> text_delta(Doc::Impl& doc, const Transaction& changes, TypeIndex text);

// Calls the observers of what a transaction changed, and the deep ones above; the types that changed or hold
// such types (transaction.changedParentTypes).
std::vector<TypeIndex> call_observers(Doc::Impl& doc, Running& running);

// type.getPathTo: keys and indices from `from` down to `to`.
Event::Path path_between(const Store& store, TypeIndex from, TypeIndex to);

}  // namespace symphony::crdt
