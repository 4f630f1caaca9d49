// What a Doc offers to those who edit and observe it.
#include "base/utf8.h"
#include "crdt/edit/handles.h"

namespace symphony {

using namespace crdt;

namespace {

template <class T>
Result<T> root_as(Doc::Impl& doc, std::string_view name) {
  Store& store = doc.store;
  TypeIndex type = store.find_root(name);
  if (type == kNil) {
    if (!is_utf8(as_bytes(name))) {
      return fail(Code::kInvalid, "the name of a root is not valid UTF-8");
    }
    if (store.roots.size() >= doc.options.limits.roots_max) {
      return fail(Code::kLimit, "the document has as many root types as it may have");
    }
    type = store.add_root(name);
  }
  Type& root = store.types[type];
  if (root.type_ref == kTypeRefNone) {
    root.type_ref = static_cast<uint8_t>(T::kKind);
    root.has_formatting = false;  // what came before it was known to be a text does not count, as in Yjs
  } else if (root.type_ref != static_cast<uint8_t>(T::kKind)) {
    return fail(Code::kInvalid, "the root \"" + std::string(name) + "\" is of another kind");
  }
  return T(Handles::type(doc, type));
}

}  // namespace

Result<Text> Doc::get_text(std::string_view name) { return root_as<Text>(live(), name); }
Result<Array> Doc::get_array(std::string_view name) { return root_as<Array>(live(), name); }
Result<Map> Doc::get_map(std::string_view name) { return root_as<Map>(live(), name); }
Result<XmlFragment> Doc::get_xml_fragment(std::string_view name) {
  return root_as<XmlFragment>(live(), name);
}
Result<XmlElement> Doc::get_xml_element(std::string_view name) { return root_as<XmlElement>(live(), name); }
Result<XmlText> Doc::get_xml_text(std::string_view name) { return root_as<XmlText>(live(), name); }

void Doc::transact(const std::function<void()>& body, Origin origin) {
  const auto [running, joined] = live().begin(true, origin);
  body();
  if (!joined) live().end();
}

std::optional<uint64_t> Doc::client_id() const { return live().options.client_id; }

Result<void> Doc::set_client_id(uint64_t client_id) {
  if (live().current != nullptr)
    return fail(Code::kInvalid, "the client id cannot change inside of a transaction");
  live().options.client_id = client_id;
  Local& local = live().make_local();
  local.slot = kNil;
  local.collided = false;
  return {};
}

Subscription Doc::on_update(std::function<void(Bytes update, const TransactionInfo&)> observer) {
  return live().make_local().on_update.add(std::move(observer));
}

Subscription Doc::on_after_transaction(std::function<void(const TransactionInfo&)> observer) {
  return live().make_local().on_after_transaction.add(std::move(observer));
}

Subscription Doc::on_subdocs(std::function<void(const SubdocsEvent&)> observer) {
  return live().make_local().on_subdocs.add(std::move(observer));
}

std::vector<Subdoc> Doc::subdocs() const {
  std::vector<Subdoc> all;
  live().make_local();  // whom handles name does not go to rest
  const Store& store = live().store;
  for (Slot slot = 0; slot < store.clients.size(); ++slot) {
    const StructList& structs = store.clients[slot].structs;
    if (structs.empty()) continue;
    for (StructList::Position at = structs.begin();;) {
      const Item& item = store.items[structs.item(at)];
      if (item.ref == kDoc && !item.deleted) all.push_back(Handles::subdoc(live(), {slot, item.clock}));
      if (!structs.next(at)) break;
    }
  }
  return all;
}

}  // namespace symphony
