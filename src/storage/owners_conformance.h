// What holds among several owners of one medium, as a gtest suite for adapters that allow them:
//
//   struct Harness {
//     // The same medium each time; several stores may be open at once.
//     std::unique_ptr<Store> open(const OwnerOptions& owner);
//     void pass(Duration time);   // the clock that leases are judged by moves on
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, StoreOwners, Harness);
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/owner_testing.h"

namespace symphony {

template <class Harness>
class StoreOwners : public testing::Test {
 protected:
  Harness harness;
  TestOwner ada{harness.open(test_owner("ada"))};
  TestOwner bob{harness.open(test_owner("bob"))};
};

TYPED_TEST_SUITE_P(StoreOwners);

TYPED_TEST_P(StoreOwners, a_living_owner_keeps_its_room) {
  ASSERT_TRUE(this->ada.append("r", "a1"));
  const Claim refused = this->bob.store().take("r").value();
  EXPECT_EQ(refused.epoch, 0u);
  EXPECT_EQ(refused.holder, "ada:1234");
  EXPECT_TRUE(refused.stored.log.empty());
  EXPECT_TRUE(this->ada.append("r", "a2"));
  EXPECT_EQ(shown(this->bob.store(), "r"), " | a1 | a2") << "anybody may read";
}

TYPED_TEST_P(StoreOwners, a_released_room_is_free_at_once) {
  ASSERT_TRUE(this->ada.append("r", "a1"));
  const uint64_t old = this->ada.epoch("r");
  ASSERT_TRUE(this->ada.release("r"));
  ASSERT_TRUE(this->bob.append("r", "b1"));
  expect_code(this->ada.append_at("r", old, 3, "late"), Code::kConflict);
  ASSERT_TRUE(this->ada.store().release("r", old));
  EXPECT_TRUE(this->bob.append("r", "b2")) << "a late release does not free the room of another";
  EXPECT_FALSE(this->ada.take("r"));
}

TYPED_TEST_P(StoreOwners, a_silent_owner_loses_its_room_and_finds_out) {
  ASSERT_TRUE(this->ada.append("r", "a1"));
  const uint64_t old = this->ada.epoch("r");
  this->harness.pass(kTestLease * 9 / 10);
  EXPECT_FALSE(this->bob.take("r"));
  EXPECT_TRUE(this->ada.store().renew().value()) << "the lease never ran out";
  this->harness.pass(kTestLease * 9 / 10);
  EXPECT_FALSE(this->bob.take("r"));
  this->harness.pass(kTestLease * 2 / 10);
  ASSERT_TRUE(this->bob.append("r", "b1"));

  EXPECT_FALSE(this->ada.store().renew().value()) << "the lease had run out";
  EXPECT_TRUE(this->ada.store().renew().value());
  for (uint64_t seq = 3; seq < 7; ++seq)
    expect_code(this->ada.append_at("r", old, seq, seq % 2 == 0 ? "" : "late"), Code::kConflict);
  expect_code(put_snapshot(this->ada.store(), {"r", old, 2, bytes_of("late"), {}}), Code::kConflict);
  ASSERT_TRUE(this->ada.store().release("r", old));
  EXPECT_EQ(shown(this->ada.store(), "r"), " | a1 | b1");
  EXPECT_TRUE(this->bob.append("r", "b2"));
  EXPECT_FALSE(this->ada.take("r"));
}

// Nobody came: the room is still its own.
TYPED_TEST_P(StoreOwners, an_owner_whom_nobody_robbed_goes_on) {
  ASSERT_TRUE(this->ada.append("r", "a1"));
  this->harness.pass(kTestLease * 3);
  EXPECT_FALSE(this->ada.store().renew().value());
  EXPECT_TRUE(this->ada.append("r", ""));
  EXPECT_TRUE(this->ada.append("r", "a2"));
  EXPECT_EQ(shown(this->bob.store(), "r"), " | a1 | a2");
}

TYPED_TEST_P(StoreOwners, a_retired_owner_leaves_everything_free) {
  ASSERT_TRUE(this->ada.append("r", "a1"));
  ASSERT_TRUE(this->ada.append("s", "a1"));
  ASSERT_TRUE(this->ada.store().retire());
  ASSERT_TRUE(this->ada.store().retire());
  EXPECT_FALSE(this->ada.store().rooms("", 1).value().at(0).active);
  EXPECT_TRUE(this->bob.append("r", "b1"));
  EXPECT_TRUE(this->bob.append("s", "b1"));
}

// The slots that would have told the old owner are gone, and so is every owner in between.
TYPED_TEST_P(StoreOwners, an_owner_that_slept_through_everything_stores_nothing) {
  ASSERT_TRUE(this->ada.append("r", "a1"));
  const uint64_t old = this->ada.epoch("r");
  const uint64_t next = this->ada.newest("r") + 1;
  for (int round = 0; round < 3; ++round) {
    this->harness.pass(kTestLease * 2);
    TestOwner owner{this->harness.open(test_owner("owner " + std::to_string(round)))};
    ASSERT_TRUE(owner.append("r", "x"));
    ASSERT_TRUE(owner.put_snapshot("r", owner.newest("r"), "S" + std::to_string(round)));
    ASSERT_TRUE(owner.release("r"));
  }
  for (uint64_t seq = next - 1; seq < next + 8; ++seq)
    expect_code(this->ada.append_at("r", old, seq, "late"), Code::kConflict);
  EXPECT_EQ(shown(this->bob.store(), "r"), "S2");
}

// Random owners take, write, sleep and wake: at no time have two epochs of one room both had a write accepted
// after the later one began, and every accepted update is there.
TYPED_TEST_P(StoreOwners, one_owner_at_a_time_under_random_use) {
  const uint64_t seed = 1'791;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Prng random(seed);
  struct Player {
    std::unique_ptr<TestOwner> owner;
    uint64_t epoch = 0;
    uint64_t newest = 0;
  };
  std::vector<Player> players;
  for (const char* id : {"p", "q", "r"})
    players.push_back({std::make_unique<TestOwner>(this->harness.open(test_owner(id)))});
  uint64_t present = 0;  // the newest epoch that was given
  std::string expected;
  for (int step = 0; step < 300; ++step) {
    Player& player = players[random.below(players.size())];
    Store& store = player.owner->store();
    switch (random.below(8)) {
      case 0: {
        const Claim claim = store.take("room").value();
        if (claim.epoch == 0) break;
        ASSERT_GT(claim.epoch, present);
        present = player.epoch = claim.epoch;
        player.newest = claim.stored.log.back().seq;
        break;
      }
      case 1:
        this->harness.pass(kTestLease / 2);
        break;
      case 2:
        static_cast<void>(store.renew().value());
        break;
      case 3:
        if (random.below(4) == 0) static_cast<void>(store.retire());
        break;
      default: {
        if (player.epoch == 0) break;
        const std::string update = std::to_string(step);
        const auto stored = player.owner->append_at("room", player.epoch, player.newest + 1, update);
        ASSERT_EQ(stored.has_value(), player.epoch == present) << "step " << step;
        if (!stored) break;
        ++player.newest;
        expected += " | " + update;
      }
    }
  }
  EXPECT_GT(expected.size(), 100u) << "too little was written for the test to mean anything";
  EXPECT_EQ(shown(this->ada.store(), "room"), expected);
}

REGISTER_TYPED_TEST_SUITE_P(StoreOwners, a_living_owner_keeps_its_room, a_released_room_is_free_at_once,
                            a_silent_owner_loses_its_room_and_finds_out, an_owner_whom_nobody_robbed_goes_on,
                            a_retired_owner_leaves_everything_free,
                            an_owner_that_slept_through_everything_stores_nothing,
                            one_owner_at_a_time_under_random_use);

}  // namespace symphony
