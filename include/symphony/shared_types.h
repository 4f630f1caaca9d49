// Editing: handles on the shared types of a document (Yjs: Y.Text, Y.Array, Y.Map, Y.Xml*).
//
//   DocOptions options;
//   options.client_id = random_client_id();
//   Doc doc(options);
//   Text text = *doc.get_text("notes");
//   Subscription peers = doc.on_update([&](Bytes update, const TransactionInfo&) { send(update); });
//   text.insert(0, "hello");                          // a transaction of its own: one update
//   doc.transact([&] {                                // several edits, one update
//     text.format(0, 5, {{"bold", true}});
//     doc.get_map("meta")->set("title", "Greeting");
//   });
//
// A handle is a few words that name a type; copy it freely, but do not use it after its Doc is gone. Handles
// of one type are interchangeable. When the type is deleted, edits fail with kNotFound and reads show it
// empty.
//
// An edit is, on the wire, byte for byte what Yjs 13 writes for the same call with the same client id.
// Outside of Doc::transact an edit is a transaction of its own. Every edit fails with kInvalid, and changes
// nothing, if the document has no client id, an index is beyond the end, or a text is not UTF-8; with kLimit
// if the document would grow past its DocLimits; with kConflict if somebody else writes with this client id.
//
// One exception: a root text that got formatting before it was asked for with get_text. In Yjs, what an
// insertion there inherits depends on a cache of places; here it is always the formatting of the character
// before.
//
// Indices and lengths count UTF-16 code units in texts and elements in lists, as in JavaScript.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "symphony/doc.h"
#include "symphony/events.h"
#include "symphony/value.h"

namespace symphony {

struct DeltaOp;

// A subdocument where it stands in its parent document. What it holds is a Doc of its own, which the embedder
// keeps and finds by guid.
class Subdoc {
 public:
  // Whether it is still part of its document.
  bool exists() const;
  const std::string& guid() const { return guid_; }
  // The options it was inserted with: gc, autoLoad, meta (ContentDoc.opts).
  Value options() const;
  // subdoc.shouldLoad: inserted here, set to load by itself, or loaded.
  bool should_load() const;
  // subdoc.load(): asks for the content; Doc::on_subdocs hears of it. Nothing happens the second time.
  Result<void> load() const;
  // subdoc.destroy(): the instance goes, the place stays; Doc::on_subdocs hears of an unloaded one instead.
  Result<void> destroy() const;

  friend bool operator==(const Subdoc&, const Subdoc&) = default;

 private:
  friend struct crdt::Handles;

  Doc::Impl* doc_ = nullptr;
  uint32_t slot_ = ~0u;  // of the item that holds it
  uint32_t clock_ = 0;
  std::string guid_;
};

// Formatting, as keys and values. As an argument, null ends a key's formatting.
using Attributes = std::vector<Value::Member>;

// What a list or a map holds at one place.
using Content = std::variant<Value, SharedType, Subdoc>;

// Any shared type (Y.AbstractType).
class SharedType {
 public:
  SharedType() = default;  // of no document: does not exist

  // Whether the type is still part of its document.
  bool exists() const;

  TypeKind kind() const;

  // The type this one is in; nothing for a root.
  std::optional<SharedType> parent() const;

  // The name of a root, an element's node name or a hook's name; else empty.
  std::string name() const;

  // This type as a Text, Array, Map or Xml*; nothing if it is of another kind. An XmlElement is an
  // XmlFragment too, an XmlText a Text, an XmlHook a Map.
  template <class T>
  std::optional<T> as() const {
    return exists() && T::is_of(kind()) ? std::optional<T>(T(*this)) : std::nullopt;
  }

  // JSON.stringify(type.toJSON()).
  std::string to_json() const;

  // type.observe: `observer` is called after each transaction that changed this type itself. See events.h.
  [[nodiscard]] Subscription observe(std::function<void(const Event&)> observer) const;

  // type.observeDeep: called after each transaction that changed this type or types inside it, with one event
  // for each, those nearest to this type first.
  [[nodiscard]] Subscription observe_deep(std::function<void(std::span<const Event>)> observer) const;

  friend bool operator==(const SharedType&, const SharedType&) = default;

 protected:
  friend struct crdt::Handles;

  // What stands at `index` of a list and how an edit puts it there; the classes below say what it means.
  Result<SharedType> insert_new(uint32_t index, TypeKind kind, std::string_view name) const;
  Result<SharedType> set_new(std::string_view key, TypeKind kind, std::string_view name) const;
  Result<SharedType> insert_copy(uint32_t index, const SharedType& type) const;
  Result<SharedType> set_copy(std::string_view key, const SharedType& type) const;

  Result<void> set_value(std::string_view key, const Value& value) const;
  Result<void> remove_key(std::string_view key) const;
  std::optional<Content> get_key(std::string_view key) const;
  std::vector<std::pair<std::string, Content>> all_keys() const;

  Result<void> remove_range(uint32_t index, uint32_t length) const;
  std::optional<Content> get_at(uint32_t index) const;
  std::vector<Content> slice_of(int64_t start, int64_t end) const;
  uint32_t list_length() const;

  std::optional<SharedType> sibling(bool next) const;

  Doc::Impl* doc_ = nullptr;
  uint32_t type_ = 0;          // its place in the document's table, valid while `owner_` is what holds it
  uint32_t owner_slot_ = ~0u;  // the item that holds it; of a root: none
  uint32_t owner_clock_ = 0;
};

// Y.Text: characters, embedded objects and shared types, with formatting. (YText's attributes of the whole
// text are those of XmlText: set_attribute and so on.)
class Text : public SharedType {
 public:
  Text() = default;
  explicit Text(const SharedType& type) : SharedType(type) {}
  static bool is_of(TypeKind kind) { return kind == TypeKind::kText || kind == TypeKind::kXmlText; }

  // text.length. Constant time.
  uint32_t length() const { return list_length(); }

  // text.insert(index, string): formatted like the character before. Cost: logarithmic in the document;
  // constant right behind the last insertion.
  Result<void> insert(uint32_t index, std::string_view text) const;
  // text.insert(index, string, attributes): formatted with exactly these.
  Result<void> insert(uint32_t index, std::string_view text, const Attributes& attributes) const;

  // text.insertEmbed(index, object, attributes). The embed counts as one.
  Result<void> insert_embed(uint32_t index, const Value& embed, const Attributes& attributes = {}) const;
  // text.insertEmbed(index, new T, attributes).
  template <class T>
  Result<T> insert_type(uint32_t index, std::string_view name = {}, const Attributes& attributes = {}) const {
    return embed_new(index, T::kKind, name, attributes).map([](const SharedType& type) { return T(type); });
  }

  // text.delete(index, length). What does not exist behind the end is not an error, as in Yjs.
  Result<void> remove(uint32_t index, uint32_t length) const;

  // text.format(index, length, attributes).
  Result<void> format(uint32_t index, uint32_t length, const Attributes& attributes) const;

  // text.applyDelta(delta, {sanitize}). One transaction. A retain beyond the end adds newlines, as in Yjs.
  Result<void> apply_delta(std::span<const DeltaOp> delta, bool sanitize = true) const;
  Result<void> apply_delta(std::initializer_list<DeltaOp> delta, bool sanitize = true) const;

  // text.toDelta(). Linear.
  std::vector<DeltaOp> to_delta() const;

  // text.toString(). Linear.
  std::string to_string() const;

  // Attributes of the text as a whole: text.setAttribute, removeAttribute, getAttribute, getAttributes.
  Result<void> set_attribute(std::string_view key, const Value& value) const { return set_value(key, value); }
  Result<void> remove_attribute(std::string_view key) const { return remove_key(key); }
  std::optional<Content> get_attribute(std::string_view key) const { return get_key(key); }
  std::vector<std::pair<std::string, Content>> attributes() const { return all_keys(); }

  static constexpr TypeKind kKind = TypeKind::kText;

 private:
  friend struct crdt::Handles;

  Result<SharedType> embed_new(uint32_t index, TypeKind kind, std::string_view name,
                               const Attributes& attributes) const;
};

// Y.Array.
class Array : public SharedType {
 public:
  Array() = default;
  explicit Array(const SharedType& type) : SharedType(type) {}
  static bool is_of(TypeKind kind) { return kind == TypeKind::kArray; }

  // array.length. Constant time.
  uint32_t length() const { return list_length(); }

  // array.insert(index, values). Bytes become binaries; undefined and bigints are refused (kInvalid), as in
  // Yjs.
  Result<void> insert(uint32_t index, std::span<const Value> values) const;
  Result<void> insert(uint32_t index, std::initializer_list<Value> values) const;
  // array.push(values).
  Result<void> push(std::span<const Value> values) const;
  Result<void> push(std::initializer_list<Value> values) const;
  // array.unshift(values).
  Result<void> unshift(std::span<const Value> values) const { return insert(0, values); }
  Result<void> unshift(std::initializer_list<Value> values) const { return insert(0, values); }

  // array.insert(index, [new T]): the new, empty type. `name`: the node name of an XmlElement or XmlHook.
  // To fill it in the same update, do both in one Doc::transact.
  template <class T>
  Result<T> insert_type(uint32_t index, std::string_view name = {}) const {
    return insert_new(index, T::kKind, name).map([](const SharedType& type) { return T(type); });
  }
  // array.insert(index, [type.clone()]): a copy of a type of this or another document, with all that is in
  // it, in one transaction; T is any class here. What Yjs's clone() leaves out is left out: attributes of a
  // text as a whole. kLimit if it nests deeper than 500. Linear in what is copied.
  template <class T>
  Result<T> insert_clone(uint32_t index, const T& type) const {
    return insert_copy(index, type).map([](const SharedType& copy) { return T(copy); });
  }
  // array.insert(index, [new Y.Doc(options)]).
  Result<Subdoc> insert_doc(uint32_t index, const SubdocOptions& options) const;

  // array.delete(index, length). kInvalid if there are fewer elements.
  Result<void> remove(uint32_t index, uint32_t length = 1) const { return remove_range(index, length); }

  // array.get(index); nothing beyond the end. Logarithmic.
  std::optional<Content> get(uint32_t index) const { return get_at(index); }
  // array.slice(start, end); negative numbers count from the end.
  std::vector<Content> slice(int64_t start, int64_t end) const { return slice_of(start, end); }
  std::vector<Content> to_array() const { return slice_of(0, list_length()); }

  static constexpr TypeKind kKind = TypeKind::kArray;
};

// Y.Map.
class Map : public SharedType {
 public:
  Map() = default;
  explicit Map(const SharedType& type) : SharedType(type) {}
  static bool is_of(TypeKind kind) { return kind == TypeKind::kMap || kind == TypeKind::kXmlHook; }

  // map.set(key, value). Constant time, but for what the old value takes to delete.
  Result<void> set(std::string_view key, const Value& value) const { return set_value(key, value); }
  // map.set(key, new T): the new, empty type.
  template <class T>
  Result<T> set_type(std::string_view key, std::string_view name = {}) const {
    return set_new(key, T::kKind, name).map([](const SharedType& type) { return T(type); });
  }
  // map.set(key, type.clone()): see Array::insert_clone.
  template <class T>
  Result<T> set_clone(std::string_view key, const T& type) const {
    return set_copy(key, type).map([](const SharedType& copy) { return T(copy); });
  }
  // map.set(key, new Y.Doc(options)).
  Result<Subdoc> set_doc(std::string_view key, const SubdocOptions& options) const;

  // map.delete(key). A key that is not there is no error.
  Result<void> remove(std::string_view key) const { return remove_key(key); }
  // map.clear().
  Result<void> clear() const;

  // map.get(key).
  std::optional<Content> get(std::string_view key) const { return get_key(key); }
  // map.has(key).
  bool has(std::string_view key) const;
  // map.size. Linear in the keys there ever were.
  uint32_t size() const;
  // map.entries(), in the order of Yjs: that in which keys first appeared in this document.
  std::vector<std::pair<std::string, Content>> entries() const { return all_keys(); }

  static constexpr TypeKind kKind = TypeKind::kMap;
};

class XmlElement;

// Y.XmlFragment: a list of XmlElements, XmlTexts and XmlHooks.
class XmlFragment : public SharedType {
 public:
  XmlFragment() = default;
  explicit XmlFragment(const SharedType& type) : SharedType(type) {}
  static bool is_of(TypeKind kind) { return kind == TypeKind::kXmlFragment || kind == TypeKind::kXmlElement; }

  // fragment.length. Constant time.
  uint32_t length() const { return list_length(); }

  // fragment.insert(index, [new T]): the new, empty node. `name`: of an XmlElement or XmlHook.
  template <class T>
  Result<T> insert_type(uint32_t index, std::string_view name = {}) const {
    return insert_new(index, T::kKind, name).map([](const SharedType& type) { return T(type); });
  }
  // fragment.push([new T]).
  template <class T>
  Result<T> push_type(std::string_view name = {}) const {
    return insert_type<T>(list_length(), name);
  }
  // fragment.insertAfter(node, [new T]); at the beginning without a node. kInvalid if `node` is no child.
  template <class T>
  Result<T> insert_type_after(const std::optional<SharedType>& node, std::string_view name = {}) const {
    return insert_new_after(node, T::kKind, name).map([](const SharedType& type) { return T(type); });
  }

  // fragment.insert(index, [node.clone()]): see Array::insert_clone.
  template <class T>
  Result<T> insert_clone(uint32_t index, const T& node) const {
    return insert_copy(index, node).map([](const SharedType& copy) { return T(copy); });
  }

  // fragment.delete(index, length). kInvalid if there are fewer nodes.
  Result<void> remove(uint32_t index, uint32_t length = 1) const { return remove_range(index, length); }

  // fragment.get(index), fragment.slice(start, end).
  std::optional<Content> get(uint32_t index) const { return get_at(index); }
  std::vector<Content> slice(int64_t start, int64_t end) const { return slice_of(start, end); }

  // fragment.firstChild.
  std::optional<SharedType> first_child() const;

  // fragment.createTreeWalker(): all nodes below this one in document order, parents before their children.
  // Linear in them.
  std::vector<SharedType> descendants() const;
  // fragment.querySelector(name), querySelectorAll(name): the first element, or all of them, below this node
  // with that name; ASCII letters in either case. As in Yjs a query is a name and nothing else.
  std::optional<XmlElement> query_selector(std::string_view name) const;
  std::vector<XmlElement> query_selector_all(std::string_view name) const;

  // fragment.toString(): the XML. Linear.
  std::string to_string() const;

  static constexpr TypeKind kKind = TypeKind::kXmlFragment;

 private:
  Result<SharedType> insert_new_after(const std::optional<SharedType>& node, TypeKind kind,
                                      std::string_view name) const;
};

// Y.XmlElement: a node with a name, attributes and children.
class XmlElement : public XmlFragment {
 public:
  XmlElement() = default;
  explicit XmlElement(const SharedType& type) : XmlFragment(type) {}
  static bool is_of(TypeKind kind) { return kind == TypeKind::kXmlElement; }

  // element.nodeName ("UNDEFINED" if it was made without a name).
  std::string node_name() const { return name(); }

  // element.setAttribute, removeAttribute, getAttribute, getAttributes.
  Result<void> set_attribute(std::string_view key, const Value& value) const { return set_value(key, value); }
  Result<void> remove_attribute(std::string_view key) const { return remove_key(key); }
  std::optional<Content> get_attribute(std::string_view key) const { return get_key(key); }
  std::vector<std::pair<std::string, Content>> attributes() const { return all_keys(); }

  // element.nextSibling, element.prevSibling.
  std::optional<SharedType> next_sibling() const { return sibling(true); }
  std::optional<SharedType> prev_sibling() const { return sibling(false); }

  static constexpr TypeKind kKind = TypeKind::kXmlElement;
};

// Y.XmlText.
class XmlText : public Text {
 public:
  XmlText() = default;
  explicit XmlText(const SharedType& type) : Text(type) {}
  static bool is_of(TypeKind kind) { return kind == TypeKind::kXmlText; }

  // text.toString(): formatting as nested elements.
  std::string to_xml() const;

  std::optional<SharedType> next_sibling() const { return sibling(true); }
  std::optional<SharedType> prev_sibling() const { return sibling(false); }

  static constexpr TypeKind kKind = TypeKind::kXmlText;
};

// Y.XmlHook: a map that stands for a node.
class XmlHook : public Map {
 public:
  XmlHook() = default;
  explicit XmlHook(const SharedType& type) : Map(type) {}
  static bool is_of(TypeKind kind) { return kind == TypeKind::kXmlHook; }

  static constexpr TypeKind kKind = TypeKind::kXmlHook;
};

// What happened to one key of a map (event.changes.keys).
struct KeyChange {
  enum class Action : uint8_t { kAdd, kUpdate, kDelete };

  std::string key;
  Action action = Action::kAdd;
  Content old_value;  // undefined for kAdd. A deleted type is a handle on what no longer exists.
};

// One step of a delta: insert, keep or delete at the current place, and go behind it.
struct DeltaOp {
  enum class Kind : uint8_t { kInsert, kRetain, kDelete };

  Kind kind = Kind::kRetain;
  uint32_t length = 0;          // kRetain, kDelete
  std::vector<Content> insert;  // of a text: one string, embed or type; of a list: elements
  bool of_list = false;         // `insert` are elements of a list, not one piece of a text
  Attributes attributes;        // of a text; null: formatting that ends

  static DeltaOp inserting(Content content, Attributes attributes = {});
  static DeltaOp retaining(uint32_t length, Attributes attributes = {});
  static DeltaOp deleting(uint32_t length);
};

// JSON.stringify of a delta; shared types appear as their toJSON().
std::string to_json(std::span<const DeltaOp> delta);
// JSON.stringify of what stands at one place; a subdocument is {}.
std::string to_json(const Content& content);

}  // namespace symphony
