// What becomes durable, who is told, and how a room ends.
#include "room/room_testing.h"

namespace symphony {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

// --- acknowledgements

TEST_F(RoomTest, AnAcknowledgementCoversAllThatIsDurableAndOnlyThat) {
  join(1, {.acks = true});  // its empty sync step 2 was message 1: nothing to store
  join(2);
  for (uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(stage.say(1, update_message(10, i, "a")));
  EXPECT_EQ(stage.heard(1), Heard{});
  stage.answer_append();
  EXPECT_EQ(stage.heard(1), Heard{"durable 2"});
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "a")));  // known, but others before it are on their way
  EXPECT_EQ(stage.heard(1), Heard{});
  stage.answer_append();
  stage.answer_append();
  EXPECT_EQ(stage.heard(1), (Heard{"durable 3", "durable 4"}));
  stage.answer_append();
  EXPECT_EQ(stage.heard(1), Heard{"durable 6"});
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "a")));
  EXPECT_EQ(stage.heard(1), Heard{"durable 7"}) << "nothing to wait for";
  EXPECT_THAT(stage.heard(2), ::testing::Each("update")) << "who did not ask is never told";
}

TEST_F(RoomTest, TheFirstMessageIsAcknowledgedToo) {
  stage.open(1, {.acks = true});
  ASSERT_TRUE(stage.say(1, kEmptyStep2));
  EXPECT_EQ(stage.heard(1), (Heard{"step1", "durable 1"}));
}

TEST_F(RoomTest, FailedAppendsAreRetriedInOrderAndEditingGoesOn) {
  join(1, {.acks = true});
  join(2);
  for (uint64_t i = 0; i < 3; ++i) ASSERT_TRUE(stage.say(1, update_message(10, i, "a")));
  stage.answer_append();
  stage.answer_append(fail(Code::kUnavailable, "no space left"));
  stage.answer_append(fail(Code::kConflict, "slot 3 would leave a gap"));
  EXPECT_EQ(stage.room.storage_error(), "slot 3 would leave a gap");
  EXPECT_EQ(stage.heard(1), Heard{"durable 2"});
  ASSERT_TRUE(stage.say(1, update_message(10, 3, "a")));
  EXPECT_EQ(stage.heard(2).size(), 4u) << "peers go on meanwhile";
  EXPECT_TRUE(stage.appends.empty()) << "nothing is sent before its turn";
  stage.pass(milliseconds(100));
  ASSERT_EQ(stage.appends.size(), 3u);
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(stage.appends[i].seq, 2 + i);
  stage.answer_appends();
  EXPECT_EQ(stage.heard(1), (Heard{"durable 3", "durable 4", "durable 5"}));
  EXPECT_EQ(stage.room.storage_error(), "");
  EXPECT_EQ(stage.room.stats().unstored_updates, 0u);
}

TEST_F(RoomTest, ALostSlotEndsTheRoomWithoutWriting) {
  join(1, {.acks = true});
  join(2);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "a")));
  ASSERT_TRUE(stage.say(1, update_message(10, 1, "b")));
  stage.answer_append(fail(Code::kConflict, "slot 1 is taken"));
  EXPECT_TRUE(stage.gone);
  EXPECT_EQ(stage.closed, (std::map<PeerId, uint16_t>{{1, 1012}, {2, 1012}}));
  EXPECT_EQ(stage.heard(1), Heard{});
  stage.answer_append();  // the other answer arrives; nothing comes of it
  stage.open(3);
  EXPECT_EQ(stage.closed.at(3), 1012);
  EXPECT_EQ(stage.room.next_deadline(), kNever);
}

// --- ownership

TEST(RoomOwnership, ARoomThatIsHeldElsewhereSendsItsPeersAway) {
  Stage stage;
  stage.open(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "a")));
  EXPECT_EQ(stage.loaded_epoch, 0u);
  stage.answer_load({.holder = "elsewhere:1234"});
  EXPECT_EQ(stage.closed, (std::map<PeerId, uint16_t>{{1, 1012}}));
  EXPECT_TRUE(stage.gone);
  EXPECT_TRUE(stage.appends.empty());
}

TEST_F(RoomTest, ALapsedLeaseIsFollowedByAFence) {
  join(1, {.acks = true});
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "a")));
  stage.room.on_lease_lapsed(stage.now);
  stage.drain();
  ASSERT_EQ(stage.appends.size(), 2u);
  EXPECT_TRUE(stage.appends[1].update->empty());
  EXPECT_EQ(stage.appends[1].seq, 2u);
  stage.answer_appends();
  EXPECT_EQ(stage.heard(1), Heard{"durable 2"});
  EXPECT_EQ(stage.room.stats().log_entries, 1u) << "a fence is no update";
  stage.room.on_lease_lapsed(stage.now);
  stage.drain();
  stage.answer_append(fail(Code::kConflict, "another epoch has begun"));
  EXPECT_TRUE(stage.gone);
  EXPECT_EQ(stage.closed, (std::map<PeerId, uint16_t>{{1, 1012}}));
}

TEST(RoomOwnership, ALeaseThatLapsesWhileLoadingIsAskedAboutAfterwards) {
  Stage stage;
  stage.open(1);
  stage.room.on_lease_lapsed(stage.now);
  stage.drain();
  EXPECT_TRUE(stage.appends.empty());
  stage.load();
  ASSERT_EQ(stage.appends.size(), 1u);
  EXPECT_TRUE(stage.appends[0].update->empty());
}

TEST_F(RoomTest, ADrainDoesNotWaitForACompaction) {
  RoomOptions options;
  options.snapshot_log_entries = 1;
  Stage room(options);
  room.load();
  room.open(1);
  ASSERT_TRUE(room.say(1, update_message(10, 0, "a")));
  room.answer_append();
  ASSERT_EQ(room.compactions.size(), 1u);
  room.room.on_drain(room.now);
  room.drain();
  EXPECT_TRUE(room.gone);
}

TEST_F(RoomTest, FencesAreCompactedOnlyWhenThereAreMany) {
  RoomOptions options;
  options.snapshot_log_entries = 10;
  Stage room(options);
  StoredRoom stored;
  for (uint64_t seq = 1; seq <= 9; ++seq) stored.log.push_back({seq, seq, {}});
  room.load(stored);
  room.open(1);
  room.close(1);
  room.pass(seconds(31));
  EXPECT_TRUE(room.gone);
  EXPECT_TRUE(room.compactions.empty());

  Stage more(options);
  stored.log.push_back({10, 10, {}});
  more.load(stored);
  ASSERT_EQ(more.compactions.size(), 1u);
  EXPECT_EQ(more.compactions[0].seq, 10u);
}

TEST_F(RoomTest, WhatIsNotDurableHasABound) {
  RoomOptions options;
  options.unstored_bytes_max = 200;
  Stage small(options);
  small.load();
  small.open(1);
  ASSERT_TRUE(small.say(1, update_message(10, 0, std::string(300, 'a')))) << "one is always taken";
  const auto more = small.say(1, update_message(10, 300, "b"));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Code::kUnavailable);
  small.answer_append();
  EXPECT_TRUE(small.say(1, update_message(10, 300, "b")));
}

// --- echo

TEST_F(RoomTest, AnEchoComesWhenItIsDurable) {
  join(1, {.echo = true});
  join(2);
  const Buffer message = update_message(10, 0, "abc");
  ASSERT_TRUE(stage.say(1, message));
  EXPECT_EQ(stage.heard(2), Heard{"update"});
  EXPECT_TRUE(stage.sent[1].empty());
  stage.answer_append();
  ASSERT_EQ(stage.sent[1].size(), 1u);
  EXPECT_EQ(unframed(*stage.sent[1][0]), message);
}

TEST_F(RoomTest, SeveralMessagesInAFrameAskForEchoes) {
  stage.open(1);
  Buffer both = kStep1;
  const Buffer awareness = awareness_message(10, 1, "1");
  both.insert(both.end(), awareness.begin(), awareness.end());
  ASSERT_TRUE(stage.say(1, both));
  EXPECT_EQ(stage.heard(1), (Heard{"step1", "step2"}));
  stage.pass(RoomOptions().presence_tick);
  stage.heard(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.answer_append();
  EXPECT_EQ(stage.heard(1), Heard{"update"});
}

// What such a client sent just before its connection broke, it must see again before it believes that it is
// stored.
TEST_F(RoomTest, AfterAReconnectAnEchoPeerGetsTheWholeDocumentOnceItIsDurable) {
  join(1, {.echo = true});
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.close(1);
  stage.open(2, {.echo = true});
  ASSERT_TRUE(stage.say(2, Buffer{0, 0, 3, 1, 10, 3}));
  ASSERT_EQ(stage.sent[2].size(), 2u);
  EXPECT_EQ(unframed(*stage.sent[2][1]), kEmptyStep2) << "not stored yet";
  stage.answer_append();
  ASSERT_EQ(stage.sent[2].size(), 3u);
  EXPECT_EQ(text_of(stage.sent[2][2]), "abc");

  stage.open(3, {.echo = true});
  ASSERT_TRUE(stage.say(3, Buffer{0, 0, 3, 1, 10, 3}));
  EXPECT_EQ(text_of(stage.sent[3].at(1)), "abc") << "all stored: at once";
  EXPECT_EQ(stage.heard(3), (Heard{"step1", "step2"}));
}

// --- compactions and closing

TEST_F(RoomTest, ASnapshotIsTakenOfWhatIsDurableAndOneAtATime) {
  RoomOptions options;
  options.snapshot_log_entries = 3;
  Stage room(options);
  room.load();
  room.open(1);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(room.say(1, update_message(10, i, "a")));
  EXPECT_TRUE(room.compactions.empty()) << "nothing is durable yet";
  for (int i = 0; i < 3; ++i) room.answer_append();
  ASSERT_EQ(room.compactions.size(), 1u);
  EXPECT_EQ(room.compactions[0].seq, 3u);
  room.answer_appends();
  for (uint64_t i = 5; i < 9; ++i) ASSERT_TRUE(room.say(1, update_message(10, i, "a")));
  room.answer_appends();
  EXPECT_EQ(room.compactions.size(), 1u);
  EXPECT_EQ(room.room.stats().log_entries, 9u);
  room.answer_compaction();
  ASSERT_EQ(room.compactions.size(), 1u) << "the log has grown meanwhile";
  EXPECT_EQ(room.compactions[0].seq, 9u);
  EXPECT_EQ(room.room.stats().log_entries, 6u);
  room.answer_compaction();
  EXPECT_EQ(room.room.stats().log_entries, 0u);
  EXPECT_EQ(room.room.stats().log_bytes, 0u);
}

TEST_F(RoomTest, AFailedSnapshotIsTakenAnewLater) {
  RoomOptions options;
  options.snapshot_log_bytes = 50;
  Stage room(options);
  room.load();
  room.open(1);
  ASSERT_TRUE(room.say(1, update_message(10, 0, std::string(100, 'a'))));
  room.answer_append();
  ASSERT_EQ(room.compactions.size(), 1u);
  room.answer_compaction(fail(Code::kUnavailable, "no space left"));
  EXPECT_TRUE(room.compactions.empty());
  ASSERT_TRUE(room.say(1, update_message(10, 100, "b")));
  room.answer_append();
  room.pass(milliseconds(100));
  ASSERT_EQ(room.compactions.size(), 1u);
  EXPECT_EQ(room.compactions[0].seq, 2u);
}

TEST_F(RoomTest, ALargeDocumentIsNotWrittenAgainForEverySmallLog) {
  RoomOptions options;
  options.snapshot_log_entries = 3;
  Stage room(options);
  StoredRoom stored;
  stored.snapshot_seq = 1;
  stored.snapshot = text_update(20, 0, std::string(100000, 'x'));
  room.load(std::move(stored));
  room.open(1);
  for (uint64_t i = 0; i < 47; ++i) ASSERT_TRUE(room.say(1, update_message(10, i, "a")));
  room.answer_appends();
  EXPECT_TRUE(room.compactions.empty());
  ASSERT_TRUE(room.say(1, update_message(10, 47, "a")));
  room.answer_append();
  EXPECT_EQ(room.compactions.size(), 1u) << "48 entries are long to load";
}

TEST_F(RoomTest, AnIdleRoomClosesAfterTheGracePeriodWithASnapshot) {
  join(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.close(1);
  stage.pass(seconds(29));
  EXPECT_EQ(stage.room.stats().state, RoomState::kLive);
  stage.pass(seconds(2));
  EXPECT_EQ(stage.room.stats().state, RoomState::kClosing);
  EXPECT_TRUE(stage.compactions.empty()) << "first everything is durable";
  stage.answer_append();
  ASSERT_EQ(stage.compactions.size(), 1u);
  EXPECT_FALSE(stage.gone);
  stage.answer_compaction();
  EXPECT_TRUE(stage.gone);
}

TEST_F(RoomTest, ARoomThatNobodyWroteToLeavesNoTrace) {
  join(1);
  stage.close(1);
  stage.pass(seconds(31));
  EXPECT_TRUE(stage.gone);
}

TEST_F(RoomTest, WhoComesWhileItClosesIsServed) {
  join(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.answer_append();
  stage.close(1);
  stage.pass(seconds(31));
  ASSERT_EQ(stage.compactions.size(), 1u);
  stage.open(2);
  EXPECT_EQ(stage.heard(2), Heard{"step1"});
  EXPECT_EQ(stage.room.stats().state, RoomState::kLive);
  stage.answer_compaction();
  EXPECT_FALSE(stage.gone);
  ASSERT_TRUE(stage.say(2, update_message(20, 0, "def")));
  EXPECT_EQ(stage.appends.at(0).seq, 2u);
}

TEST_F(RoomTest, AFinalSnapshotThatFailsAgainAndAgainIsGivenUp) {
  join(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.answer_append();
  stage.close(1);
  stage.pass(seconds(31));
  for (int tries = 0; tries < 3; ++tries) {
    ASSERT_FALSE(stage.gone);
    ASSERT_EQ(stage.compactions.size(), 1u);
    stage.answer_compaction(fail(Code::kUnavailable, "the disk is away"));
    stage.pass(seconds(1));
  }
  EXPECT_TRUE(stage.gone) << "the log has everything";
}

TEST_F(RoomTest, ADrainClosesPeersAndStoresEverything) {
  join(1, {.acks = true});
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.room.on_drain(stage.now);
  stage.drain();
  EXPECT_EQ(stage.closed, (std::map<PeerId, uint16_t>{{1, 1012}}));
  stage.open(2);
  EXPECT_EQ(stage.closed.at(2), 1012);
  stage.answer_append(fail(Code::kUnavailable, "busy"));
  stage.pass(seconds(1));
  stage.answer_append();
  EXPECT_TRUE(stage.compactions.empty()) << "the log is as safe, and a restart is quick";
  EXPECT_TRUE(stage.gone);

  Stage loading;
  loading.open(1);
  loading.room.on_drain(loading.now);
  loading.drain();
  EXPECT_TRUE(loading.gone);
}

}  // namespace
}  // namespace symphony
