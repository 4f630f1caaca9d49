#include "crdt/handles.h"

#include "crdt/event_state.h"
#include "crdt/read.h"

namespace symphony::crdt {

SharedType Handles::type(Doc::Impl& doc, TypeIndex type) {
  const SlotId owner = owner_id(doc.store, type);
  SharedType handle;
  handle.doc_ = &doc;
  handle.type_ = type;
  handle.owner_slot_ = owner.slot;
  handle.owner_clock_ = owner.clock;
  return handle;
}

Subdoc Handles::subdoc(Doc::Impl& doc, SlotId id) {
  Subdoc handle;
  handle.doc_ = &doc;
  handle.slot_ = id.slot;
  handle.clock_ = id.clock;
  const Item& item = doc.store.items[doc.store.find(id.slot, id.clock)];
  if (item.ref == kDoc) {
    Reader in(doc.store.content(item));
    handle.guid_ = in.read_var_string();
  }
  return handle;
}

Event Handles::event(std::shared_ptr<EventState> state) {
  Event event;
  event.state_ = std::move(state);
  return event;
}

TypeIndex Handles::resolve(const SharedType& handle) {
  if (handle.doc_ == nullptr) return kNil;
  const Store& store = handle.doc_->store;
  const TypeIndex type = handle.type_;
  if (handle.owner_slot_ == kNil) return type;  // a root stays
  const ItemIndex owner = store.types[type].owner;
  if (owner == kNil || store.items[owner].deleted) return kNil;
  return owner_id(store, type) == SlotId{handle.owner_slot_, handle.owner_clock_} ? type : kNil;
}

ItemIndex Handles::resolve(const Subdoc& handle) {
  if (handle.doc_ == nullptr) return kNil;
  const Store& store = handle.doc_->store;
  const ItemIndex item = store.find(handle.slot_, handle.clock_);
  return store.items[item].ref == kDoc ? item : kNil;
}

void Handles::append_contents(Doc::Impl& doc, ItemIndex index, std::vector<Content>& out) {
  const Item& item = doc.store.items[index];
  if (item.ref == kType) {
    out.emplace_back(type(doc, item.content));
  } else if (item.ref == kDoc) {
    out.emplace_back(subdoc(doc, {doc.store.slot(item), item.clock}));
  } else {
    for (Value& value : values_of(doc.store, item)) out.emplace_back(std::move(value));
  }
}

Content Handles::content(Doc::Impl& doc, ItemIndex index, uint32_t offset) {
  std::vector<Content> all;
  append_contents(doc, index, all);
  return offset < all.size() ? std::move(all[offset]) : Content(Value());
}

}  // namespace symphony::crdt
