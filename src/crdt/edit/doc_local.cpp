// What a document has only once it is edited or observed here.
#include <algorithm>

#include "crdt/doc/doc_impl.h"
#include "crdt/edit/event_state.h"
#include "crdt/edit/handles.h"

namespace symphony {

using namespace crdt;

namespace {

class HandlesForObservers final : public Observing {
 public:
  std::vector<TypeIndex> call_observers(Doc::Impl& doc, Running& running) const override {
    return crdt::call_observers(doc, running);
  }

  SubdocsEvent subdocs_event(Doc::Impl& doc, const Running& running) const override {
    SubdocsEvent event;
    const SubdocChanges& changes = running.transaction.subdocs();
    for (const SlotId& id : changes.added) event.added.push_back(Handles::subdoc(doc, id));
    for (const SlotId& id : changes.loaded) event.loaded.push_back(Handles::subdoc(doc, id));
    for (const SlotId& id : changes.removed) event.removed.push_back(Handles::subdoc(doc, id));
    for (const Subdoc& added : event.added) {
      const bool known = std::find(event.loaded.begin(), event.loaded.end(), added) != event.loaded.end();
      if (!known && !running.info.local && added.should_load()) event.loaded.push_back(added);
    }
    return event;
  }
};

constexpr HandlesForObservers kObserving{};

}  // namespace

Local& Doc::Impl::make_local() {
  if (local == nullptr) local = std::make_unique<Local>(kObserving);
  return *local;
}

Result<void> Doc::Impl::may_edit(size_t bytes, uint64_t units) {
  if (!options.client_id) {
    return fail(Code::kInvalid,
                "the document has no client id: set DocOptions::client_id (random_client_id())");
  }
  Local& mine = make_local();
  if (mine.collided) {
    return fail(Code::kConflict, "somebody else writes with client id " + std::to_string(*options.client_id) +
                                     ": set another one with Doc::set_client_id");
  }
  if (mine.slot == kNil) {
    if (store.find_client(*options.client_id) == kNil && store.clients.size() >= options.limits.clients_max) {
      return fail(Code::kLimit, "the document has as many clients as it may have");
    }
    mine.slot = store.add_client(*options.client_id);
  }
  if (store.positions == nullptr) store.positions = std::make_unique<PositionIndex>(store);
  if (store.arena.size() + bytes > options.limits.content_bytes_max) {
    return fail(Code::kLimit, "the document would have more bytes of content than the limit of " +
                                  std::to_string(options.limits.content_bytes_max));
  }
  // An edit makes a few lineages of its own for each unit at most.
  if (store.lineages.size() + 8 * units + 64 > kLineagesMax ||
      store.state(mine.slot) + units >= 0xffffffffULL) {
    return fail(Code::kLimit, "the document cannot number more edits of this client");
  }
  return {};
}

}  // namespace symphony
