// XmlFragment and the nodes below it: symphony/shared_types.h.
#include <algorithm>

#include "crdt/doc/read.h"
#include "crdt/edit/edit_checks.h"
#include "crdt/edit/list_edit.h"

namespace symphony {

using namespace crdt;

namespace {

// Calls visit(item) for each type below `root`, parents before their children, until it says false. Only
// fragments and elements have children (YXmlTreeWalker).
template <class Visit>
void walk(const Store& store, TypeIndex root, Visit visit) {
  ItemIndex at = store.types[root].start;
  while (at != kNil) {
    const Item& item = store.items[at];
    if (!item.deleted && item.ref == kType) {
      if (!visit(at)) return;
      const ItemIndex child = store.types[item.content].start;
      if (XmlFragment::is_of(kind_of(store, item.content)) && child != kNil) {
        at = child;
        continue;
      }
    }
    while (store.items[at].right == kNil) {
      const TypeIndex parent = store.parent_type(store.items[at]);
      if (parent == root) return;
      at = store.types[parent].owner;
    }
    at = store.items[at].right;
  }
}

bool same_name(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return upper(x) == upper(y); });
}

bool is_element(const Store& store, ItemIndex item, std::string_view name) {
  const TypeIndex type = store.items[item].content;
  return kind_of(store, type) == TypeKind::kXmlElement && !name.empty() &&
         same_name(store.text(store.types[type].name), name);
}

}  // namespace

Result<SharedType> XmlFragment::insert_new_after(const std::optional<SharedType>& node, TypeKind kind,
                                                 std::string_view name) const {
  const auto type = begin_list_edit(*this, name.size() + 16, 1, 0);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(name); !ok) return tl::unexpected(std::move(ok.error()));
  const Store& store = doc_->store;
  ItemIndex left = kNil;
  if (node) {
    const TypeIndex child = Handles::document(*node) == doc_ ? Handles::resolve(*node) : kNil;
    if (child != kNil) left = store.types[child].owner;
    if (left == kNil || store.in_map(store.items[left]) || store.parent_type(store.items[left]) != *type) {
      return fail(Code::kInvalid, "the node to insert after is no child of this one");
    }
  }
  return edit(*doc_, [&](Edit& context) {
    const ItemIndex right = context.right_of(*type, left);
    return made(*doc_, insert_item(context, *type, left, right, new_type(context.scratch, kind, name)));
  });
}

std::optional<SharedType> XmlFragment::first_child() const {
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return std::nullopt;
  const Store& store = doc_->store;
  ItemIndex at = store.types[type].start;
  while (at != kNil && store.items[at].deleted) at = store.items[at].right;
  if (at == kNil || store.items[at].ref != kType) return std::nullopt;
  return made(*doc_, at);
}

std::vector<SharedType> XmlFragment::descendants() const {
  std::vector<SharedType> all;
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return all;
  walk(doc_->store, type, [&](ItemIndex item) {
    all.push_back(made(*doc_, item));
    return true;
  });
  return all;
}

std::optional<XmlElement> XmlFragment::query_selector(std::string_view name) const {
  std::optional<XmlElement> found;
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return found;
  walk(doc_->store, type, [&](ItemIndex item) {
    if (is_element(doc_->store, item, name)) found = XmlElement(made(*doc_, item));
    return !found.has_value();
  });
  return found;
}

std::vector<XmlElement> XmlFragment::query_selector_all(std::string_view name) const {
  std::vector<XmlElement> found;
  const TypeIndex type = Handles::resolve(*this);
  if (type == kNil) return found;
  walk(doc_->store, type, [&](ItemIndex item) {
    if (is_element(doc_->store, item, name)) found.emplace_back(made(*doc_, item));
    return true;
  });
  return found;
}

std::string XmlFragment::to_string() const {
  const TypeIndex type = Handles::resolve(*this);
  return type == kNil ? std::string() : xml_of(doc_->store, type, kind_of(doc_->store, type));
}

}  // namespace symphony
