// A Store in memory: for tests, benchmarks and `symphony serve --data :memory:`. It keeps every promise of
// store.h but the durable one: what it holds lives as long as its Medium.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/store.h"

namespace symphony {

// What a database is for other stores: all that share it see the same rooms, and compete for them.
struct MemoryMedium {
  struct Slot {
    uint64_t epoch = 0;
    Buffer update;
  };
  struct Room {
    uint64_t epoch = 0;
    std::string owner;  // its id; empty: free
    uint64_t newest_seq = 0;
    uint64_t snapshot_seq = 0;
    Buffer snapshot;
    std::map<uint64_t, Slot> log;
    std::vector<Quarantined> quarantine;
    int64_t created_unix_ms = 0;
    int64_t updated_unix_ms = 0;
    bool holds_anything() const;
  };
  struct Lease {
    std::string address;
    Time until;
  };

  // Time as this medium has it; tests move it by hand.
  virtual ~MemoryMedium() = default;
  virtual Time now() const {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }

  std::mutex mutex;
  std::map<std::string, Room, std::less<>> rooms;
  std::map<std::string, Lease, std::less<>> leases;
  std::multimap<std::string, int64_t, std::less<>> connections;
  uint64_t newest_epoch = 0;
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(OwnerOptions owner = {"memory", "", std::chrono::seconds(10)},
                       std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>());

  Result<Claim> take(std::string_view room) override;
  Result<bool> renew() override;
  Result<void> release(std::string_view room, uint64_t epoch) override;
  Result<void> retire() override;

  std::vector<Result<void>> append(std::span<const AppendRequest> requests) override;
  std::vector<Result<void>> put_snapshots(std::span<const SnapshotRequest> requests) override;

  Result<StoredRoom> load(std::string_view room) override;
  Result<std::vector<RoomInfo>> rooms(std::string_view after, size_t limit) override;
  Result<std::vector<Quarantined>> quarantined(std::string_view room) override;

  Result<void> record_connections(std::span<const ConnectionRecord> connections) override;
  Result<std::vector<int64_t>> connections(std::string_view room, size_t limit) override;
  Result<void> forget_connections(int64_t before_unix_ms) override;
  Result<size_t> sweep(size_t) override { return 0; }
  Result<void> ping() override;

 private:
  // All with the medium's mutex held.
  const MemoryMedium::Lease* living(const std::string& owner) const;
  bool extend_lease();
  Result<void> append_one(const AppendRequest& request);
  Result<void> put_snapshot(const SnapshotRequest& request);

  const OwnerOptions owner_;
  const std::shared_ptr<MemoryMedium> medium_;
};

}  // namespace symphony
