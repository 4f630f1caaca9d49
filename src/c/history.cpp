// Undo and redo, relative positions and snapshots.
#include "c/convert.h"
#include "c/handles.h"
#include "symphony/relative_position.h"
#include "symphony/snapshot.h"
#include "symphony/undo_manager.h"

using symphony::Result;
using symphony::SharedType;
using namespace symphony::c;

struct symphony_undo_manager {
  symphony::UndoManager manager;
};

namespace {

symphony_code tell(const Result<bool>& result, bool* done, symphony_error* error) {
  if (!result) return refuse(result.error(), error);
  if (done != nullptr) *done = *result;
  return SYMPHONY_OK;
}

}  // namespace

symphony_undo_manager* symphony_undo_manager_new(symphony_doc* doc, const symphony_type* const* scope,
                                                 size_t scope_count, uint64_t capture_timeout_ms,
                                                 uint64_t (*now_ms)(void* context), void* context) {
  symphony::UndoOptions options;
  options.capture_timeout_ms = capture_timeout_ms;
  if (now_ms != nullptr) options.now_ms = [=] { return now_ms(context); };
  std::vector<SharedType> types;
  for (size_t i = 0; i < scope_count; ++i) types.push_back(scope[i]->type);
  return new symphony_undo_manager{symphony::UndoManager(doc->doc, types, std::move(options))};
}

void symphony_undo_manager_free(symphony_undo_manager* manager) { delete manager; }

void symphony_undo_manager_add_tracked_origin(symphony_undo_manager* manager, uint64_t origin) {
  manager->manager.add_tracked_origin(origin);
}

void symphony_undo_manager_remove_tracked_origin(symphony_undo_manager* manager, uint64_t origin) {
  manager->manager.remove_tracked_origin(origin);
}

symphony_code symphony_undo_manager_undo(symphony_undo_manager* manager, bool* done, symphony_error* error) {
  return tell(manager->manager.undo(), done, error);
}

symphony_code symphony_undo_manager_redo(symphony_undo_manager* manager, bool* done, symphony_error* error) {
  return tell(manager->manager.redo(), done, error);
}

bool symphony_undo_manager_can_undo(const symphony_undo_manager* manager) {
  return manager->manager.can_undo();
}

bool symphony_undo_manager_can_redo(const symphony_undo_manager* manager) {
  return manager->manager.can_redo();
}

void symphony_undo_manager_stop_capturing(symphony_undo_manager* manager) {
  manager->manager.stop_capturing();
}

void symphony_undo_manager_clear(symphony_undo_manager* manager) { manager->manager.clear(); }

symphony_code symphony_relative_position_create(const symphony_type* type, uint32_t index, int64_t assoc,
                                                symphony_buffer* out, symphony_error* error) {
  const auto position = symphony::create_relative_position(type->type, index, assoc);
  if (!position) return refuse(position.error(), error);
  return give(symphony::encode_relative_position(*position), out, error);
}

symphony_code symphony_relative_position_resolve(symphony_doc* doc, const uint8_t* position,
                                                 size_t position_size, symphony_type** type, uint32_t* index,
                                                 symphony_error* error) {
  const auto relative = symphony::decode_relative_position(bytes_of(position, position_size));
  if (!relative) return refuse(relative.error(), error);
  const auto found = symphony::create_absolute_position(doc->doc, *relative);
  if (!found) return refuse(found.error(), error);
  if (type != nullptr) *type = new symphony_type{found->type};
  *index = found->index;
  return SYMPHONY_OK;
}

void symphony_doc_snapshot(const symphony_doc* doc, symphony_buffer* out) {
  *out = buffer_of(symphony::Bytes(symphony::encode_snapshot(doc->doc.snapshot())));
}

symphony_code symphony_doc_restore_snapshot(const symphony_doc* doc, const uint8_t* snapshot,
                                            size_t snapshot_size, const symphony_doc_options* options,
                                            symphony_doc** out, symphony_error* error) {
  const auto moment = symphony::decode_snapshot(bytes_of(snapshot, snapshot_size));
  if (!moment) return refuse(moment.error(), error);
  auto restored = doc->doc.restore(*moment, options_of(options));
  if (!restored) return refuse(restored.error(), error);
  *out = new symphony_doc{std::move(*restored)};
  return SYMPHONY_OK;
}
