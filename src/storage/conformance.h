// What every Store adapter must do, as one gtest suite. An adapter instantiates it with its harness:
//
//   struct Harness {
//     std::unique_ptr<Store> open();   // the same medium each time; one store at a time
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreConformance, Harness);
//
// What happens when the medium fails, each adapter tests with a medium that fails on purpose.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/store.h"
#include "storage/store_testing.h"

namespace symphony {

template <class Harness>
class StoreConformance : public testing::Test {
 protected:
  Harness harness;
  std::unique_ptr<Store> store = harness.open();

  void reopen() {
    store.reset();
    store = harness.open();
  }

  Result<void> append(std::string_view room, uint64_t seq, std::string_view update) {
    const AppendRequest request{room, seq, bytes_of(update)};
    auto results = store->append({&request, 1});
    EXPECT_EQ(results.size(), 1u);
    return results.at(0);
  }

  // Appends slots `from` to `to`, each holding "<room>#<seq>".
  void fill(const std::string& room, uint64_t from, uint64_t to) {
    for (uint64_t seq = from; seq <= to; ++seq) {
      const Result<void> stored = append(room, seq, room + "#" + std::to_string(seq));
      ASSERT_TRUE(stored) << stored.error().message;
    }
  }

  // The room as one line: "snapshot@seq | 4=update | 5=update".
  std::string shown(std::string_view room) {
    const Result<StoredRoom> stored = store->load(room);
    if (!stored) return "error: " + stored.error().message;
    std::string out = text_of(stored->snapshot) + "@" + std::to_string(stored->snapshot_seq);
    for (const LogEntry& entry : stored->log)
      out += " | " + std::to_string(entry.seq) + "=" + text_of(entry.update);
    return out;
  }

  std::vector<std::string> names(std::string_view after, size_t limit) {
    const auto rooms = store->rooms(after, limit);
    EXPECT_TRUE(rooms) << rooms.error().message;
    std::vector<std::string> out;
    for (const RoomInfo& info : *rooms) out.push_back(info.room);
    return out;
  }
};

TYPED_TEST_SUITE_P(StoreConformance);

TYPED_TEST_P(StoreConformance, unknown_room_is_empty) {
  EXPECT_EQ(this->shown("nobody"), "@0");
  EXPECT_TRUE(this->names("", 10).empty());
  EXPECT_TRUE(this->store->ping());
}

TYPED_TEST_P(StoreConformance, log_comes_back_in_order) {
  this->fill("a", 1, 12);
  this->fill("b", 1, 1);
  const std::string first = this->shown("a");
  EXPECT_TRUE(first.starts_with("@0 | 1=a#1 | 2=a#2 | 3=a#3 | ")) << first;
  EXPECT_TRUE(first.ends_with(" | 10=a#10 | 11=a#11 | 12=a#12")) << first;
  EXPECT_EQ(this->shown("b"), "@0 | 1=b#1");
  this->reopen();
  EXPECT_EQ(this->shown("a"), first);
  this->fill("a", 13, 13);
  EXPECT_EQ(this->shown("a"), first + " | 13=a#13");
}

TYPED_TEST_P(StoreConformance, taken_slot_and_gap_conflict_and_store_nothing) {
  expect_code(this->append("a", 2, "gap"), Code::kConflict);
  expect_code(this->append("a", 0, "zero"), Code::kConflict);
  EXPECT_EQ(this->shown("a"), "@0");
  EXPECT_TRUE(this->names("", 10).empty()) << "a refused append must not create the room";
  this->fill("a", 1, 2);
  for (const uint64_t seq : {0u, 1u, 2u, 4u, 1000u})
    expect_code(this->append("a", seq, "x"), Code::kConflict);
  expect_code(this->append("a", UINT64_MAX, "x"), Code::kConflict);
  EXPECT_EQ(this->shown("a"), "@0 | 1=a#1 | 2=a#2");
}

TYPED_TEST_P(StoreConformance, conflict_does_not_take_its_batch_along) {
  this->fill("lost", 1, 1);
  const std::vector<AppendRequest> batch = {
      {"a", 1, bytes_of("a1")}, {"lost", 1, bytes_of("late")}, {"a", 2, bytes_of("a2")},
      {"b", 1, bytes_of("b1")}, {"a", 2, bytes_of("twice")},   {"lost", 2, bytes_of("next")},
  };
  const auto results = this->store->append(batch);
  ASSERT_EQ(results.size(), 6u);
  EXPECT_TRUE(results[0]);
  expect_code(results[1], Code::kConflict);
  EXPECT_TRUE(results[2]);
  EXPECT_TRUE(results[3]);
  expect_code(results[4], Code::kConflict);
  EXPECT_TRUE(results[5]);
  this->reopen();
  EXPECT_EQ(this->shown("a"), "@0 | 1=a1 | 2=a2");
  EXPECT_EQ(this->shown("b"), "@0 | 1=b1");
  EXPECT_EQ(this->shown("lost"), "@0 | 1=lost#1 | 2=next");
  EXPECT_TRUE(this->store->append({}).empty());
}

TYPED_TEST_P(StoreConformance, snapshot_replaces_the_slots_it_covers) {
  this->fill("a", 1, 5);
  this->fill("b", 1, 2);
  ASSERT_TRUE(this->store->put_snapshot("a", 3, bytes_of("S3")));
  EXPECT_EQ(this->shown("a"), "S3@3 | 4=a#4 | 5=a#5");
  this->reopen();
  EXPECT_EQ(this->shown("a"), "S3@3 | 4=a#4 | 5=a#5");
  this->fill("a", 6, 6);
  ASSERT_TRUE(this->store->put_snapshot("a", 6, bytes_of("S6")));
  EXPECT_EQ(this->shown("a"), "S6@6");
  expect_code(this->append("a", 6, "x"), Code::kConflict);
  this->fill("a", 7, 7);
  this->reopen();
  EXPECT_EQ(this->shown("a"), "S6@6 | 7=a#7");
  EXPECT_EQ(this->shown("b"), "@0 | 1=b#1 | 2=b#2");
}

TYPED_TEST_P(StoreConformance, snapshot_of_what_was_never_stored_or_is_older_conflicts) {
  expect_code(this->store->put_snapshot("a", 1, bytes_of("S")), Code::kConflict);
  expect_code(this->store->put_snapshot("a", 0, bytes_of("S")), Code::kConflict);
  EXPECT_TRUE(this->names("", 10).empty());
  this->fill("a", 1, 5);
  expect_code(this->store->put_snapshot("a", 6, bytes_of("S")), Code::kConflict);
  expect_code(this->store->put_snapshot("a", 0, bytes_of("S")), Code::kConflict);
  ASSERT_TRUE(this->store->put_snapshot("a", 4, bytes_of("S4")));
  expect_code(this->store->put_snapshot("a", 3, bytes_of("S3")), Code::kConflict);
  EXPECT_EQ(this->shown("a"), "S4@4 | 5=a#5");
  // The same slot again: the retry of a caller who did not hear the answer.
  ASSERT_TRUE(this->store->put_snapshot("a", 4, bytes_of("S4 again")));
  EXPECT_EQ(this->shown("a"), "S4 again@4 | 5=a#5");
}

TYPED_TEST_P(StoreConformance, empty_updates_and_snapshots_are_kept) {
  ASSERT_TRUE(this->append("a", 1, ""));
  ASSERT_TRUE(this->append("a", 2, "x"));
  ASSERT_TRUE(this->append("a", 3, ""));
  this->reopen();
  EXPECT_EQ(this->shown("a"), "@0 | 1= | 2=x | 3=");
  ASSERT_TRUE(this->store->put_snapshot("a", 2, {}));
  this->reopen();
  EXPECT_EQ(this->shown("a"), "@2 | 3=");
}

TYPED_TEST_P(StoreConformance, any_bytes_name_a_room) {
  const std::vector<std::string> odd = {
      std::string("\0", 1),
      std::string("a\0b", 3),
      std::string("a\0", 2),
      "a",
      "A",
      "\x7f",
      "\xff\xfe",
      "../../etc",
      "a'b\"c;--",
      "%00",
      "\xc3\xa9",
      "e\xcc\x81",
      std::string(255, 'x'),
      " ",
      "a ",
  };
  for (const std::string& name : odd) this->fill(name, 1, 1);
  this->reopen();
  for (const std::string& name : odd) EXPECT_EQ(this->shown(name), "@0 | 1=" + name + "#1");
  std::vector<std::string> sorted = odd;
  std::ranges::sort(sorted);
  EXPECT_EQ(this->names("", 100), sorted);
  expect_code(this->append("", 1, "x"), Code::kInvalid);
  expect_code(this->store->load(""), Code::kInvalid);
  expect_code(this->store->put_snapshot("", 1, bytes_of("x")), Code::kInvalid);
}

TYPED_TEST_P(StoreConformance, rooms_are_paged_by_name_with_their_sizes) {
  std::vector<std::string> expected;
  for (int i = 0; i < 25; ++i) expected.push_back("room " + std::to_string(i));
  for (const std::string& name : expected) this->fill(name, 1, 1);
  std::ranges::sort(expected);
  std::vector<std::string> paged;
  for (std::string after;;) {
    const std::vector<std::string> page = this->names(after, 7);
    EXPECT_LE(page.size(), 7u);
    if (page.empty()) break;
    paged.insert(paged.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(paged, expected);
  EXPECT_TRUE(this->names("", 0).empty());
  EXPECT_EQ(this->names("room 23x", 1), std::vector<std::string>{"room 24"});

  ASSERT_TRUE(this->append("room 0", 2, "12345"));  // after "room 0#1", 8 bytes
  ASSERT_TRUE(this->append("room 0", 3, "123"));
  auto info = this->store->rooms("", 1).value().at(0);
  EXPECT_EQ(info.seq, 3u);
  EXPECT_EQ(info.bytes, 16u);
  EXPECT_GT(info.updated_unix_ms, 1'600'000'000'000);
  ASSERT_TRUE(this->store->put_snapshot("room 0", 2, bytes_of("0123456789")));
  info = this->store->rooms("", 1).value().at(0);
  EXPECT_EQ(info.seq, 3u);
  EXPECT_EQ(info.bytes, 13u);
}

TYPED_TEST_P(StoreConformance, large_updates_and_snapshots_come_back_whole) {
  Prng random(7);
  const Buffer update = random_bytes(random, 5'000'001);
  const Buffer state = random_bytes(random, 60u << 20);
  const AppendRequest request{"big", 1, update};
  ASSERT_TRUE(this->store->append({&request, 1})[0]);
  this->reopen();
  EXPECT_TRUE(this->store->load("big").value().log.at(0).update == update);
  ASSERT_TRUE(this->store->put_snapshot("big", 1, state));
  ASSERT_TRUE(this->append("big", 2, "after"));
  this->reopen();
  const StoredRoom stored = this->store->load("big").value();
  EXPECT_TRUE(stored.snapshot == state);
  ASSERT_EQ(stored.log.size(), 1u);
  // Sizes around any cut into pieces.
  for (const size_t size : {(1u << 20) - 1, 1u << 20, (1u << 20) + 1, 3u << 20}) {
    ASSERT_TRUE(this->store->put_snapshot("big", 2, Bytes(state).first(size)));
    const Buffer back = this->store->load("big").value().snapshot;
    EXPECT_TRUE(std::ranges::equal(back, Bytes(state).first(size))) << size;
  }
}

// Random batches, snapshots and reopenings against a model.
TYPED_TEST_P(StoreConformance, equals_a_model_under_random_use) {
  struct Model {
    uint64_t snapshot_seq = 0;
    Buffer snapshot;
    std::map<uint64_t, Buffer> log;
    uint64_t newest() const { return log.empty() ? snapshot_seq : log.rbegin()->first; }
  };
  const uint64_t seed = 20'240'229;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Prng random(seed);
  std::map<std::string, Model> model;
  const std::vector<std::string> names = {"a", "ab", "b", std::string("b\0", 2), "c"};

  for (int step = 0; step < 400; ++step) {
    const std::string& name = names[random.below(names.size())];
    switch (random.below(10)) {
      case 0:
        this->reopen();
        break;
      case 1: {
        Model& room = model[name];
        const uint64_t seq = random.below(room.newest() + 3);
        const Buffer state = random_bytes(random, random.below(3000));
        const bool expected = seq > 0 && seq <= room.newest() && seq >= room.snapshot_seq;
        ASSERT_EQ(this->store->put_snapshot(name, seq, state).has_value(), expected) << "step " << step;
        if (expected) {
          room.snapshot_seq = seq;
          room.snapshot = state;
          room.log.erase(room.log.begin(), room.log.upper_bound(seq));
        }
        break;
      }
      default: {
        const size_t count = 1 + random.below(8);
        std::vector<Buffer> updates;
        std::vector<AppendRequest> batch;
        std::vector<bool> expected;
        for (size_t i = 0; i < count; ++i) updates.push_back(random_bytes(random, random.below(200)));
        for (size_t i = 0; i < count; ++i) {
          const std::string& target = names[random.below(names.size())];
          Model& room = model[target];
          const uint64_t next = room.newest() + 1;
          const uint64_t seq = random.below(6) == 0 ? random.below(next + 3) : next;
          batch.push_back({target, seq, updates[i]});
          expected.push_back(seq == next);
          if (seq == next) room.log[seq] = updates[i];
        }
        const auto results = this->store->append(batch);
        ASSERT_EQ(results.size(), count);
        for (size_t i = 0; i < count; ++i) ASSERT_EQ(results[i].has_value(), expected[i]) << "step " << step;
      }
    }
    const StoredRoom stored = this->store->load(name).value();
    const Model& room = model[name];
    ASSERT_EQ(stored.snapshot_seq, room.snapshot_seq) << "step " << step;
    ASSERT_TRUE(stored.snapshot == room.snapshot) << "step " << step;
    ASSERT_EQ(stored.log.size(), room.log.size()) << "step " << step;
    for (const LogEntry& entry : stored.log)
      ASSERT_TRUE(entry.update == room.log.at(entry.seq)) << "step " << step;
  }
}

REGISTER_TYPED_TEST_SUITE_P(StoreConformance, unknown_room_is_empty, log_comes_back_in_order,
                            taken_slot_and_gap_conflict_and_store_nothing,
                            conflict_does_not_take_its_batch_along, snapshot_replaces_the_slots_it_covers,
                            snapshot_of_what_was_never_stored_or_is_older_conflicts,
                            empty_updates_and_snapshots_are_kept, any_bytes_name_a_room,
                            rooms_are_paged_by_name_with_their_sizes,
                            large_updates_and_snapshots_come_back_whole, equals_a_model_under_random_use);

}  // namespace symphony
