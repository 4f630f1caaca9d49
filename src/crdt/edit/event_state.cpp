#include "crdt/edit/event_state.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "crdt/edit/handles.h"

namespace symphony::crdt {
namespace {

bool is_alive(const Store& store, TypeIndex type) {
  const ItemIndex owner = store.types[type].owner;
  return owner == kNil || !store.items[owner].deleted;
}

// The type that holds `type`, or kNil.
TypeIndex parent_of(const Store& store, TypeIndex type) {
  const ItemIndex owner = store.types[type].owner;
  return owner == kNil ? kNil : store.parent_type(store.items[owner]);
}

uint32_t depth_below(const Store& store, TypeIndex from, TypeIndex type) {
  uint32_t depth = 0;
  for (; type != kNil && type != from; type = parent_of(store, type)) ++depth;
  return depth;
}

TypeListeners* listeners_of(Doc::Impl& doc, TypeIndex type) {
  const auto at = doc.local->types.find(type);
  if (at == doc.local->types.end()) return nullptr;
  return at->second.owner == owner_id(doc.store, type) ? &at->second : nullptr;
}

}  // namespace

// --- one event

bool EventState::adds(const Item& item) const {
  return running_.transaction.adds(doc_.store.slot(item), item.clock);
}

bool EventState::deletes(const Item& item) const {
  return item.deleted && running_.transaction.deletes(doc_.store.slot(item), item.clock);
}

bool EventState::list_changed() const {
  const auto& changes = running_.transaction.changes();
  return std::find(changes.begin(), changes.end(), Change{target_, kNil}) != changes.end();
}

std::vector<std::string> EventState::keys_changed() const {
  std::vector<std::string> keys;
  for (const Change& change : running_.transaction.changes()) {
    if (change.type != target_ || change.entry == kNil) continue;
    keys.emplace_back(doc_.store.text(doc_.store.entries[change.entry].key));
  }
  return keys;
}

Event::Path EventState::path() const { return path_between(doc_.store, current_, target_); }

const std::vector<DeltaOp>& EventState::delta() {
  if (!delta_) {
    const uint8_t kind = doc_.store.types[target_].type_ref;
    const bool text = kind == kTypeRefText || kind == kTypeRefXmlText;
    delta_ = text ? text_delta(doc_, running_.transaction, target_) : list_delta();
  }
  return *delta_;
}

std::vector<DeltaOp> EventState::list_delta() const {
  std::vector<DeltaOp> delta;
  if (!list_changed()) return delta;
  const auto last = [&](DeltaOp::Kind kind) -> DeltaOp& {
    if (delta.empty() || delta.back().kind != kind) delta.emplace_back().kind = kind;
    return delta.back();
  };
  const Store& store = doc_.store;
  for (ItemIndex at = store.types[target_].start; at != kNil; at = store.items[at].right) {
    const Item& item = store.items[at];
    if (item.deleted) {
      if (deletes(item) && !adds(item)) last(DeltaOp::Kind::kDelete).length += item.len();
    } else if (adds(item)) {
      DeltaOp& op = last(DeltaOp::Kind::kInsert);
      op.of_list = true;
      Handles::append_contents(doc_, at, op.insert);
    } else {
      last(DeltaOp::Kind::kRetain).length += item.len();
    }
  }
  if (!delta.empty() && delta.back().kind == DeltaOp::Kind::kRetain) delta.pop_back();
  return delta;
}

const std::vector<KeyChange>& EventState::keys() {
  if (!keys_) {
    keys_.emplace();
    for (const Change& change : running_.transaction.changes()) {
      if (change.type != target_ || change.entry == kNil) continue;
      if (auto changed = key_change(change.entry)) keys_->push_back(std::move(*changed));
    }
  }
  return *keys_;
}

std::optional<KeyChange> EventState::key_change(EntryIndex entry) const {
  const Store& store = doc_.store;
  const ItemIndex value = store.entries[entry].last;
  KeyChange change;
  change.key = store.text(store.entries[entry].key);
  const auto with_old = [&](KeyChange::Action action, ItemIndex old) {
    change.action = action;
    change.old_value = Handles::content(doc_, old, store.items[old].len() - 1);
    return change;
  };
  const Item& item = store.items[value];
  if (!adds(item)) {
    if (!deletes(item)) return std::nullopt;
    return with_old(KeyChange::Action::kDelete, value);
  }
  ItemIndex before = item.left;
  while (before != kNil && adds(store.items[before])) before = store.items[before].left;
  const bool replaced = before != kNil && deletes(store.items[before]);
  if (deletes(item)) {
    if (!replaced) return std::nullopt;
    return with_old(KeyChange::Action::kDelete, before);
  }
  if (replaced) return with_old(KeyChange::Action::kUpdate, before);
  return change;
}

Event::Path path_between(const Store& store, TypeIndex from, TypeIndex to) {
  Event::Path path;
  for (TypeIndex type = to; type != from && store.types[type].owner != kNil; type = parent_of(store, type)) {
    const ItemIndex owner = store.types[type].owner;
    const Item& item = store.items[owner];
    if (store.in_map(item)) {
      path.emplace_back(std::string(store.text(store.entries[store.entry_of(item)].key)));
      continue;
    }
    uint32_t index = 0;
    if (store.positions != nullptr && store.positions->has(store.parent_type(item))) {
      index = store.positions->index_of(owner);
    } else {
      for (ItemIndex at = item.left; at != kNil; at = store.items[at].left) {
        if (!store.items[at].deleted && store.items[at].countable()) index += store.items[at].len();
      }
    }
    path.emplace_back(index);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

// --- calling

std::vector<TypeIndex> call_observers(Doc::Impl& doc, Running& running) {
  const Store& store = doc.store;
  std::vector<TypeIndex> changed;
  std::unordered_set<TypeIndex> seen;
  for (const Change& change : running.transaction.changes()) {
    if (seen.insert(change.type).second) changed.push_back(change.type);
  }
  // Types with the events of what changed in them, in the order of transaction.changedParentTypes.
  struct Observed {
    TypeIndex type;
    std::vector<Event> events;
  };
  std::vector<Observed> all;
  std::unordered_map<TypeIndex, size_t> place;
  for (const TypeIndex type : changed) {
    if (!is_alive(store, type)) continue;
    const Event event = Handles::event(std::make_shared<EventState>(doc, running, type));
    for (TypeIndex above = type; above != kNil; above = parent_of(store, above)) {
      const auto [at, added] = place.try_emplace(above, all.size());
      if (added) all.push_back({above, {}});
      all[at->second].events.push_back(event);
    }
    if (TypeListeners* listeners = listeners_of(doc, type)) {
      const Listeners<const Event&> direct = listeners->direct;
      direct.call(event);
    }
  }
  for (Observed& observed : all) {
    TypeListeners* listeners = listeners_of(doc, observed.type);
    if (listeners == nullptr || listeners->deep.empty() || !is_alive(store, observed.type)) continue;
    std::vector<Event>& events = observed.events;
    std::erase_if(events,
                  [&](const Event& event) { return !is_alive(store, Handles::state(event).target()); });
    for (const Event& event : events) Handles::state(event).set_current_target(observed.type);
    std::stable_sort(events.begin(), events.end(), [&](const Event& a, const Event& b) {
      return depth_below(store, observed.type, Handles::state(a).target()) <
             depth_below(store, observed.type, Handles::state(b).target());
    });
    const Listeners<std::span<const Event>> deep = listeners->deep;
    deep.call(std::span<const Event>(events));
  }
  std::vector<TypeIndex> types;
  for (const Observed& observed : all) types.push_back(observed.type);
  return types;
}

}  // namespace symphony::crdt

namespace symphony {

using namespace crdt;

Subscription::Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    cancel();
    cancel_ = std::exchange(other.cancel_, nullptr);
  }
  return *this;
}

Subscription::Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}

Subscription::~Subscription() { cancel(); }

void Subscription::cancel() {
  if (const auto call = std::exchange(cancel_, nullptr)) call();
}

void Subscription::keep() { cancel_ = nullptr; }

SharedType Event::target() const { return Handles::type(state_->doc(), state_->target()); }
SharedType Event::current_target() const { return Handles::type(state_->doc(), state_->current_target()); }
const TransactionInfo& Event::transaction() const { return state_->info(); }
bool Event::list_changed() const { return state_->list_changed(); }
std::vector<std::string> Event::keys_changed() const { return state_->keys_changed(); }
Event::Path Event::path() const { return state_->path(); }
const std::vector<DeltaOp>& Event::delta() const { return state_->delta(); }
const std::vector<KeyChange>& Event::keys() const { return state_->keys(); }

}  // namespace symphony
