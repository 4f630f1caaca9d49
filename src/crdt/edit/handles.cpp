#include "crdt/edit/handles.h"

#include "crdt/doc/read.h"
#include "crdt/edit/event_state.h"

namespace symphony::crdt {

SharedType Handles::type(Doc::Impl& doc, TypeIndex type) {
  const SlotId owner = owner_id(doc.store, type);
  doc.has_handles = true;
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

TypeIndex Handles::any_type(const SharedType& handle) {
  if (handle.doc_ == nullptr) return kNil;
  if (handle.owner_slot_ == kNil) return handle.type_;  // a root stays
  const SlotId owner{handle.owner_slot_, handle.owner_clock_};
  const Store& store = handle.doc_->store;
  return handle.type_ < store.types.size() && owner_id(store, handle.type_) == owner ? handle.type_ : kNil;
}

TypeIndex Handles::resolve(const SharedType& handle) {
  const TypeIndex type = any_type(handle);
  if (type == kNil) return kNil;
  const ItemIndex owner = handle.doc_->store.types[type].owner;
  return owner == kNil || !handle.doc_->store.items[owner].deleted ? type : kNil;
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
