// What observers are told, when, and how they stop (Yjs: YEvent, Transaction events).
//
// When a transaction ends, in Yjs's order: observers of the types that changed, in the order of their first
// change; deep observers; Doc::on_after_transaction; the clean-up; then Doc::on_update. An observer may edit:
// its edits are transactions of their own, which end after the one being observed, with their own updates.
// It may not destroy the document. Observers must not throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "symphony/types.h"

namespace symphony {

class SharedType;
class Subdoc;
struct DeltaOp;
struct KeyChange;

namespace crdt {
class EventState;
struct Handles;
class Store;
}  // namespace crdt

// Who is behind a transaction: a number that the embedder chooses, 0 for nobody in particular. Numbers from
// kUndoOrigins on are taken by UndoManagers.
using Origin = uint64_t;
inline constexpr Origin kUndoOrigins = Origin{1} << 63;

struct TransactionInfo {
  Origin origin = 0;
  bool local = true;  // false: a peer's update
};

// Keeps an observer called: cancels it when destroyed. May outlive the document.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::function<void()> cancel);
  Subscription(Subscription&& other) noexcept;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription();

  // Stops the calls now.
  void cancel();
  // Lets the calls go on as long as the document lives.
  void keep();

 private:
  std::function<void()> cancel_;
};

// What happened to one type in one transaction. Only valid during the call of the observer, and only before
// the document is edited again; everything is computed when asked for, in time linear in the type.
class Event {
 public:
  // The type that changed, and the one whose observer is called.
  SharedType target() const;
  SharedType current_target() const;
  const TransactionInfo& transaction() const;

  // Whether the list changed, and which keys (YXmlEvent.childListChanged, keysChanged).
  bool list_changed() const;
  std::vector<std::string> keys_changed() const;

  // event.path: keys and indices that lead from the current target to the target.
  using Path = std::vector<std::variant<std::string, uint32_t>>;
  Path path() const;

  // event.changes.delta, or of a text event.delta. Asking a text's may remove formatting that says nothing,
  // in a follow-up transaction, as in Yjs.
  const std::vector<DeltaOp>& delta() const;

  // event.changes.keys.
  const std::vector<KeyChange>& keys() const;

 private:
  friend struct crdt::Handles;

  std::shared_ptr<crdt::EventState> state_;
};

// What happened to the subdocuments of a document in one transaction ('subdocs').
struct SubdocsEvent {
  std::vector<Subdoc> added;
  std::vector<Subdoc> loaded;  // their content is wanted
  std::vector<Subdoc> removed;
};

}  // namespace symphony
