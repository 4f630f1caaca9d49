// The rules of a room, one by one. What holds for any order of events is in room_random_test.cpp.
#include "room/room.h"

#include "room/room_testing.h"

namespace symphony {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Buffer kStep1 = {0, 0, 1, 0};  // of an empty document
const Buffer kEmptyStep2 = {0, 1, 2, 0, 0};

// A room that has loaded nothing and is live.
class RoomTest : public ::testing::Test {
 protected:
  RoomTest() { stage.load(); }

  // A peer that has been greeted and has synced.
  void join(PeerId peer, const PeerOptions& options = {}) {
    stage.open(peer, options);
    ASSERT_TRUE(stage.say(peer, kStep1));
    ASSERT_TRUE(stage.say(peer, kEmptyStep2));
    stage.heard(peer);
  }

  std::string text_of(const SharedBuffer& frame) {
    const Buffer payload = unframed(*frame);
    MessageReader reader(payload);
    Doc doc;
    EXPECT_TRUE(doc.apply_update((*reader.next())->payload));
    return doc.to_text("t");
  }

  Stage stage;
};

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
  for (const Append& append : stage.appends) stored.log.push_back({append.seq, *append.update});
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

// --- presence

TEST_F(RoomTest, PresenceIsMergedPerTickAndNotSentBack) {
  join(1);
  join(2);
  join(3);
  ASSERT_TRUE(stage.say(2, awareness_message(20, 2, "1")));  // sealed by its sync step 2: not a first word
  ASSERT_TRUE(stage.say(2, awareness_message(20, 3, "2")));
  EXPECT_TRUE(stage.heard(1).empty());
  stage.pass(milliseconds(25));
  EXPECT_EQ(stage.heard(1), Heard{"awareness 20@3=2"});
  EXPECT_EQ(stage.heard(3), Heard{"awareness 20@3=2"});
  EXPECT_EQ(stage.heard(2), Heard{});
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
  stage.pass(milliseconds(25));
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

// --- snapshots and closing

TEST_F(RoomTest, ASnapshotIsTakenOfWhatIsDurableAndOneAtATime) {
  RoomOptions options;
  options.snapshot_log_entries = 3;
  Stage room(options);
  room.load();
  room.open(1);
  for (uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(room.say(1, update_message(10, i, "a")));
  EXPECT_TRUE(room.snapshots.empty()) << "nothing is durable yet";
  for (int i = 0; i < 3; ++i) room.answer_append();
  ASSERT_EQ(room.snapshots.size(), 1u);
  EXPECT_EQ(room.snapshots[0].seq, 3u);
  room.answer_appends();
  for (uint64_t i = 5; i < 9; ++i) ASSERT_TRUE(room.say(1, update_message(10, i, "a")));
  room.answer_appends();
  EXPECT_EQ(room.snapshots.size(), 1u);
  EXPECT_EQ(room.room.stats().log_entries, 9u);
  room.answer_snapshot();
  ASSERT_EQ(room.snapshots.size(), 1u) << "the log has grown meanwhile";
  EXPECT_EQ(room.snapshots[0].seq, 9u);
  EXPECT_EQ(room.room.stats().log_entries, 6u);
  Doc doc;
  ASSERT_TRUE(doc.apply_update(*room.snapshots[0].state));
  EXPECT_EQ(doc.to_text("t"), "aaaaaaaaa");
  room.answer_snapshot();
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
  ASSERT_EQ(room.snapshots.size(), 1u);
  room.answer_snapshot(fail(Code::kUnavailable, "no space left"));
  EXPECT_TRUE(room.snapshots.empty());
  ASSERT_TRUE(room.say(1, update_message(10, 100, "b")));
  room.answer_append();
  room.pass(milliseconds(100));
  ASSERT_EQ(room.snapshots.size(), 1u);
  EXPECT_EQ(room.snapshots[0].seq, 2u);
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
  EXPECT_TRUE(room.snapshots.empty());
  ASSERT_TRUE(room.say(1, update_message(10, 47, "a")));
  room.answer_append();
  EXPECT_EQ(room.snapshots.size(), 1u) << "48 entries are long to load";
}

TEST_F(RoomTest, AnIdleRoomClosesAfterTheGracePeriodWithASnapshot) {
  join(1);
  ASSERT_TRUE(stage.say(1, update_message(10, 0, "abc")));
  stage.close(1);
  stage.pass(seconds(29));
  EXPECT_EQ(stage.room.stats().state, RoomState::kLive);
  stage.pass(seconds(2));
  EXPECT_EQ(stage.room.stats().state, RoomState::kClosing);
  EXPECT_TRUE(stage.snapshots.empty()) << "first everything is durable";
  stage.answer_append();
  ASSERT_EQ(stage.snapshots.size(), 1u);
  EXPECT_FALSE(stage.gone);
  stage.answer_snapshot();
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
  ASSERT_EQ(stage.snapshots.size(), 1u);
  stage.open(2);
  EXPECT_EQ(stage.heard(2), Heard{"step1"});
  EXPECT_EQ(stage.room.stats().state, RoomState::kLive);
  stage.answer_snapshot();
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
    ASSERT_EQ(stage.snapshots.size(), 1u);
    stage.answer_snapshot(fail(Code::kUnavailable, "the disk is away"));
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
  EXPECT_FALSE(stage.gone);
  stage.answer_snapshot();
  EXPECT_TRUE(stage.gone);

  Stage loading;
  loading.open(1);
  loading.room.on_drain(loading.now);
  loading.drain();
  EXPECT_TRUE(loading.gone);
}

}  // namespace
}  // namespace symphony
