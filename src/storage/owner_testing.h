// An owner of rooms for the tests of stores, and what a room holds as one line.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "storage/store.h"
#include "storage/store_testing.h"

namespace symphony {

inline constexpr Duration kTestLease = std::chrono::seconds(10);

inline OwnerOptions test_owner(const std::string& id) { return {id, id + ":1234", kTestLease}; }

// An owner of rooms, as a room server is one: it takes a room before it writes, and knows the next slot.
class TestOwner {
 public:
  TestOwner(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  Store& store() { return *store_; }

  // Takes the room; false if somebody else holds it.
  bool take(const std::string& room) {
    const auto claim = store_->take(room);
    EXPECT_TRUE(claim) << claim.error().message;
    if (!claim || claim->epoch == 0) return false;
    note(room, *claim);
    return true;
  }
  void note(const std::string& room, const Claim& claim) {
    held_[room] = {claim.epoch, claim.stored.log.back().seq};
  }
  uint64_t epoch(const std::string& room) { return held(room).epoch; }
  uint64_t newest(const std::string& room) { return held(room).newest; }

  // Appends to the room's next slot, taking the room first if it is not held.
  Result<void> append(const std::string& room, std::string_view update) {
    const uint64_t next = newest(room) + 1;
    auto stored = append_at(room, epoch(room), next, update);
    if (stored) held_[room].newest = next;
    return stored;
  }
  Result<void> append_at(std::string_view room, uint64_t epoch, uint64_t seq, std::string_view update) {
    const AppendRequest request{room, epoch, seq, bytes_of(update)};
    const auto results = store_->append({&request, 1});
    EXPECT_EQ(results.size(), 1u);
    return results.at(0);
  }
  // What the caller has appended by itself.
  void advance(const std::string& room, uint64_t by = 1) { held(room).newest += by; }

  Result<void> put_snapshot(const std::string& room, uint64_t seq, Bytes state,
                            std::span<const Poison> poison = {}) {
    return symphony::put_snapshot(*store_, {room, epoch(room), seq, state, poison});
  }
  Result<void> put_snapshot(const std::string& room, uint64_t seq, std::string_view state) {
    return put_snapshot(room, seq, bytes_of(state));
  }

  Result<void> release(const std::string& room) {
    auto released = store_->release(room, epoch(room));
    if (released) held_.erase(room);
    return released;
  }

 private:
  struct Held {
    uint64_t epoch = 0;
    uint64_t newest = 0;
  };
  Held& held(const std::string& room) {
    if (!held_.contains(room)) {
      EXPECT_TRUE(take(room)) << room << " is held by somebody else";
    }
    return held_[room];
  }

  std::unique_ptr<Store> store_;
  std::map<std::string, Held> held_;
};

// What is stored of a room, fences left out, as one line: "snapshot | update | update". Fails if slots are
// missing or epochs fall.
inline std::string shown(Store& store, std::string_view room) {
  const Result<StoredRoom> stored = store.load(room);
  if (!stored) return "error: " + stored.error().message;
  std::string out = text_of(stored->snapshot);
  uint64_t seq = stored->snapshot_seq;
  uint64_t epoch = 0;
  for (const LogEntry& entry : stored->log) {
    EXPECT_EQ(entry.seq, ++seq);
    EXPECT_GE(entry.epoch, epoch);
    epoch = entry.epoch;
    if (!entry.update.empty()) out += " | " + text_of(entry.update);
  }
  return out;
}

}  // namespace symphony
