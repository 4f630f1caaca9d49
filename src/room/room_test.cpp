// What peers say and hear. Loading and storing have files of their own; what holds for any order of events is
// in room_random_test.cpp.
#include "room/room_testing.h"

namespace symphony {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

// --- opening

TEST_F(RoomTest, GreetsAsTheReferenceServerDoes) {
  stage.open(1);
  EXPECT_EQ(stage.heard(1), Heard{"step1"});
  ASSERT_TRUE(stage.say(1, awareness_message(10, 3, "1")));
  stage.open(2);
  EXPECT_EQ(stage.heard(2), (Heard{"step1", "awareness 10@4=1"}));
  ASSERT_TRUE(stage.say(2, kStep1));
  EXPECT_EQ(stage.heard(2), Heard{"step2"});
  ASSERT_TRUE(stage.say(2, Buffer{3}));
  EXPECT_EQ(stage.heard(2), Heard{"awareness 10@4=1"});
}

TEST_F(RoomTest, ALatePeerGetsTheWholeDocumentInItsAnswer) {
  join(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.open(2);
  stage.heard(2);
  ASSERT_TRUE(stage.say(2, kStep1));
  EXPECT_EQ(text_of(stage.sent[2].at(0)), "abc");
}

TEST_F(RoomTest, AFullRoomTellsToTryLater) {
  Stage small(RoomOptions{.peers_max = 1});
  small.open(1);
  small.open(2);
  EXPECT_EQ(small.closed, (std::map<PeerId, uint16_t>{{2, 1013}}));
  EXPECT_EQ(small.room.stats().peers, 1u);
}

TEST_F(RoomTest, ManyWhoAskAtOnceShareOneAnswer) {
  join(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  for (PeerId peer = 2; peer <= 4; ++peer) {
    stage.open(peer);
    ASSERT_TRUE(stage.say(peer, kStep1));
  }
  EXPECT_EQ(stage.sent[2], stage.sent[3]) << "the same buffers";
  EXPECT_EQ(stage.sent[3], stage.sent[4]);
  ASSERT_TRUE(stage.say(1, update_message(10, 3, "d")));
  stage.open(5);
  ASSERT_TRUE(stage.say(5, kStep1));
  EXPECT_EQ(text_of(stage.sent[5].at(1)), "abcd");
}

// --- updates

TEST_F(RoomTest, AnUpdateGoesToTheOthersAtOnceAsTheBytesThatCame) {
  join(1);
  join(2);
  join(3);
  const Buffer message = update_message(10, 0, "abc");
  ASSERT_TRUE(stage.say(1, message));
  ASSERT_EQ(stage.sent[2].size(), 1u);
  EXPECT_EQ(unframed(*stage.sent[2][0]), message);
  EXPECT_EQ(stage.sent[2][0], stage.sent[3].at(0)) << "one buffer for all";
  EXPECT_TRUE(stage.sent[1].empty()) << "the sender has it already";
}

TEST_F(RoomTest, WhatIsPartlyKnownIsSentAsWhatIsNew) {
  join(1);
  join(2);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.heard(2);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abcdef")));
  ASSERT_EQ(stage.sent[2].size(), 1u);
  EXPECT_NE(unframed(*stage.sent[2][0]), update_message(10, 0, "abcdef"));
  EXPECT_TRUE(stage.sent[1].empty());
  ASSERT_EQ(stage.appends.size(), 2u);
  EXPECT_EQ(*stage.appends[1].update, text_update(10, 0, "abcdef")) << "the log has what came in";
  stage.open(3);
  ASSERT_TRUE(stage.say(3, kStep1));
  EXPECT_EQ(text_of(stage.sent[3].at(1)), "abcdef");
}

TEST_F(RoomTest, WhatIsKnownIsNeitherSentNorStored) {
  join(1);
  join(2);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.heard(2);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  EXPECT_TRUE(stage.sent[2].empty());
  EXPECT_EQ(stage.appends.size(), 1u);
}

TEST_F(RoomTest, WhatMustWaitIsStoredAndItsSenderAskedOnceInAWhile) {
  join(1);
  join(2);
  ASSERT_TRUE(stage.say(1, update_message(10, 3, "def")));
  EXPECT_EQ(stage.heard(1), Heard{"step1"});
  EXPECT_TRUE(stage.heard(2).empty());
  ASSERT_EQ(stage.appends.size(), 1u);
  ASSERT_TRUE(stage.say(1, update_message(10, 6, "ghi")));
  EXPECT_TRUE(stage.heard(1).empty()) << "asked a moment ago";
  stage.pass(seconds(6));
  stage.heard(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 9, "jkl")));
  EXPECT_EQ(stage.heard(1), Heard{"step1"});
  ASSERT_TRUE(stage.say(2, update_message(10, 0, "abc")));
  EXPECT_EQ(stage.heard(1), Heard{"update"});
  EXPECT_EQ(stage.heard(2), Heard{"update"}) << "it has the beginning only";

  StoredRoom stored;
  for (const Append& append : stage.appends) stored.log.push_back({append.seq, 1, *append.update});
  stored.log.pop_back();
  Stage again;
  again.load(std::move(stored));
  again.open(1);
  ASSERT_TRUE(again.say(1, update_message(10, 0, "abc")));
  again.open(2);
  again.heard(2);
  ASSERT_TRUE(again.say(2, kStep1));
  EXPECT_EQ(text_of(again.sent[2].at(0)), "abcdefghijkl") << "what waits survives a restart";
}

TEST_F(RoomTest, ABadUpdateIsRefusedAndNobodyNotices) {
  join(1);
  join(2);
  for (const Buffer& bad : {Buffer{0, 2, 3, 9, 9, 9}, Buffer{0, 2, 0}, Buffer{0, 7}, Buffer{1, 1, 5}}) {
    const auto ok = stage.say(1, bad);
    ASSERT_FALSE(ok);
    EXPECT_EQ(ok.error().code, Code::kInvalid);
  }
  EXPECT_TRUE(stage.heard(2).empty());
  EXPECT_TRUE(stage.appends.empty());
  EXPECT_EQ(stage.room.stats().updates_refused, 2u);
}

TEST_F(RoomTest, AReaderOnlyReads) {
  join(1, {.read_only = true, .acks = true});
  join(2);
  ASSERT_TRUE(stage.say(1, message(MessageType::kSyncStep2, text_update(10, 0, "abc"))));
  EXPECT_TRUE(stage.heard(1).empty()) << "every client answers a sync step 1";
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  ASSERT_TRUE(stage.say(1, update_message(10, 3, "d")));
  EXPECT_EQ(stage.heard(1), Heard{"denied"}) << "told once";
  EXPECT_TRUE(stage.heard(2).empty());
  EXPECT_TRUE(stage.appends.empty());
  ASSERT_TRUE(stage.say(2, update_message(20, 0, "x")));
  EXPECT_EQ(stage.heard(1), Heard{"update"});
  stage.answer_appends();
  EXPECT_TRUE(stage.heard(1).empty()) << "nothing of a reader is ever durable";
}

TEST_F(RoomTest, UnknownMessagesAreIgnored) {
  join(1);
  EXPECT_TRUE(stage.say(1, Buffer{0x66, 1, 2}));
  EXPECT_TRUE(stage.say(1, Buffer{}));
  EXPECT_TRUE(stage.say(1, Buffer{2, 0, 1, 'x'}));
  EXPECT_TRUE(stage.say(9, Buffer{0, 0, 1, 0})) << "unknown peers, too";
  EXPECT_TRUE(stage.heard(1).empty());
}

// --- presence

TEST_F(RoomTest, PresenceIsMergedPerTickAndNotSentBack) {
  join(1);
  join(2);
  join(3);
  ASSERT_TRUE(stage.say(2, awareness_message(20, 2, "1")));  // sealed by its sync step 2: not a first word
  ASSERT_TRUE(stage.say(2, awareness_message(20, 3, "2")));
  EXPECT_TRUE(stage.heard(1).empty());
  stage.pass(RoomOptions().presence_tick);
  EXPECT_EQ(stage.heard(1), Heard{"awareness 20@3=2"});
  EXPECT_EQ(stage.heard(3), Heard{"awareness 20@3=2"});
  EXPECT_EQ(stage.heard(2), Heard{});
  stage.pass(seconds(1));
  EXPECT_EQ(stage.heard(1), Heard{});
}

TEST_F(RoomTest, PresenceThatWaitsRidesAlongWithAnUpdate) {
  join(1);
  join(2);
  ASSERT_TRUE(stage.say(2, awareness_message(20, 2, "1")));
  ASSERT_TRUE(stage.say(2, update_message(20, 0, "abc")));
  EXPECT_EQ(stage.heard(1), (Heard{"update", "awareness 20@2=1"}));
  stage.pass(seconds(1));
  EXPECT_EQ(stage.heard(1), Heard{});
}

TEST_F(RoomTest, WhoLeavesIsGoneForTheOthersWithinATick) {
  stage.open(1);
  ASSERT_TRUE(stage.say(1, awareness_message(10, 1, "1")));
  join(2);
  stage.pass(seconds(1));
  stage.heard(2);
  stage.close(1);
  stage.pass(RoomOptions().presence_tick);
  EXPECT_EQ(stage.heard(2), Heard{"awareness 10@2=null"});
}

TEST_F(RoomTest, ASilentPeerHearsAKeepAliveInTime) {
  join(1);
  join(2);
  for (int i = 0; i < 100; ++i) {
    stage.pass(seconds(1));
    if (i % 7 != 0) continue;
    ASSERT_TRUE(stage.say(2, awareness_message(20, static_cast<uint64_t>(i) + 1, "1")));
  }
  EXPECT_EQ(stage.heard(2), Heard(5, "keep-alive"));
  EXPECT_THAT(stage.heard(1), ::testing::Each(::testing::StartsWith("awareness")))
      << "it heard the other one";
}

// --- slow readers

TEST_F(RoomTest, ASlowReaderGetsOneMergedDifference) {
  join(1);
  join(2, {.acks = true});
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  ASSERT_TRUE(stage.say(1, awareness_message(10, 5, "1")));
  stage.pass(seconds(1));
  stage.heard(2);
  stage.room.on_backlog(2, true, stage.now);
  for (uint64_t i = 3; i < 50; ++i) ASSERT_TRUE(stage.say(1, update_message(10, i, "x")));
  ASSERT_TRUE(stage.say(1, awareness_message(10, 6, "null")));
  ASSERT_TRUE(stage.say(2, update_message(20, 0, "mine")));
  stage.answer_appends();
  stage.pass(seconds(25));
  EXPECT_TRUE(stage.heard(2).empty()) << "not even a keep-alive";
  EXPECT_EQ(stage.heard(1).size(), 2u) << "the other one's update and a keep-alive: others do not notice";
  stage.room.on_backlog(2, false, stage.now);
  stage.drain();
  ASSERT_EQ(stage.sent[2].size(), 3u);
  EXPECT_EQ(stage.heard(2), (Heard{"update", "awareness 10@6=null", "durable 2"}));
  ASSERT_TRUE(stage.say(1, update_message(10, 50, "x")));
  EXPECT_EQ(stage.heard(2), Heard{"update"});
}

TEST_F(RoomTest, ASlowReadersQuestionIsAnsweredLaterAndOnce) {
  join(1);
  join(2);
  stage.room.on_backlog(2, true, stage.now);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  ASSERT_TRUE(stage.say(2, kStep1));
  ASSERT_TRUE(stage.say(2, kStep1));
  ASSERT_FALSE(stage.say(2, Buffer{0, 0, 2, 1, 1}));
  EXPECT_TRUE(stage.heard(2).empty());
  stage.room.on_backlog(2, false, stage.now);
  stage.drain();
  EXPECT_EQ(text_of(stage.sent[2].at(0)), "abc");
  EXPECT_EQ(stage.heard(2), Heard{"step2"});
}

TEST_F(RoomTest, ASlowEchoPeerWaitsUntilItsOwnUpdatesAreDurable) {
  join(1, {.echo = true});
  stage.room.on_backlog(1, true, stage.now);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.room.on_backlog(1, false, stage.now);
  stage.drain();
  EXPECT_TRUE(stage.heard(1).empty());
  stage.answer_append();
  EXPECT_EQ(text_of(stage.sent[1].at(0)), "abc");
  EXPECT_EQ(stage.heard(1), Heard{"update"});
}

}  // namespace
}  // namespace symphony
