// A Store in memory: for tests, benchmarks and `symphony serve --data :memory:`. It keeps every promise of
// store.h but the durable one: what it holds lives as long as its Medium.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "storage/store.h"

namespace symphony {

class MemoryStore final : public Store {
 public:
  struct Room {
    uint64_t newest_seq = 0;
    uint64_t snapshot_seq = 0;
    Buffer snapshot;
    std::map<uint64_t, Buffer> log;
    int64_t updated_unix_ms = 0;
  };

  // What a database file is for SQLite: stores that share it, one after the other, see the same rooms.
  using Medium = std::map<std::string, Room, std::less<>>;

  explicit MemoryStore(std::shared_ptr<Medium> medium = std::make_shared<Medium>());

  Result<StoredRoom> load(std::string_view room) override;
  std::vector<Result<void>> append(std::span<const AppendRequest> requests) override;
  Result<void> put_snapshot(std::string_view room, uint64_t seq, Bytes state) override;
  Result<std::vector<RoomInfo>> rooms(std::string_view after, size_t limit) override;
  Result<void> ping() override;

 private:
  Result<void> append_one(const AppendRequest& request);

  std::shared_ptr<Medium> medium_;
};

}  // namespace symphony
