#include "storage/memory/memory_store.h"

#include <algorithm>

#include "storage/errors.h"

namespace symphony {
namespace {

StoredRoom copy_of(const MemoryMedium::Room& room) {
  StoredRoom out;
  out.snapshot_seq = room.snapshot_seq;
  out.snapshot = room.snapshot;
  out.log.reserve(room.log.size());
  for (const auto& [seq, slot] : room.log) out.log.push_back({seq, slot.epoch, slot.update});
  return out;
}

}  // namespace

bool MemoryMedium::Room::holds_anything() const {
  return snapshot_seq != 0 || !quarantine.empty() ||
         std::ranges::any_of(log, [](const auto& slot) { return !slot.second.update.empty(); });
}

MemoryStore::MemoryStore(OwnerOptions owner, std::shared_ptr<MemoryMedium> medium)
    : owner_(std::move(owner)), medium_(std::move(medium)) {}

const MemoryMedium::Lease* MemoryStore::living(const std::string& owner) const {
  const auto found = medium_->leases.find(owner);
  return found == medium_->leases.end() || found->second.until <= medium_->now() ? nullptr : &found->second;
}

// Whether it was alive.
bool MemoryStore::extend_lease() {
  const bool alive = living(owner_.id) != nullptr;
  medium_->leases.insert_or_assign(owner_.id,
                                   MemoryMedium::Lease{owner_.address, medium_->now() + owner_.lease});
  return alive;
}

Result<Claim> MemoryStore::take(std::string_view name) {
  if (auto named = storage::check_name(name); !named) return tl::unexpected(named.error());
  const std::lock_guard lock(medium_->mutex);
  auto found = medium_->rooms.find(name);
  if (found != medium_->rooms.end() && found->second.owner != owner_.id) {
    const MemoryMedium::Lease* holder = living(found->second.owner);
    if (holder != nullptr) return Claim{.epoch = 0, .holder = holder->address, .stored = {}};
  }
  extend_lease();
  if (found == medium_->rooms.end()) {
    found = medium_->rooms.emplace(name, MemoryMedium::Room{}).first;
    found->second.created_unix_ms = found->second.updated_unix_ms = storage::unix_ms();
  }
  MemoryMedium::Room& room = found->second;
  room.owner = owner_.id;
  room.epoch = ++medium_->newest_epoch;
  room.log.emplace(++room.newest_seq, MemoryMedium::Slot{room.epoch, {}});
  return Claim{.epoch = room.epoch, .holder = {}, .stored = copy_of(room)};
}

Result<bool> MemoryStore::renew() {
  const std::lock_guard lock(medium_->mutex);
  return extend_lease();
}

Result<void> MemoryStore::release(std::string_view name, uint64_t epoch) {
  const std::lock_guard lock(medium_->mutex);
  const auto found = medium_->rooms.find(name);
  if (found == medium_->rooms.end() || found->second.epoch != epoch) return {};
  found->second.owner.clear();
  if (!found->second.holds_anything()) medium_->rooms.erase(found);
  return {};
}

Result<void> MemoryStore::retire() {
  const std::lock_guard lock(medium_->mutex);
  medium_->leases.erase(owner_.id);
  return {};
}

std::vector<Result<void>> MemoryStore::append(std::span<const AppendRequest> requests) {
  const std::lock_guard lock(medium_->mutex);
  std::vector<Result<void>> results;
  results.reserve(requests.size());
  for (const AppendRequest& request : requests) results.push_back(append_one(request));
  return results;
}

Result<void> MemoryStore::append_one(const AppendRequest& request) {
  if (auto named = storage::check_name(request.room); !named) return named;
  const auto found = medium_->rooms.find(request.room);
  const uint64_t epoch = found == medium_->rooms.end() ? 0 : found->second.epoch;
  if (auto owned = storage::check_epoch(request.room, request.epoch, epoch); !owned) return owned;
  MemoryMedium::Room& room = found->second;
  if (const auto slot = room.log.find(request.seq); slot != room.log.end()) {
    const bool same =
        slot->second.epoch == request.epoch && std::ranges::equal(slot->second.update, request.update);
    if (same) return {};
  }
  if (auto free = storage::check_slot(request.room, request.seq, room.newest_seq); !free) return free;
  room.log.emplace(request.seq,
                   MemoryMedium::Slot{request.epoch, Buffer(request.update.begin(), request.update.end())});
  room.newest_seq = request.seq;
  room.updated_unix_ms = storage::unix_ms();
  return {};
}

std::vector<Result<void>> MemoryStore::put_snapshots(std::span<const SnapshotRequest> requests) {
  const std::lock_guard lock(medium_->mutex);
  std::vector<Result<void>> results;
  results.reserve(requests.size());
  for (const SnapshotRequest& request : requests) results.push_back(put_snapshot(request));
  return results;
}

Result<void> MemoryStore::put_snapshot(const SnapshotRequest& request) {
  if (auto named = storage::check_name(request.room); !named) return named;
  const auto found = medium_->rooms.find(request.room);
  const uint64_t epoch = found == medium_->rooms.end() ? 0 : found->second.epoch;
  if (auto owned = storage::check_epoch(request.room, request.epoch, epoch); !owned) return owned;
  MemoryMedium::Room& room = found->second;
  if (auto fits = storage::check_snapshot(request.room, request.seq, room.snapshot_seq, room.newest_seq);
      !fits)
    return fits;
  for (const Poison& poison : request.poison) {
    const auto slot = room.log.find(poison.seq);
    if (slot == room.log.end() || poison.seq > request.seq) continue;
    room.quarantine.push_back({found->first, slot->second.epoch, poison.seq, slot->second.update,
                               poison.reason, storage::unix_ms()});
  }
  room.snapshot_seq = request.seq;
  room.snapshot.assign(request.state.begin(), request.state.end());
  room.log.erase(room.log.begin(), room.log.upper_bound(request.seq));
  return {};
}

Result<StoredRoom> MemoryStore::load(std::string_view name) {
  if (auto named = storage::check_name(name); !named) return tl::unexpected(named.error());
  const std::lock_guard lock(medium_->mutex);
  const auto found = medium_->rooms.find(name);
  return found == medium_->rooms.end() ? StoredRoom{} : copy_of(found->second);
}

Result<std::vector<RoomInfo>> MemoryStore::rooms(std::string_view after, size_t limit) {
  const std::lock_guard lock(medium_->mutex);
  std::vector<RoomInfo> out;
  for (auto at = medium_->rooms.upper_bound(after); at != medium_->rooms.end() && out.size() < limit; ++at) {
    const MemoryMedium::Room& room = at->second;
    RoomInfo info{.room = at->first,
                  .seq = room.newest_seq,
                  .bytes = room.snapshot.size(),
                  .created_unix_ms = room.created_unix_ms,
                  .updated_unix_ms = room.updated_unix_ms,
                  .epoch = room.epoch,
                  .active = false,
                  .address = {}};
    for (const auto& [seq, slot] : room.log) info.bytes += slot.update.size();
    if (const MemoryMedium::Lease* lease = living(room.owner)) {
      info.active = true;
      info.address = lease->address;
    }
    out.push_back(std::move(info));
  }
  return out;
}

Result<std::vector<Quarantined>> MemoryStore::quarantined(std::string_view name) {
  const std::lock_guard lock(medium_->mutex);
  const auto found = medium_->rooms.find(name);
  return found == medium_->rooms.end() ? std::vector<Quarantined>{} : found->second.quarantine;
}

Result<void> MemoryStore::record_connections(std::span<const ConnectionRecord> connections) {
  const std::lock_guard lock(medium_->mutex);
  for (const ConnectionRecord& each : connections)
    medium_->connections.emplace(each.room, each.opened_unix_ms);
  return {};
}

Result<std::vector<int64_t>> MemoryStore::connections(std::string_view room, size_t limit) {
  const std::lock_guard lock(medium_->mutex);
  std::vector<int64_t> out;
  const auto [from, to] = medium_->connections.equal_range(room);
  for (auto at = from; at != to; ++at) out.push_back(at->second);
  std::ranges::sort(out, std::greater<>());
  if (out.size() > limit) out.resize(limit);
  return out;
}

Result<void> MemoryStore::forget_connections(int64_t before_unix_ms) {
  const std::lock_guard lock(medium_->mutex);
  std::erase_if(medium_->connections, [&](const auto& each) { return each.second < before_unix_ms; });
  return {};
}

Result<void> MemoryStore::ping() { return {}; }

}  // namespace symphony
