// A MemoryStore whose calls take long, or fail until told otherwise.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/memory/memory_store.h"

namespace symphony::test {

class MoodyStore final : public Store {
 public:
  explicit MoodyStore(const std::string& owner = "moody",
                      std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>(),
                      Duration lease = std::chrono::seconds(10))
      : store({owner, owner + ":1234", lease}, std::move(medium)) {}

  Result<Claim> take(std::string_view room) override {
    auto claim = in_the_mood().and_then([&] { return store.take(room); });
    if (lose_answers) return fail(Code::kUnavailable, "the answer was lost");
    return claim;
  }
  Result<bool> renew() override {
    return in_the_mood().and_then([&] { return store.renew(); });
  }
  Result<void> release(std::string_view room, uint64_t epoch) override {
    return in_the_mood().and_then([&] { return store.release(room, epoch); });
  }
  Result<void> retire() override {
    return in_the_mood().and_then([&] { return store.retire(); });
  }
  std::vector<Result<void>> append(std::span<const AppendRequest> requests) override {
    if (auto mood = in_the_mood(); !mood) return std::vector<Result<void>>(requests.size(), mood);
    return store.append(requests);
  }
  std::vector<Result<void>> put_snapshots(std::span<const SnapshotRequest> requests) override {
    if (auto mood = in_the_mood(); !mood) return std::vector<Result<void>>(requests.size(), mood);
    return store.put_snapshots(requests);
  }
  Result<StoredRoom> load(std::string_view room) override {
    return in_the_mood().and_then([&] { return store.load(room); });
  }
  Result<std::vector<RoomInfo>> rooms(std::string_view after, size_t limit) override {
    return store.rooms(after, limit);
  }
  Result<std::vector<Quarantined>> quarantined(std::string_view room) override {
    return store.quarantined(room);
  }
  Result<void> record_connections(std::span<const ConnectionRecord> connections) override {
    return in_the_mood().and_then([&] { return store.record_connections(connections); });
  }
  Result<std::vector<int64_t>> connections(std::string_view room, size_t limit) override {
    return store.connections(room, limit);
  }
  Result<void> forget_connections(int64_t before_unix_ms) override {
    return store.forget_connections(before_unix_ms);
  }
  Result<size_t> sweep(size_t limit) override { return store.sweep(limit); }
  Result<void> ping() override { return in_the_mood(); }

  std::atomic<bool> failing = false;
  std::atomic<bool> lose_answers = false;  // of take(), which happens
  std::atomic<std::chrono::milliseconds> delay{std::chrono::milliseconds(0)};

 private:
  Result<void> in_the_mood() {
    std::this_thread::sleep_for(delay.load());
    if (failing) return fail(Code::kUnavailable, "the disk is full");
    return {};
  }

  MemoryStore store;
};

}  // namespace symphony::test
