// Between the public handles and what they name.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "crdt/doc/doc_impl.h"
#include "crdt/edit/edit.h"
#include "symphony/shared_types.h"

namespace symphony::crdt {

class EventState;

struct Handles {
  static Doc::Impl& impl(Doc& doc) { return doc.live(); }
  static Doc::Impl* document(const SharedType& handle) { return handle.doc_; }

  static SharedType type(Doc::Impl& doc, TypeIndex type);
  static Subdoc subdoc(Doc::Impl& doc, SlotId id);
  static Event event(std::shared_ptr<EventState> state);
  static EventState& state(const Event& event) { return *event.state_; }

  // The type, or kNil if it is gone.
  static TypeIndex resolve(const SharedType& handle);
  // The type even if it is deleted, as long as it is not collected; else kNil.
  static TypeIndex any_type(const SharedType& handle);
  // The item that holds a subdocument, or kNil if it is gone.
  static ItemIndex resolve(const Subdoc& handle);

  // The protected calls that make a type of a kind known only when running.
  static Result<SharedType> insert_new(const SharedType& list, uint32_t index, TypeKind kind,
                                       std::string_view name) {
    return list.insert_new(index, kind, name);
  }
  static Result<SharedType> set_new(const SharedType& map, std::string_view key, TypeKind kind,
                                    std::string_view name) {
    return map.set_new(key, kind, name);
  }
  static Result<SharedType> embed_new(const Text& text, uint32_t index, TypeKind kind, std::string_view name,
                                      const Attributes& attributes) {
    return text.embed_new(index, kind, name, attributes);
  }

  // What an item holds at `offset`; an item that is deleted may have lost it.
  static Content content(Doc::Impl& doc, ItemIndex item, uint32_t offset);
  // All that it holds.
  static void append_contents(Doc::Impl& doc, ItemIndex item, std::vector<Content>& out);
};

// The id of the item that holds a type; of a root: none.
inline SlotId owner_id(const Store& store, TypeIndex type) {
  const ItemIndex owner = store.types[type].owner;
  return owner == kNil ? SlotId{} : SlotId{store.slot(store.items[owner]), store.items[owner].clock};
}

// Runs `body(Edit&)` in the running transaction or in one of its own. The document may be edited.
template <class Body>
auto edit(Doc::Impl& doc, Body body) {
  const auto [running, joined] = doc.begin(true, 0);
  Edit context{doc.store, running.transaction, doc.local->slot, doc.local->scratch, doc.local->format_values};
  if constexpr (std::is_void_v<decltype(body(context))>) {
    body(context);
    if (!joined) doc.end();
  } else {
    auto result = body(context);
    if (!joined) doc.end();
    return result;
  }
}

}  // namespace symphony::crdt
