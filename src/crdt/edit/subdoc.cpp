// Subdocuments: symphony/shared_types.h.
#include <algorithm>

#include "base/utf8.h"
#include "crdt/edit/edit_checks.h"
#include "crdt/edit/list_edit.h"
#include "crdt/wire/value.h"

namespace symphony {

using namespace crdt;

namespace {

NewContent new_doc(Buffer& scratch, const SubdocOptions& options) {
  scratch.clear();
  write_bytes(scratch, options.guid);
  Value written = Value::object();
  if (!options.gc) written.set("gc", false);
  if (options.auto_load) written.set("autoLoad", true);
  if (!options.meta.is_null()) written.set("meta", options.meta);
  write_any(scratch, written);
  return {kDoc, 1, scratch, false};
}

Result<void> check_doc(const SubdocOptions& options, size_t depth_max) {
  if (!is_utf8(as_bytes(options.guid))) return fail(Code::kInvalid, "a guid is not valid UTF-8");
  return check_value(options.meta, depth_max - 1);
}

// Notes that a new subdocument is to be loaded; its handle.
Subdoc made_doc(Doc::Impl& doc, Transaction& transaction, ItemIndex index, const SubdocOptions& options) {
  const Item& item = doc.store.items[index];
  const SlotId id{doc.store.slot(item), item.clock};
  if (options.should_load) {
    doc.local->loaded_docs.push_back(id);
    transaction.subdocs().loaded.push_back(id);
  }
  return Handles::subdoc(doc, id);
}

}  // namespace

Result<Subdoc> Array::insert_doc(uint32_t index, const SubdocOptions& options) const {
  const auto type = begin_list_edit(*this, options.guid.size() + bytes_of(options.meta) + 64, 1, index);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_doc(options, doc_->options.limits.any_depth_max); !ok) {
    return tl::unexpected(std::move(ok.error()));
  }
  return edit(*doc_, [&](Edit& context) {
    const ItemIndex left = left_of_index(context, *type, index);
    const ItemIndex right = context.right_of(*type, left);
    const ItemIndex item = insert_item(context, *type, left, right, new_doc(context.scratch, options));
    return made_doc(*doc_, context.transaction, item, options);
  });
}

Result<Subdoc> Map::set_doc(std::string_view key, const SubdocOptions& options) const {
  const auto type = begin_edit(*this, key.size() + options.guid.size() + bytes_of(options.meta) + 64, 1);
  if (!type) return tl::unexpected(type.error());
  if (auto ok = check_key(key); !ok) return tl::unexpected(std::move(ok.error()));
  if (auto ok = check_doc(options, doc_->options.limits.any_depth_max); !ok) {
    return tl::unexpected(std::move(ok.error()));
  }
  return edit(*doc_, [&](Edit& context) {
    const ItemIndex item = set_key(context, *type, key, new_doc(context.scratch, options));
    return made_doc(*doc_, context.transaction, item, options);
  });
}

bool Subdoc::exists() const {
  const ItemIndex item = Handles::resolve(*this);
  return item != kNil && !doc_->store.items[item].deleted;
}

Value Subdoc::options() const {
  const ItemIndex item = Handles::resolve(*this);
  if (item == kNil) return {};
  Reader in(doc_->store.content(doc_->store.items[item]));
  in.read_var_string();
  return read_any(in);
}

bool Subdoc::should_load() const {
  if (Handles::resolve(*this) == kNil) return false;
  const Value given = options();
  const auto is_true = [&](const char* key) {
    const Value* value = given.get(key);
    return value != nullptr && value->kind == Value::Kind::kTrue;
  };
  if (is_true("shouldLoad") || is_true("autoLoad")) return true;
  if (doc_->local == nullptr) return false;
  const auto& loaded = doc_->local->loaded_docs;
  return std::find(loaded.begin(), loaded.end(), SlotId{slot_, clock_}) != loaded.end();
}

Result<void> Subdoc::load() const {
  if (!exists()) return fail(Code::kNotFound, "the subdocument is not part of a document any more");
  if (should_load()) return {};
  const SlotId id{slot_, clock_};
  doc_->make_local().loaded_docs.push_back(id);
  const auto [running, joined] = doc_->begin(true, 0);
  running.transaction.subdocs().loaded.push_back(id);
  if (!joined) doc_->end();
  return {};
}

Result<void> Subdoc::destroy() const {
  if (!exists()) return fail(Code::kNotFound, "the subdocument is not part of a document any more");
  const SlotId id{slot_, clock_};
  std::erase(doc_->make_local().loaded_docs, id);
  const auto [running, joined] = doc_->begin(true, 0);
  running.transaction.subdocs().added.push_back(id);
  running.transaction.subdocs().removed.push_back(id);
  if (!joined) doc_->end();
  return {};
}

}  // namespace symphony
