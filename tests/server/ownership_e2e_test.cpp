// Several servers of one store: who serves a room, who is sent away, and what an operator can see of it.
#include "moody_store.h"
#include "support.h"

namespace symphony::test {
namespace {

using testing::HasSubstr;

// Time passes only when a test says so.
struct StoppedClock final : MemoryMedium {
  std::atomic<Duration> time{Duration(0)};
  Time now() const override { return Time(time.load()); }
};

constexpr Duration kLease = 300ms;

class OwnershipTest : public testing::Test {
 protected:
  MoodyStore* start(TestServer& server, const std::string& owner) {
    auto store = std::make_unique<MoodyStore>(owner, medium, kLease);
    MoodyStore* const raw = store.get();
    server.store = std::move(store);
    server.options.lease = kLease;
    server.start();
    return raw;
  }

  // Tries until the room is served there, as providers do.
  static std::unique_ptr<Client> join_in_time(TestServer& server, const std::string& target) {
    std::unique_ptr<Client> client;
    eventually(
        [&] {
          client = std::make_unique<Client>(server.port(), target);
          client->send(sync_step1_empty());
          return client->receive().has_value();
        },
        "the room is served");
    return client;
  }

  static std::optional<uint16_t> refusal(TestServer& server, const std::string& target) {
    Client client(server.port(), target);
    client.send(sync_step1_empty());
    client.drain();
    return client.close_code();
  }

  std::shared_ptr<StoppedClock> medium = std::make_shared<StoppedClock>();
  TestServer ada, bob;
};

TEST_F(OwnershipTest, ARoomIsServedByOneServerAndMovesWithoutAWait) {
  start(ada, "ada");
  start(bob, "bob");
  const auto client = join(ada.port(), "/rooms/r");
  const Buffer update = text_update(1, 0, "x");
  client->send(update_message(update));
  EXPECT_EQ(refusal(bob, "/rooms/r"), 1012) << "retry";
  EXPECT_EQ(bob.metric("symphony_store_held_elsewhere_total"), 1);
  EXPECT_EQ(bob.metric("symphony_store_failures_total{call=\"load\"}"), 0);
  EXPECT_TRUE(ada.drain());
  Client again(bob.port(), "/rooms/r");
  again.send(sync_step1_empty());
  EXPECT_TRUE(again.receive_until(sync_step2(update)));
}

TEST_F(OwnershipTest, AServerThatWasCutOffSendsItsClientsToTheNewOwner) {
  MoodyStore* const cut = start(ada, "ada");
  start(bob, "bob");
  const auto client = join(ada.port(), "/rooms/r");
  const auto reader = join(ada.port(), "/rooms/reader");
  eventually([&] { return ada.metric("symphony_store_lease_renewals_total") >= 1; }, "there is a lease");
  cut->failing = true;
  client->send(update_message(text_update(1, 0, "never acknowledged")));
  EXPECT_EQ(refusal(bob, "/rooms/r"), 1012) << "the lease lasts";
  medium->time = medium->time.load() + 2 * kLease;
  const auto taken = join_in_time(bob, "/rooms/r");
  const auto taken_too = join_in_time(bob, "/rooms/reader");
  cut->failing = false;
  client->drain();
  EXPECT_EQ(client->close_code(), 1012);
  reader->drain();
  EXPECT_EQ(reader->close_code(), 1012) << "nobody wrote, and yet the server asked";
  EXPECT_EQ(ada.metric("symphony_store_lease_lapses_total"), 1);
  EXPECT_EQ(ada.metric("symphony_rooms{loop=\"0\"}") + ada.metric("symphony_rooms{loop=\"1\"}"), 0);
  EXPECT_EQ(bob.metric("symphony_peers"), 2);
}

TEST_F(OwnershipTest, AServerThatNobodyRobbedGoesOn) {
  MoodyStore* const cut = start(ada, "ada");
  const auto client = join(ada.port(), "/rooms/r");
  eventually([&] { return ada.metric("symphony_store_lease_renewals_total") >= 1; }, "there is a lease");
  cut->failing = true;
  medium->time = medium->time.load() + 2 * kLease;
  cut->failing = false;
  eventually([&] { return ada.metric("symphony_store_lease_lapses_total") == 1; }, "it notices");
  client->send(update_message(text_update(1, 0, "x")));
  eventually([&] { return ada.metric("symphony_store_append_bytes_total") > 0; }, "and goes on");
  EXPECT_EQ(ada.metric("symphony_peers"), 1);
  EXPECT_TRUE(ada.drain());
}

// A take whose answer is lost may have happened. Nobody waits for the room any more, and it must not stay
// taken.
TEST_F(OwnershipTest, ARoomThatNobodyWaitsForIsGivenBack) {
  ada.options.room.grace = 1ms;
  MoodyStore* const slow = start(ada, "ada");
  start(bob, "bob");
  slow->lose_answers = true;
  {
    Client client(ada.port(), "/rooms/r");
    client.send(sync_step1_empty());
    eventually([&] { return ada.metric("symphony_store_failures_total{call=\"load\"}") >= 1; },
               "a take fails");
    EXPECT_EQ(refusal(bob, "/rooms/r"), 1012) << "it has happened all the same";
  }
  eventually(
      [&] {
        return ada.metric("symphony_rooms{loop=\"0\"}") + ada.metric("symphony_rooms{loop=\"1\"}") == 0;
      },
      "the room is given up");
  slow->lose_answers = false;
  const auto served = join_in_time(bob, "/rooms/r");
}

TEST_F(OwnershipTest, PoisonIsShownQuarantinedAndTheRestServed) {
  MemoryStore before({"before", ""}, medium);
  const Claim claim = before.take("r").value();
  const Buffer good = text_update(1, 0, "x"), poison = {1, 2, 3};
  const std::vector<AppendRequest> slots = {{"r", claim.epoch, 2, good}, {"r", claim.epoch, 3, poison}};
  for (const auto& stored : before.append(slots)) ASSERT_TRUE(stored);
  ASSERT_TRUE(before.retire());

  start(ada, "ada");
  Client client(ada.port(), "/rooms/r");
  client.send(sync_step1_empty());
  EXPECT_TRUE(client.receive_until(sync_step2(good)));
  EXPECT_EQ(ada.metric("symphony_poisoned_updates_total"), 1);
  eventually([&] { return ada.metric("symphony_store_quarantined_total") == 1; }, "it is put aside");
  const auto kept = before.quarantined("r").value();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].seq, 3u);
  EXPECT_EQ(kept[0].epoch, claim.epoch);
  EXPECT_EQ(kept[0].update, poison);
}

TEST_F(OwnershipTest, ConnectionsAreRecorded) {
  start(ada, "ada");
  const auto client = join(ada.port(), "/rooms/r");
  const auto other = join(ada.port(), "/rooms/r");
  MemoryStore reader({"reader", ""}, medium);
  eventually([&] { return reader.connections("r", 10)->size() == 2; }, "both are recorded");
}

}  // namespace
}  // namespace symphony::test
