// A room before its document is there.
#include "room/restore.h"
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
  stored.log.push_back({4, 1, text_update(20, 3, "er ")});
  stored.log.push_back({5, kEpoch, {}});
  stage.load(std::move(stored));
  EXPECT_EQ(stage.heard(1), (Heard{"step1", "step2", "awareness 10@2=1"}));
  EXPECT_EQ(stage.heard(2), (Heard{"step1", "awareness 10@2=1"}));
  ASSERT_EQ(stage.appends.size(), 1u);
  EXPECT_EQ(stage.appends[0].seq, 6u);
  EXPECT_EQ(*stage.appends[0].update, text_update(10, 0, "new"));
}

TEST(RoomLoading, AFailedLoadIsTriedAgainWithBackoffAndPeersStay) {
  Stage stage;
  stage.open(1);
  ASSERT_TRUE(stage.say(1, kStep1));
  Duration waited{};
  for (int tries = 1; tries < 12; ++tries) {
    ASSERT_EQ(stage.loads, tries);
    stage.answer_load({.room = fail(Code::kUnavailable, "the disk is away")});
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

TEST(RoomLoading, AMissingSlotOrARefusedSnapshotIsNeverOverwritten) {
  for (const bool gap : {false, true}) {
    Stage stage;
    stage.open(1);
    ASSERT_TRUE(stage.say(1, update_message(10, 0, "new")));
    StoredRoom stored;
    if (!gap) stored = {2, Buffer{1, 2, 3}, {}};
    if (gap) stored.log = {{1, 1, text_update(20, 0, "old")}, {3, 1, text_update(20, 3, "er")}};
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(stage.loaded_epoch, i == 0 ? 0 : kEpoch) << "a room that is taken is not taken again";
      stage.load(stored);
      EXPECT_THAT(stage.room.storage_error(), ::testing::HasSubstr("slot 2"));
      EXPECT_EQ(stage.room.stats().state, RoomState::kLoading);
      stage.pass(seconds(10));
    }
    EXPECT_THAT(stage.heard(1), ::testing::Each("keep-alive"));
    EXPECT_TRUE(stage.appends.empty());
    EXPECT_TRUE(stage.compactions.empty());
    stage.load();  // an operator has repaired it
    EXPECT_EQ(stage.appends.size(), 1u);
  }
}

TEST(RoomLoading, APoisonousUpdateIsLeftOutAndTheRestServed) {
  Stage stage;
  stage.open(1);
  ASSERT_TRUE(stage.say(1, kStep1));
  StoredRoom stored;
  stored.log.push_back({1, 1, text_update(20, 0, "before")});
  stored.log.push_back({2, 1, Buffer{1, 2, 3}});
  stored.log.push_back({3, 2, text_update(20, 6, " after")});
  stage.load(stored);
  EXPECT_EQ(stage.heard(1), (Heard{"step1", "step2"}));
  ASSERT_EQ(stage.room.poison().size(), 1u);
  EXPECT_EQ(stage.room.poison()[0].seq, 2u);
  EXPECT_FALSE(stage.room.poison()[0].reason.empty());
  EXPECT_EQ(stage.room.stats().poisoned_updates, 1u);
  ASSERT_EQ(stage.compactions.size(), 1u) << "which puts it into quarantine";
  EXPECT_EQ(stage.compactions[0].seq, 3u);
  stage.answer_compaction();
  EXPECT_TRUE(stage.compactions.empty());
}

TEST(RestoreDocument, StopsWhereItIsTold) {
  StoredRoom stored;
  stored.snapshot_seq = 4;
  stored.snapshot = text_update(20, 0, "snap");
  stored.log = {
      {5, 1, {}}, {6, 1, text_update(20, 4, "shot")}, {7, 1, Buffer{9}}, {8, 1, text_update(20, 8, "!")}};
  EXPECT_EQ(restore_document("r", stored, {})->doc.to_text("t"), "snapshot!");
  EXPECT_EQ(restore_document("r", stored, {}, 6)->doc.to_text("t"), "snapshot");
  EXPECT_TRUE(restore_document("r", stored, {}, 6)->poison.empty());
  EXPECT_EQ(restore_document("r", stored, {}, 7)->poison.size(), 1u);
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
  stage.answer_compaction();
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
