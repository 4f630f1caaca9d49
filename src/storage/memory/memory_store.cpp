#include "storage/memory/memory_store.h"

#include "storage/errors.h"

namespace symphony {

MemoryStore::MemoryStore(std::shared_ptr<Medium> medium) : medium_(std::move(medium)) {}

Result<StoredRoom> MemoryStore::load(std::string_view room) {
  if (auto named = storage::check_name(room); !named) return tl::unexpected(named.error());
  StoredRoom out;
  const auto found = medium_->find(room);
  if (found == medium_->end()) return out;
  out.snapshot_seq = found->second.snapshot_seq;
  out.snapshot = found->second.snapshot;
  out.log.reserve(found->second.log.size());
  for (const auto& [seq, update] : found->second.log) out.log.push_back({seq, update});
  return out;
}

std::vector<Result<void>> MemoryStore::append(std::span<const AppendRequest> requests) {
  std::vector<Result<void>> results;
  results.reserve(requests.size());
  for (const AppendRequest& request : requests) results.push_back(append_one(request));
  return results;
}

Result<void> MemoryStore::append_one(const AppendRequest& request) {
  if (auto named = storage::check_name(request.room); !named) return named;
  auto found = medium_->find(request.room);
  const uint64_t newest = found == medium_->end() ? 0 : found->second.newest_seq;
  if (auto free = storage::check_slot(request.room, request.seq, newest); !free) return free;
  if (found == medium_->end()) found = medium_->emplace(request.room, Room{}).first;
  Room& room = found->second;
  room.log.emplace(request.seq, Buffer(request.update.begin(), request.update.end()));
  room.newest_seq = request.seq;
  room.updated_unix_ms = storage::unix_ms();
  return {};
}

Result<void> MemoryStore::put_snapshot(std::string_view name, uint64_t seq, Bytes state) {
  if (auto named = storage::check_name(name); !named) return named;
  const auto found = medium_->find(name);
  if (found == medium_->end()) return storage::check_snapshot(name, seq, 0, 0);
  Room& room = found->second;
  if (auto fits = storage::check_snapshot(name, seq, room.snapshot_seq, room.newest_seq); !fits) return fits;
  room.snapshot_seq = seq;
  room.snapshot.assign(state.begin(), state.end());
  room.log.erase(room.log.begin(), room.log.upper_bound(seq));
  return {};
}

Result<std::vector<RoomInfo>> MemoryStore::rooms(std::string_view after, size_t limit) {
  std::vector<RoomInfo> out;
  for (auto at = medium_->upper_bound(after); at != medium_->end() && out.size() < limit; ++at) {
    const Room& room = at->second;
    uint64_t bytes = room.snapshot.size();
    for (const auto& [seq, update] : room.log) bytes += update.size();
    out.push_back({at->first, room.newest_seq, bytes, room.updated_unix_ms});
  }
  return out;
}

Result<void> MemoryStore::ping() { return {}; }

}  // namespace symphony
