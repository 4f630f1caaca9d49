// A room before its document is there.
#include "room/room_testing.h"

namespace symphony {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

// --- loading

TEST(RoomLoading, NobodyHearsAnythingBeforeTheDocumentIsThere) {
  Stage stage;
  EXPECT_EQ(stage.loads, 1);
  stage.open(1);
  ASSERT_TRUE(stage.say(1, kStep1));
  ASSERT_TRUE(stage.say(1, awareness_message(10, 1, "1")));
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "new")));
  stage.open(2);
  stage.pass(seconds(5));
  EXPECT_TRUE(stage.heard(1).empty());
  EXPECT_TRUE(stage.appends.empty());

  StoredRoom stored;
  stored.snapshot_seq = 3;
  stored.snapshot = text_update(20, 0, "old");
  stored.log.push_back({4, text_update(20, 3, "er ")});
  stage.load(std::move(stored));
  EXPECT_EQ(stage.heard(1), (Heard{"step1", "step2", "awareness 10@2=1"}));
  EXPECT_EQ(stage.heard(2), (Heard{"step1", "awareness 10@2=1"}));
  ASSERT_EQ(stage.appends.size(), 1u);
  EXPECT_EQ(stage.appends[0].seq, 5u);
  EXPECT_EQ(*stage.appends[0].update, text_update(10, 0, "new"));
}

TEST(RoomLoading, AFailedLoadIsTriedAgainWithBackoffAndPeersStay) {
  Stage stage;
  stage.open(1);
  ASSERT_TRUE(stage.say(1, kStep1));
  Duration waited{};
  for (int tries = 1; tries < 12; ++tries) {
    ASSERT_EQ(stage.loads, tries);
    stage.answer_load(fail(Code::kUnavailable, "the disk is away"));
    EXPECT_EQ(stage.room.storage_error(), "the disk is away");
    const Time failed = stage.now;
    while (stage.loads == tries) stage.pass(milliseconds(10));
    waited = stage.now - failed;
    EXPECT_LE(waited, seconds(10) + milliseconds(10));
  }
  EXPECT_GE(waited, seconds(5)) << "the backoff grows up to its maximum";
  EXPECT_THAT(stage.heard(1), ::testing::Each("keep-alive"));
  EXPECT_TRUE(stage.closed.empty());
  EXPECT_EQ(stage.room.stats().storage_failures, 11u);
  stage.load();
  EXPECT_EQ(stage.heard(1), (Heard{"step1", "step2"}));
  EXPECT_EQ(stage.room.storage_error(), "");
}

TEST(RoomLoading, AStoredUpdateThatIsRefusedIsNeverOverwritten) {
  for (const bool gap : {false, true}) {
    Stage stage;
    stage.open(1);
    ASSERT_TRUE(stage.say(1, update_message(10, 0, "new")));
    StoredRoom stored;
    stored.log.push_back({1, text_update(20, 0, "old")});
    stored.log.push_back(gap ? LogEntry{3, text_update(20, 3, "er")} : LogEntry{2, Buffer{1, 2, 3}});
    for (int i = 0; i < 3; ++i) {
      stage.answer_load(stored);
      EXPECT_THAT(stage.room.storage_error(), ::testing::HasSubstr("slot 2"));
      EXPECT_EQ(stage.room.stats().state, RoomState::kLoading);
      stage.pass(seconds(10));
    }
    EXPECT_THAT(stage.heard(1), ::testing::Each("keep-alive"));
    EXPECT_TRUE(stage.appends.empty());
    EXPECT_TRUE(stage.snapshots.empty());
    stage.load();  // an operator has repaired it
    EXPECT_EQ(stage.appends.size(), 1u);
  }
}

TEST(RoomLoading, WhatIsHeldHasABound) {
  Stage stage(RoomOptions{.loading_bytes_max = 100});
  stage.open(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, std::string(60, 'a'))));
  const auto more = stage.say(1, update_message(10, 60, std::string(60, 'a')));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Code::kUnavailable);
}

TEST(RoomLoading, WhoLeftWhileLoadingIsHeardAllTheSame) {
  Stage stage;
  stage.open(1, {.acks = true});
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "new")));
  stage.close(1);
  stage.pass(seconds(100));
  EXPECT_FALSE(stage.gone) << "it waits as long as somebody's update does";
  stage.load();
  EXPECT_EQ(stage.appends.size(), 1u);
  stage.answer_append();
  stage.pass(seconds(100));
  stage.answer_snapshot();
  EXPECT_TRUE(stage.gone);
}

TEST(RoomLoading, ABadHeldMessageClosesItsSenderOnly) {
  Stage stage;
  stage.open(1);
  stage.open(2);
  ASSERT_TRUE(stage.say(1, Buffer{0, 2, 3, 9, 9, 9}));
  ASSERT_TRUE(stage.say(2, update_message(20, 0, "fine")));
  stage.load();
  EXPECT_EQ(stage.closed, (std::map<PeerId, uint16_t>{{1, 4400}}));
  EXPECT_EQ(stage.appends.size(), 1u);
  EXPECT_EQ(stage.heard(2), Heard{"step1"});
}

TEST(RoomLoading, AMalformedStateVectorIsRefusedAtOnce) {
  Stage stage;
  stage.open(1);
  const auto ok = stage.say(1, Buffer{0, 0, 2, 1, 1});
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace symphony
