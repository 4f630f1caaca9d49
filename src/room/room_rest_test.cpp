// Documents at rest: when a room lays its document to rest, what it answers from the bytes, and what wakes
// it.
#include "room/room_testing.h"

namespace symphony::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RoomRestTest : public RoomTest {
 protected:
  void edit(PeerId peer, uint64_t clock, std::string_view text) {
    ASSERT_TRUE(stage.say(peer, update_message(5, clock, text)));
    stage.answer_appends();
  }
};

TEST_F(RoomRestTest, ADocumentRestsWhenNobodyHasEditedItForAWhile) {
  join(1);
  edit(1, 0, "hello");
  EXPECT_FALSE(stage.room.rests());
  const size_t awake = stage.room.stats().document_bytes;
  stage.pass(RoomOptions().rest_after - milliseconds(1));
  EXPECT_FALSE(stage.room.rests());
  edit(1, 5, " you");  // the time counts from the last edit
  stage.pass(RoomOptions().rest_after - milliseconds(1));
  EXPECT_FALSE(stage.room.rests());
  stage.pass(milliseconds(2));
  EXPECT_TRUE(stage.room.rests());
  EXPECT_LT(stage.room.stats().document_bytes * 2, awake);

  edit(1, 9, " there");
  EXPECT_FALSE(stage.room.rests());
  stage.pass(RoomOptions().rest_after);
  EXPECT_TRUE(stage.room.rests());
  join(2);
  ASSERT_TRUE(stage.say(2, kStep1));
  EXPECT_EQ(text_of(stage.sent[2].back()), "hello you there");
}

TEST_F(RoomRestTest, WhoJoinsReconnectsAndSaysNothingNewDoesNotWakeIt) {
  join(1);
  edit(1, 0, "hello");
  stage.pass(RoomOptions().rest_after);
  ASSERT_TRUE(stage.room.rests());
  join(2);
  ASSERT_TRUE(stage.say(2, message(MessageType::kSyncStep1, Buffer{1, 5, 3})));  // it knows "hel"
  EXPECT_EQ(stage.heard(2), Heard{"step2"});
  ASSERT_TRUE(stage.say(2, kEmptyStep2));
  ASSERT_TRUE(stage.say(2, awareness_message(9, 1, "{}")));
  stage.room.on_backlog(2, true, stage.now);
  stage.room.on_backlog(2, false, stage.now);
  stage.drain();
  EXPECT_TRUE(stage.room.rests());
  EXPECT_FALSE(stage.say(2, message(MessageType::kSyncStep1, Buffer{1, 5})));  // cut short
  EXPECT_TRUE(stage.room.rests());
}

TEST_F(RoomRestTest, WhatWaitsForAMissingUpdateStaysAwake) {
  join(1);
  edit(1, 3, "later");
  stage.pass(seconds(20));
  EXPECT_FALSE(stage.room.rests());
}

TEST_F(RoomRestTest, ARoomThatWaitsForItsLastSnapshotRestsAndServesWhoComesBack) {
  join(1);
  edit(1, 0, "hello");
  // Editing goes on until the last moment, so that only closing lays it to rest.
  stage.room.on_drain(stage.now);
  stage.drain();
  ASSERT_TRUE(stage.gone);  // a drain waits for no snapshot

  Stage other(RoomOptions{.grace = milliseconds(1)});
  other.load();
  other.open(1);
  ASSERT_TRUE(other.say(1, update_message(5, 0, "hello")));
  other.answer_appends();
  other.close(1);
  other.pass(milliseconds(2));
  ASSERT_EQ(other.compactions.size(), 1u);
  EXPECT_EQ(other.room.stats().state, RoomState::kClosing);
  EXPECT_TRUE(other.room.rests());
  other.open(2);
  ASSERT_TRUE(other.say(2, kStep1));
  EXPECT_EQ(text_of(other.sent[2].back()), "hello");
  ASSERT_TRUE(other.say(2, update_message(5, 5, "!")));
  EXPECT_EQ(other.room.stats().state, RoomState::kLive);
}

// A larger document costs more to wake: it may be at rest for a thousandth of the time that it is not.
TEST_F(RoomRestTest, ALargeDocumentRestsLater) {
  join(1);
  edit(1, 0, std::string(3u << 20, 'x'));
  stage.pass(RoomOptions().rest_after + seconds(2));
  EXPECT_FALSE(stage.room.rests());
  stage.pass(seconds(2));
  EXPECT_TRUE(stage.room.rests());
}

}  // namespace
}  // namespace symphony::testing
