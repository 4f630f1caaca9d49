#include "room/presence.h"

#include "room/room_testing.h"

namespace symphony {
namespace {

using testing::describe;
using testing::kStart;

constexpr auto kSecond = std::chrono::seconds(1);

class PresenceTest : public ::testing::Test {
 protected:
  PresenceTest() {
    for (PeerId peer = 1; peer <= 3; ++peer) presence.open(peer);
  }

  Result<void> say(PeerId peer, uint64_t client, uint64_t clock, std::string_view state) {
    return say(peer, {{client, clock, as_bytes(state)}});
  }
  Result<void> say(PeerId peer, const std::vector<AwarenessEntry>& entries) {
    Buffer payload;
    encode_awareness(payload, entries);
    auto ok = presence.apply(peer, payload, now);
    EXPECT_EQ(presence.check_invariants(), "");
    return ok;
  }
  // A connection that has nothing of its own: it only repeats, as far as we know.
  void relay(PeerId peer) { presence.seal(peer); }

  // The changes since the last call, without the word "awareness".
  std::string delta() {
    Presence::Delta delta = presence.take_delta();
    EXPECT_EQ(presence.check_invariants(), "");
    source = delta.sole_source;
    return delta.frame == nullptr ? "" : describe(*delta.frame).substr(10);
  }

  RoomOptions options;
  Presence presence{options, 7};
  Time now = kStart;
  std::optional<PeerId> source;
};

TEST_F(PresenceTest, AFirstWordGoesToAllWithARaisedClock) {
  ASSERT_TRUE(say(1, 10, 0, "{}"));
  EXPECT_EQ(delta(), "10@1={}");
  EXPECT_FALSE(source) << "the client has to hear of the raised clock";
  ASSERT_TRUE(say(1, 10, 1, "{}"));  // it adopts it and says so
  EXPECT_EQ(delta(), "");
  ASSERT_TRUE(say(1, 10, 2, "{\"a\":1}"));
  EXPECT_EQ(delta(), "10@2={\"a\":1}");
  EXPECT_EQ(source, 1u) << "nothing new for the one who said it";
}

TEST_F(PresenceTest, AMessageAboutNobodyIsNoFirstWord) {
  ASSERT_TRUE(say(1, {}));
  ASSERT_TRUE(say(1, 10, 5, "1"));
  EXPECT_EQ(delta(), "10@6=1");
}

TEST_F(PresenceTest, AClientThatMovedOnMeanwhileIsNotSetBack) {
  ASSERT_TRUE(say(1, 10, 5, "1"));
  EXPECT_EQ(delta(), "10@6=1");
  ASSERT_TRUE(say(1, 10, 6, "2"));  // said before it heard of 6
  EXPECT_EQ(delta(), "10@7=2");
  EXPECT_EQ(source, 1u);
  ASSERT_TRUE(say(1, 10, 8, "3"));
  EXPECT_EQ(delta(), "10@8=3");
}

TEST_F(PresenceTest, ClockRuleOfYProtocolsForWhatIsRepeated) {
  relay(1);
  ASSERT_TRUE(say(1, 10, 0, "0"));
  EXPECT_EQ(delta(), "") << "unknown counts as known at clock 0";
  ASSERT_TRUE(say(1, 10, 3, "3"));
  EXPECT_EQ(delta(), "10@3=3");
  ASSERT_TRUE(say(1, 10, 3, "4"));
  ASSERT_TRUE(say(1, 10, 2, "5"));
  ASSERT_TRUE(say(1, 10, 2, "null"));
  EXPECT_EQ(delta(), "");
  ASSERT_TRUE(say(1, 10, 3, "null"));
  EXPECT_EQ(delta(), "10@3=null");
  ASSERT_TRUE(say(1, 10, 3, "null"));
  ASSERT_TRUE(say(1, 10, 3, "6"));
  EXPECT_EQ(delta(), "") << "a late repetition does not bring it back";
  ASSERT_TRUE(say(1, 10, 4, "7"));
  EXPECT_EQ(delta(), "10@4=7");
}

TEST_F(PresenceTest, OnlyTheNewestStateOfEachIsSent) {
  relay(1);
  relay(2);
  ASSERT_TRUE(say(1, {{10, 1, as_bytes("1")}, {11, 1, as_bytes("1")}}));
  ASSERT_TRUE(say(1, 10, 2, "2"));
  ASSERT_TRUE(say(1, 10, 3, "3"));
  EXPECT_EQ(delta(), "10@3=3 11@1=1");
  EXPECT_EQ(source, 1u);
  ASSERT_TRUE(say(1, 10, 4, "4"));
  ASSERT_TRUE(say(2, 12, 1, "1"));
  EXPECT_EQ(delta(), "10@4=4 12@1=1");
  EXPECT_FALSE(source);
}

TEST_F(PresenceTest, OthersCanNeitherChangeNorRemoveWhoIsHereHimself) {
  ASSERT_TRUE(say(1, 10, 1, "1"));
  delta();
  relay(2);
  ASSERT_TRUE(say(2, 10, 9, "\"forged\""));
  ASSERT_TRUE(say(2, 10, 9, "null"));
  EXPECT_EQ(delta(), "");
  presence.close(2, now);
  EXPECT_EQ(delta(), "") << "and it does not go with them";
  presence.close(1, now);
  EXPECT_EQ(delta(), "10@2=null");
}

TEST_F(PresenceTest, AReconnectTakesOverAndTheOldConnectionsEndRemovesNothing) {
  ASSERT_TRUE(say(1, 10, 5, "1"));
  EXPECT_EQ(delta(), "10@6=1");
  ASSERT_TRUE(say(2, 10, 6, "1"));  // the new connection says what the old one said
  EXPECT_EQ(delta(), "") << "nothing new";
  ASSERT_TRUE(say(1, 10, 7, "2"));
  EXPECT_EQ(delta(), "") << "late words of the old connection";
  presence.close(1, now);
  EXPECT_EQ(delta(), "");
  EXPECT_EQ(presence.size(), 1u);
  presence.close(2, now);
  EXPECT_EQ(delta(), "10@6=null");
}

TEST_F(PresenceTest, AReconnectAfterTheRemovalIsVisibleAtOnce) {
  ASSERT_TRUE(say(1, 10, 5, "1"));
  delta();
  presence.close(1, now);
  EXPECT_EQ(delta(), "10@6=null");
  ASSERT_TRUE(say(2, 10, 6, "1"));  // the clock is the removed one
  EXPECT_EQ(delta(), "10@7=1");
  EXPECT_FALSE(source);
  presence.close(2, now);
  delta();
  ASSERT_TRUE(say(3, 10, 5, "1"));  // it never heard that its clock had been raised
  EXPECT_EQ(delta(), "10@8=1");
}

TEST_F(PresenceTest, WhoIsNotRenewedExpiresAndWhoIsRemovedIsForgottenLater) {
  ASSERT_TRUE(say(1, 10, 1, "1"));
  delta();
  now += 20 * kSecond;
  ASSERT_TRUE(say(1, 10, 3, "1"));
  relay(2);
  ASSERT_TRUE(say(2, 11, 1, "1"));
  ASSERT_TRUE(say(2, 11, 1, "1"));
  EXPECT_EQ(delta(), "10@3=1 11@1=1");
  now += 20 * kSecond;
  ASSERT_TRUE(say(1, 10, 4, "1"));
  ASSERT_TRUE(say(2, 10, 4, "1"));  // a repetition renews nothing
  delta();
  now += 10 * kSecond;
  EXPECT_LE(presence.next_expiry(), now);
  presence.expire(now);
  EXPECT_EQ(delta(), "11@1=null");
  now += 20 * kSecond;
  presence.expire(now);
  EXPECT_EQ(delta(), "10@4=null");
  EXPECT_EQ(presence.size(), 0u);
  EXPECT_NE(presence.next_expiry(), kNever);
  now += 60 * kSecond;
  presence.expire(now);
  EXPECT_EQ(presence.next_expiry(), kNever) << "nothing is remembered any more";
  ASSERT_TRUE(say(1, 10, 5, "1"));  // a throttled tab wakes up
  EXPECT_EQ(delta(), "10@5=1");
}

TEST_F(PresenceTest, EverybodyIsToldOnRequest) {
  EXPECT_EQ(presence.everybody(true), nullptr);
  relay(1);
  ASSERT_TRUE(say(1, {{10, 1, as_bytes("1")}, {11, 4, as_bytes("2")}}));
  ASSERT_TRUE(say(1, 10, 1, "null"));
  EXPECT_EQ(describe(*presence.everybody(false)), "awareness 11@4=2");
  EXPECT_EQ(describe(*presence.everybody(true)), "awareness 10@1=null 11@4=2");
}

TEST_F(PresenceTest, Limits) {
  relay(1);
  std::vector<AwarenessEntry> entries;
  for (uint64_t client = 0; client < 64; ++client) entries.push_back({client, 1, as_bytes("1")});
  ASSERT_TRUE(say(1, entries));
  EXPECT_EQ(say(1, 64, 1, "1").error().code, Code::kLimit);
  ASSERT_TRUE(say(1, 0, 1, "null"));
  EXPECT_TRUE(say(1, 64, 1, "1")) << "who left makes room";

  const std::string big = "\"" + std::string(options.presence_state_bytes_max - 2, 'a') + "\"";
  EXPECT_TRUE(say(2, 100, 1, big));
  EXPECT_EQ(say(2, 100, 2, "\"" + big.substr(1) + " ").error().code, Code::kLimit);
  EXPECT_EQ(say(2, 100, 3, "{").error().code, Code::kInvalid);
  EXPECT_EQ(say(2, 100, kVarUintMax, "1").error().code, Code::kInvalid);
  EXPECT_EQ(presence.apply(2, Buffer{1, 1}, now).error().code, Code::kInvalid);
}

// A connection that goes through ids without end leaves a bounded trace.
TEST_F(PresenceTest, RemovedClientsAreRememberedWithinABound) {
  relay(1);
  for (uint64_t client = 1; client < 20000; ++client) {
    ASSERT_TRUE(presence.apply(
        1,
        [&] {
          Buffer payload;
          encode_awareness(payload, {{client, 1, as_bytes("1")}, {client, 1, as_bytes("null")}});
          return payload;
        }(),
        now));
    presence.take_delta();
  }
  std::vector<AwarenessEntry> entries;
  const Buffer all = testing::unframed(*presence.everybody(true));
  EXPECT_LT(all.size(), 4097u * 10);
  EXPECT_EQ(presence.check_invariants(), "");
}

TEST_F(PresenceTest, RandomEventsKeepTheInvariants) {
  constexpr uint64_t kSeed = 99;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Prng prng(kSeed);
  for (int step = 0; step < 20000; ++step) {
    const PeerId peer = 1 + prng.below(5);
    now += Duration(static_cast<int64_t>(prng.below(2'000'000)));
    switch (prng.below(8)) {
      case 0:
        presence.close(peer, now);
        break;
      case 1:
        presence.open(peer);
        break;
      case 2:
        presence.expire(now);
        break;
      case 3:
        presence.take_delta();
        break;
      case 4:
        presence.seal(peer);
        break;
      default:
        presence.open(peer);
        ASSERT_TRUE(say(peer, prng.below(8), prng.below(50), prng.below(4) == 0 ? "null" : "1"));
    }
    ASSERT_EQ(presence.check_invariants(), "");
  }
}

}  // namespace
}  // namespace symphony
