#include "transfer/transfer.h"

#include <utility>

#include "base/assert.h"
#include "room/restore.h"
#include "storage/errors.h"

namespace symphony {
namespace {

constexpr size_t kPage = 1000;

Buffer state_of(const Doc& doc) {
  auto state = doc.encode_state_as_update();
  ASSERT(state);  // only a state vector could be refused
  return std::move(*state);
}

void carry(RoomSource& source, RoomSink& sink, const std::string& room, TransferProgress& progress) {
  const auto carried = source.read(room);
  const Result<void> written = carried ? sink.write(room, carried->updates) : tl::unexpected(carried.error());
  if (!written) {
    progress.failures.push_back(storage::quoted(room) + ": " + written.error().message);
    return;
  }
  ++progress.rooms;
  progress.refused += carried->refused;
  for (const Buffer& update : carried->updates) progress.bytes += update.size();
}

}  // namespace

Result<std::vector<std::string>> StoreSource::rooms(std::string_view after, size_t limit) {
  const auto infos = store_.rooms(after, limit);
  if (!infos) return tl::unexpected(infos.error());
  std::vector<std::string> names;
  names.reserve(infos->size());
  for (const RoomInfo& info : *infos) names.push_back(info.room);
  return names;
}

Result<CarriedRoom> StoreSource::read(const std::string& room) {
  auto stored = store_.load(room);
  if (!stored) return tl::unexpected(stored.error());
  if (stored->snapshot_seq == 0 && stored->log.empty()) return fail(Code::kNotFound, "there is no such room");
  const auto restored = restore_document(room, std::move(*stored), {});
  if (!restored) return tl::unexpected(restored.error());
  CarriedRoom carried;
  carried.updates.push_back(state_of(restored->doc));
  carried.refused = restored->poison.size();
  return carried;
}

Result<void> StoreSink::write(const std::string& room, const std::vector<Buffer>& updates) {
  auto claim = store_.take(room);
  if (!claim) return tl::unexpected(claim.error());
  if (claim->epoch == 0) {
    return fail(Code::kConflict, "a server holds the room (" + claim->holder +
                                     "); try again when nobody is in it, or stop the server");
  }
  const uint64_t epoch = claim->epoch;
  const auto merged = merge(room, std::move(*claim), updates);
  const auto released = store_.release(room, epoch);
  return merged ? released : merged;
}

Result<void> StoreSink::merge(const std::string& room, Claim claim, const std::vector<Buffer>& updates) {
  const uint64_t seq = claim.stored.log.back().seq + 1;
  auto restored = restore_document(room, std::move(claim.stored), {});
  if (!restored) return tl::unexpected(restored.error());
  Doc& doc = restored->doc;
  const Buffer before = doc.encode_state_vector();
  bool changed = false;
  for (const Buffer& update : updates) {
    const auto applied = doc.restore(update);
    if (!applied) return tl::unexpected(applied.error());
    changed = changed || applied->changed || applied->pending;
  }
  if (!changed) return {};
  // The log first, as for any edit: a snapshot only replaces what is stored.
  const auto news = doc.encode_state_as_update(before);
  ASSERT(news);  // `before` is the document's own
  const AppendRequest request{room, claim.epoch, seq, *news};
  if (auto appended = store_.append({&request, 1}); !appended.front()) return appended.front();
  const Buffer state = state_of(doc);
  const SnapshotRequest snapshot{room, claim.epoch, seq, state, restored->poison};
  return store_.put_snapshots({&snapshot, 1}).front();
}

Result<TransferProgress> transfer(RoomSource& source, RoomSink& sink, const std::vector<std::string>& rooms,
                                  const std::function<void(const TransferProgress&)>& on_progress) {
  TransferProgress progress;
  for (const std::string& room : rooms) {
    carry(source, sink, room, progress);
    on_progress(progress);
  }
  if (!rooms.empty()) return progress;
  for (std::string after;;) {
    const auto page = source.rooms(after, kPage);
    if (!page) return tl::unexpected(page.error());
    if (page->empty()) return progress;
    for (const std::string& room : *page) {
      carry(source, sink, room, progress);
      on_progress(progress);
    }
    after = page->back();
  }
}

}  // namespace symphony
