// What every Store adapter must do, as one gtest suite. An adapter instantiates it with its harness:
//
//   struct Harness {
//     std::unique_ptr<Store> open(const OwnerOptions& owner);   // the same medium each time, one at a time
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreConformance, Harness);
//
// owners_conformance.h has what holds among several owners, faults_conformance.h what holds while the medium
// fails.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "storage/owner_testing.h"

namespace symphony {

template <class Harness>
class StoreConformance : public testing::Test {
 protected:
  Harness harness;
  int opened = 0;
  std::unique_ptr<TestOwner> owner = open();

  std::unique_ptr<TestOwner> open() {
    return std::make_unique<TestOwner>(harness.open(test_owner("owner-" + std::to_string(++opened))));
  }
  // Another process on the same medium, after the first has ended.
  void reopen() {
    static_cast<void>(owner->store().retire());
    owner.reset();
    owner = open();
  }

  Store& store() { return owner->store(); }

  void fill(const std::string& room, int from, int to) {
    for (int i = from; i <= to; ++i) {
      const Result<void> stored = owner->append(room, room + "#" + std::to_string(i));
      ASSERT_TRUE(stored) << stored.error().message;
    }
  }

  std::string shown(std::string_view room) { return symphony::shown(store(), room); }

  std::vector<std::string> names(std::string_view after, size_t limit) {
    const auto rooms = store().rooms(after, limit);
    EXPECT_TRUE(rooms) << rooms.error().message;
    std::vector<std::string> out;
    for (const RoomInfo& info : *rooms) out.push_back(info.room);
    return out;
  }
};

TYPED_TEST_SUITE_P(StoreConformance);

TYPED_TEST_P(StoreConformance, unknown_room_is_empty) {
  EXPECT_EQ(this->shown("nobody"), "");
  EXPECT_TRUE(this->names("", 10).empty());
  EXPECT_TRUE(this->store().quarantined("nobody").value().empty());
  EXPECT_TRUE(this->store().connections("nobody", 10).value().empty());
  EXPECT_TRUE(this->store().release("nobody", 1));
  EXPECT_TRUE(this->store().ping());
}

TYPED_TEST_P(StoreConformance, log_comes_back_in_order) {
  this->fill("a", 1, 12);
  this->fill("b", 1, 1);
  const std::string first = this->shown("a");
  EXPECT_TRUE(first.starts_with(" | a#1 | a#2 | a#3 | ")) << first;
  EXPECT_TRUE(first.ends_with(" | a#10 | a#11 | a#12")) << first;
  EXPECT_EQ(this->shown("b"), " | b#1");
  this->reopen();
  EXPECT_EQ(this->shown("a"), first);
  this->fill("a", 13, 13);
  EXPECT_EQ(this->shown("a"), first + " | a#13");
}

// What take() gives is what load() gives, and one fence more than before.
TYPED_TEST_P(StoreConformance, taking_a_room_fences_its_log) {
  const Claim first = this->store().take("a").value();
  EXPECT_GT(first.epoch, 0u);
  ASSERT_EQ(first.stored.log.size(), 1u);
  EXPECT_EQ(first.stored.log[0].seq, 1u);
  EXPECT_EQ(first.stored.log[0].epoch, first.epoch);
  EXPECT_TRUE(first.stored.log[0].update.empty());
  this->owner->note("a", first);
  this->fill("a", 1, 2);
  ASSERT_TRUE(this->owner->put_snapshot("a", 2, "S"));

  const Claim second = this->store().take("a").value();
  EXPECT_GT(second.epoch, first.epoch);
  EXPECT_EQ(second.stored.snapshot_seq, 2u);
  EXPECT_EQ(text_of(second.stored.snapshot), "S");
  ASSERT_EQ(second.stored.log.size(), 2u);
  EXPECT_EQ(second.stored.log[0].epoch, first.epoch);
  EXPECT_EQ(text_of(second.stored.log[0].update), "a#2");
  EXPECT_EQ(second.stored.log[1].seq, 4u);
  EXPECT_EQ(second.stored.log[1].epoch, second.epoch);
  EXPECT_TRUE(second.stored.log[1].update.empty());
  const StoredRoom loaded = this->store().load("a").value();
  EXPECT_EQ(loaded.log.size(), 2u);
  EXPECT_EQ(loaded.snapshot_seq, 2u);
}

TYPED_TEST_P(StoreConformance, epochs_never_come_again) {
  std::set<uint64_t> seen;
  uint64_t largest = 0;
  for (int round = 0; round < 3; ++round) {
    for (const char* room : {"a", "b", "never written"}) {
      const uint64_t epoch = this->store().take(room).value().epoch;
      EXPECT_GT(epoch, largest);
      largest = epoch;
      ASSERT_TRUE(this->store().release(room, epoch));
    }
    this->reopen();
  }
}

TYPED_TEST_P(StoreConformance, writes_of_an_epoch_that_is_over_leave_nothing) {
  this->fill("a", 1, 3);
  const uint64_t old = this->owner->epoch("a");
  const uint64_t newest = this->owner->newest("a");
  const uint64_t present = this->store().take("a").value().epoch;
  for (const uint64_t seq : {newest, newest + 1, newest + 2})
    expect_code(this->owner->append_at("a", old, seq, "late"), Code::kConflict);
  expect_code(put_snapshot(this->store(), {"a", old, 2, bytes_of("late"), {}}), Code::kConflict);
  ASSERT_TRUE(this->store().release("a", old)) << "a late release is harmless";
  for (const uint64_t epoch : {uint64_t{0}, present + 1, UINT64_MAX})
    expect_code(this->owner->append_at("a", epoch, newest + 2, "unknown"), Code::kConflict);
  expect_code(this->owner->append_at("never taken", 1, 1, "x"), Code::kConflict);
  EXPECT_EQ(this->shown("a"), " | a#1 | a#2 | a#3");
  EXPECT_EQ(this->names("", 10), std::vector<std::string>{"a"});
  // Even if the slots in which the old owner could see that it is late are gone.
  ASSERT_TRUE(this->owner->append_at("a", present, newest + 2, "a#4"));
  ASSERT_TRUE(put_snapshot(this->store(), {"a", present, newest + 2, bytes_of("S"), {}}));
  for (const uint64_t seq : {newest, newest + 1, newest + 2, newest + 3})
    expect_code(this->owner->append_at("a", old, seq, "late"), Code::kConflict);
  expect_code(put_snapshot(this->store(), {"a", old, newest + 2, bytes_of("late"), {}}), Code::kConflict);
  EXPECT_EQ(this->shown("a"), "S");
}

TYPED_TEST_P(StoreConformance, taken_slot_and_gap_conflict_and_store_nothing) {
  this->fill("a", 1, 2);
  const uint64_t epoch = this->owner->epoch("a");
  for (const uint64_t seq : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{5}, uint64_t{1000}, UINT64_MAX})
    expect_code(this->owner->append_at("a", epoch, seq, "x"), Code::kConflict);
  EXPECT_EQ(this->shown("a"), " | a#1 | a#2");
}

TYPED_TEST_P(StoreConformance, a_repeated_append_has_happened_once) {
  this->fill("a", 1, 2);
  const uint64_t epoch = this->owner->epoch("a");
  EXPECT_TRUE(this->owner->append_at("a", epoch, 3, "a#2")) << "the same slot, epoch and bytes: a retry";
  EXPECT_TRUE(this->owner->append_at("a", epoch, 2, "a#1"));
  expect_code(this->owner->append_at("a", epoch, 3, "a#3"), Code::kConflict);
  EXPECT_EQ(this->shown("a"), " | a#1 | a#2");
}

TYPED_TEST_P(StoreConformance, conflict_does_not_take_its_batch_along) {
  this->fill("lost", 1, 1);
  const uint64_t lost = this->owner->epoch("lost"), a = this->owner->epoch("a"), b = this->owner->epoch("b");
  const std::vector<AppendRequest> batch = {
      {"a", a, 2, bytes_of("a1")}, {"lost", lost, 2, bytes_of("late")}, {"a", a, 3, bytes_of("a2")},
      {"b", b, 2, bytes_of("b1")}, {"a", a, 3, bytes_of("twice")},      {"lost", lost, 3, bytes_of("next")},
      {"b", a, 3, bytes_of("b2")}, {"unknown", a, 1, bytes_of("lost")},
  };
  const auto results = this->store().append(batch);
  ASSERT_EQ(results.size(), batch.size());
  EXPECT_TRUE(results[0]);
  expect_code(results[1], Code::kConflict);
  EXPECT_TRUE(results[2]);
  EXPECT_TRUE(results[3]);
  expect_code(results[4], Code::kConflict);
  EXPECT_TRUE(results[5]);
  expect_code(results[6], Code::kConflict);
  expect_code(results[7], Code::kConflict);
  this->reopen();
  EXPECT_EQ(this->shown("a"), " | a1 | a2");
  EXPECT_EQ(this->shown("b"), " | b1");
  EXPECT_EQ(this->shown("lost"), " | lost#1 | next");
  EXPECT_EQ(this->shown("unknown"), "");
  EXPECT_TRUE(this->store().append({}).empty());
}

// An owner that asks whether the room is still its own puts a fence.
TYPED_TEST_P(StoreConformance, fences_are_kept_and_say_nothing) {
  this->fill("a", 1, 1);
  ASSERT_TRUE(this->owner->append("a", ""));
  this->fill("a", 2, 2);
  EXPECT_EQ(this->shown("a"), " | a#1 | a#2");
  const StoredRoom stored = this->store().load("a").value();
  ASSERT_EQ(stored.log.size(), 4u);
  EXPECT_TRUE(stored.log[2].update.empty());
}

TYPED_TEST_P(StoreConformance, snapshot_replaces_the_slots_it_covers) {
  this->fill("a", 1, 5);  // slots 2 to 6
  this->fill("b", 1, 2);
  ASSERT_TRUE(this->owner->put_snapshot("a", 4, "S3"));
  EXPECT_EQ(this->shown("a"), "S3 | a#4 | a#5");
  this->reopen();
  EXPECT_EQ(this->shown("a"), "S3 | a#4 | a#5");
  this->fill("a", 6, 6);
  ASSERT_TRUE(this->owner->put_snapshot("a", this->owner->newest("a"), "S6"));
  EXPECT_EQ(this->shown("a"), "S6");
  expect_code(this->owner->append_at("a", this->owner->epoch("a"), this->owner->newest("a"), "x"),
              Code::kConflict);
  this->fill("a", 7, 7);
  this->reopen();
  EXPECT_EQ(this->shown("a"), "S6 | a#7");
  EXPECT_EQ(this->shown("b"), " | b#1 | b#2");
}

TYPED_TEST_P(StoreConformance, snapshot_of_what_was_never_stored_or_is_older_conflicts) {
  expect_code(put_snapshot(this->store(), {"a", 1, 1, bytes_of("S"), {}}), Code::kConflict);
  EXPECT_TRUE(this->names("", 10).empty());
  this->fill("a", 1, 5);
  expect_code(this->owner->put_snapshot("a", 7, "S"), Code::kConflict);
  expect_code(this->owner->put_snapshot("a", 0, "S"), Code::kConflict);
  ASSERT_TRUE(this->owner->put_snapshot("a", 5, "S4"));
  expect_code(this->owner->put_snapshot("a", 4, "S3"), Code::kConflict);
  EXPECT_EQ(this->shown("a"), "S4 | a#5");
  // The same slot again: the retry of a caller who did not hear the answer.
  ASSERT_TRUE(this->owner->put_snapshot("a", 5, "S4 again"));
  EXPECT_EQ(this->shown("a"), "S4 again | a#5");
  ASSERT_TRUE(this->owner->put_snapshot("a", 6, ""));
  this->reopen();
  EXPECT_EQ(this->shown("a"), "");
  EXPECT_EQ(this->store().load("a").value().snapshot_seq, 6u);
}

// Many rooms at once, small and large, and the same room twice: each has its own result.
TYPED_TEST_P(StoreConformance, snapshots_are_put_together_and_refused_alone) {
  Prng random(5);
  const Buffer large = random_bytes(random, 9u << 20);
  std::vector<std::string> names = {"large", "lost", "older"};
  for (int i = 0; i < 300; ++i) names.push_back("small " + std::to_string(i));
  for (const std::string& name : names) this->fill(name, 1, 2);  // slots 2 and 3
  ASSERT_TRUE(this->owner->put_snapshot("older", 3, "S"));
  const uint64_t lost = this->owner->epoch("lost");
  ASSERT_TRUE(this->owner->take("lost"));
  const Poison poison{2, "refused"};
  std::vector<Buffer> states;
  for (const std::string& name : names) states.push_back(Buffer(name.begin(), name.end()));
  states[0] = large;
  std::vector<SnapshotRequest> batch;
  for (size_t i = 0; i < names.size(); ++i)
    batch.push_back({names[i], this->owner->epoch(names[i]), 2, states[i], {}});
  batch[1].epoch = lost;
  batch[5].poison = {&poison, 1};
  batch[6].state = {};
  batch.push_back({names[7], this->owner->epoch(names[7]), 3, bytes_of("twice"), {}});
  batch.push_back({"unknown", 1, 1, bytes_of("S"), {}});
  batch.push_back({"", 1, 1, bytes_of("S"), {}});
  batch.push_back({names[8], this->owner->epoch(names[8]), 4, bytes_of("never stored"), {}});

  const std::vector<Result<void>> results = this->store().put_snapshots(batch);
  ASSERT_EQ(results.size(), batch.size());
  for (size_t i = 0; i < names.size() + 1; ++i) {
    if (i == 1 || i == 2) {
      expect_code(results[i], Code::kConflict);
    } else {
      EXPECT_TRUE(results[i]) << i << ": " << results[i].error().message;
    }
  }
  expect_code(results[names.size() + 1], Code::kConflict);
  expect_code(results[names.size() + 2], Code::kInvalid);
  expect_code(results[names.size() + 3], Code::kConflict);
  this->reopen();
  EXPECT_TRUE(this->store().load("large").value().snapshot == large);
  EXPECT_EQ(this->shown("lost"), " | lost#1 | lost#2");
  EXPECT_EQ(this->shown("older"), "S");
  EXPECT_EQ(this->shown(names[6]), " | " + names[6] + "#2");
  EXPECT_EQ(this->shown(names[7]), "twice");
  for (size_t i = 8; i < names.size(); ++i)
    EXPECT_EQ(this->shown(names[i]), names[i] + " | " + names[i] + "#2");
  EXPECT_EQ(this->store().quarantined(names[5]).value().size(), 1u);
  EXPECT_TRUE(this->store().put_snapshots({}).empty());
}

TYPED_TEST_P(StoreConformance, poison_goes_into_quarantine) {
  this->fill("a", 1, 4);  // slots 2 to 5
  const uint64_t epoch = this->owner->epoch("a");
  const std::vector<Poison> poison = {{3, "unknown content"}, {5, "beyond the snapshot"}, {99, "nowhere"}};
  ASSERT_TRUE(this->owner->put_snapshot("a", 4, bytes_of("S"), poison));
  ASSERT_TRUE(this->owner->put_snapshot("a", 4, bytes_of("S"), poison)) << "a retry";
  this->reopen();
  EXPECT_EQ(this->shown("a"), "S | a#4");
  const std::vector<Quarantined> kept = this->store().quarantined("a").value();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].room, "a");
  EXPECT_EQ(kept[0].epoch, epoch);
  EXPECT_EQ(kept[0].seq, 3u);
  EXPECT_EQ(text_of(kept[0].update), "a#2");
  EXPECT_EQ(kept[0].reason, "unknown content");
  EXPECT_GT(kept[0].unix_ms, 1'600'000'000'000);
  const std::vector<Poison> more = {{5, "a second one"}};
  ASSERT_TRUE(this->owner->put_snapshot("a", this->owner->newest("a"), bytes_of("S"), more));
  EXPECT_EQ(this->store().quarantined("a").value().size(), 2u);
  EXPECT_TRUE(this->store().quarantined("b").value().empty());
}

TYPED_TEST_P(StoreConformance, a_room_that_was_only_looked_at_leaves_no_trace) {
  ASSERT_TRUE(this->owner->take("seen"));
  ASSERT_TRUE(this->owner->append("seen", ""));
  this->fill("written", 1, 1);
  ASSERT_TRUE(this->owner->release("seen"));
  ASSERT_TRUE(this->owner->release("written"));
  EXPECT_EQ(this->names("", 10), std::vector<std::string>{"written"});
  EXPECT_TRUE(this->store().load("seen").value().log.empty());
  const Claim again = this->store().take("seen").value();
  EXPECT_EQ(again.stored.log.size(), 1u);
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
  for (const std::string& name : odd) EXPECT_EQ(this->shown(name), " | " + name + "#1");
  std::vector<std::string> sorted = odd;
  std::ranges::sort(sorted);
  EXPECT_EQ(this->names("", 100), sorted);
  expect_code(this->owner->append_at("", 1, 1, "x"), Code::kInvalid);
  expect_code(this->store().take(""), Code::kInvalid);
  expect_code(this->store().load(""), Code::kInvalid);
  expect_code(put_snapshot(this->store(), {"", 1, 1, bytes_of("x"), {}}), Code::kInvalid);
}

TYPED_TEST_P(StoreConformance, rooms_are_paged_by_name) {
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
}

TYPED_TEST_P(StoreConformance, rooms_are_shown_with_size_times_and_owner) {
  ASSERT_TRUE(this->owner->append("a", "12345678"));
  ASSERT_TRUE(this->owner->append("a", "12345"));
  ASSERT_TRUE(this->owner->append("a", "123"));
  RoomInfo info = this->store().rooms("", 1).value().at(0);
  EXPECT_EQ(info.seq, 4u);
  EXPECT_EQ(info.bytes, 16u);
  EXPECT_GT(info.created_unix_ms, 1'600'000'000'000);
  EXPECT_GE(info.updated_unix_ms, info.created_unix_ms);
  EXPECT_EQ(info.epoch, this->owner->epoch("a"));
  EXPECT_TRUE(info.active);
  EXPECT_EQ(info.address, "owner-1:1234");
  ASSERT_TRUE(this->owner->put_snapshot("a", 3, Buffer(10'000, 7)));
  ASSERT_TRUE(this->owner->release("a"));
  info = this->store().rooms("", 1).value().at(0);
  EXPECT_EQ(info.seq, 4u);
  EXPECT_LE(info.bytes, 10'003u) << "as stored, perhaps compressed";
  EXPECT_GT(info.bytes, 3u);
  EXPECT_FALSE(info.active);
  EXPECT_EQ(info.address, "");
}

TYPED_TEST_P(StoreConformance, connections_are_counted_and_forgotten) {
  const std::string odd("a\0b", 3);
  const std::vector<ConnectionRecord> records = {{odd, 1000}, {odd, 3000}, {"b", 2000}, {odd, 2000}};
  ASSERT_TRUE(this->store().record_connections(records));
  ASSERT_TRUE(this->store().record_connections({}));
  using Times = std::vector<int64_t>;
  EXPECT_EQ(this->store().connections(odd, 10).value(), (Times{3000, 2000, 1000}));
  EXPECT_EQ(this->store().connections(odd, 2).value(), (Times{3000, 2000}));
  ASSERT_TRUE(this->store().forget_connections(2000));
  this->reopen();
  EXPECT_EQ(this->store().connections(odd, 10).value(), (Times{3000, 2000}));
  EXPECT_EQ(this->store().connections("b", 10).value(), (Times{2000}));
}

TYPED_TEST_P(StoreConformance, large_updates_and_snapshots_come_back_whole) {
  Prng random(7);
  const Buffer update = random_bytes(random, 5'000'001);
  const Buffer state = random_bytes(random, 60u << 20);
  ASSERT_TRUE(this->owner->append("big", as_text(update)));
  EXPECT_TRUE(this->store().load("big").value().log.at(1).update == update);
  ASSERT_TRUE(this->owner->put_snapshot("big", 2, state));
  ASSERT_TRUE(this->owner->append("big", "after"));
  this->reopen();
  const StoredRoom stored = this->store().load("big").value();
  EXPECT_TRUE(stored.snapshot == state);
  ASSERT_EQ(stored.log.size(), 1u);
  // Sizes around any cut into pieces, and any bound between two places to keep a snapshot.
  for (const size_t size : {(1u << 16) - 1, 1u << 16, (1u << 16) + 1, (1u << 20) - 1, 1u << 20,
                            (1u << 20) + 1, 3u << 20, 9u << 20}) {
    ASSERT_TRUE(this->owner->put_snapshot("big", 3, Bytes(state).first(size)));
    const Buffer back = this->store().load("big").value().snapshot;
    EXPECT_TRUE(std::ranges::equal(back, Bytes(state).first(size))) << size;
  }
}

// Random batches, takings, snapshots and reopenings against a model.
TYPED_TEST_P(StoreConformance, equals_a_model_under_random_use) {
  struct Model {
    uint64_t epoch = 0;
    uint64_t newest = 0;
    uint64_t snapshot_seq = 0;
    Buffer snapshot;
    std::map<uint64_t, Buffer> log;
  };
  const uint64_t seed = 20'240'229;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Prng random(seed);
  std::map<std::string, Model> model;
  const std::vector<std::string> names = {"a", "ab", "b", std::string("b\0", 2), "c"};
  const auto take = [&](const std::string& name) {
    const Claim claim = this->store().take(name).value();
    Model& room = model[name];
    ASSERT_GT(claim.epoch, room.epoch);
    room.epoch = claim.epoch;
    room.log[++room.newest] = {};
    ASSERT_EQ(claim.stored.log.back().seq, room.newest);
  };
  for (const std::string& name : names) take(name);

  for (int step = 0; step < 400; ++step) {
    const std::string& name = names[random.below(names.size())];
    switch (random.below(10)) {
      case 0:
        this->reopen();
        for (const std::string& each : names) take(each);
        break;
      case 1: {
        Model& room = model[name];
        const uint64_t seq = random.below(room.newest + 3);
        const Buffer state = random_bytes(random, random.below(3000));
        const bool expected = seq > 0 && seq <= room.newest && seq >= room.snapshot_seq;
        const auto stored = put_snapshot(this->store(), {name, room.epoch, seq, state, {}});
        ASSERT_EQ(stored.has_value(), expected) << "step " << step;
        if (expected) {
          room.snapshot_seq = seq;
          room.snapshot = state;
          room.log.erase(room.log.begin(), room.log.upper_bound(seq));
        }
        break;
      }
      case 2:
        take(name);
        break;
      default: {
        const size_t count = 1 + random.below(8);
        std::vector<Buffer> updates;
        std::vector<AppendRequest> batch;
        std::vector<bool> expected;
        for (size_t i = 0; i < count; ++i) updates.push_back(random_bytes(random, 1 + random.below(200)));
        for (size_t i = 0; i < count; ++i) {
          const std::string& target = names[random.below(names.size())];
          Model& room = model[target];
          const uint64_t next = room.newest + 1;
          const uint64_t seq = random.below(6) == 0 ? random.below(next + 3) : next;
          const uint64_t epoch = random.below(10) == 0 ? room.epoch - 1 : room.epoch;
          batch.push_back({target, epoch, seq, updates[i]});
          expected.push_back(seq == next && epoch == room.epoch);
          if (expected.back()) room.log[room.newest = seq] = updates[i];
        }
        const auto results = this->store().append(batch);
        ASSERT_EQ(results.size(), count);
        for (size_t i = 0; i < count; ++i) ASSERT_EQ(results[i].has_value(), expected[i]) << "step " << step;
      }
    }
    const StoredRoom stored = this->store().load(name).value();
    const Model& room = model[name];
    ASSERT_EQ(stored.snapshot_seq, room.snapshot_seq) << "step " << step;
    ASSERT_TRUE(stored.snapshot == room.snapshot) << "step " << step;
    ASSERT_EQ(stored.log.size(), room.log.size()) << "step " << step;
    for (const LogEntry& entry : stored.log)
      ASSERT_TRUE(entry.update == room.log.at(entry.seq)) << "step " << step;
  }
}

REGISTER_TYPED_TEST_SUITE_P(StoreConformance, unknown_room_is_empty, log_comes_back_in_order,
                            taking_a_room_fences_its_log, epochs_never_come_again,
                            writes_of_an_epoch_that_is_over_leave_nothing,
                            taken_slot_and_gap_conflict_and_store_nothing,
                            a_repeated_append_has_happened_once, conflict_does_not_take_its_batch_along,
                            fences_are_kept_and_say_nothing, snapshot_replaces_the_slots_it_covers,
                            snapshot_of_what_was_never_stored_or_is_older_conflicts,
                            snapshots_are_put_together_and_refused_alone, poison_goes_into_quarantine,
                            a_room_that_was_only_looked_at_leaves_no_trace, any_bytes_name_a_room,
                            rooms_are_paged_by_name, rooms_are_shown_with_size_times_and_owner,
                            connections_are_counted_and_forgotten,
                            large_updates_and_snapshots_come_back_whole, equals_a_model_under_random_use);

}  // namespace symphony
