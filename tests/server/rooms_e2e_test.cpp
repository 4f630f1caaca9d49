#include <atomic>
#include <thread>

#include "moody_store.h"
#include "support.h"

namespace symphony::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct RoomsTest : testing::Test {
  TestServer server;
};

TEST_F(RoomsTest, TheHandshakeIsExact) {
  server.start();
  const auto refusal = [&](const std::string& target) {
    const Client client(server.port(), target);
    EXPECT_FALSE(client.open());
    return std::to_string(client.status()) + " " + client.body();
  };
  EXPECT_THAT(refusal("/rooms/"), AllOf(StartsWith("400 "), HasSubstr("names no room")));
  EXPECT_THAT(refusal("/"), AllOf(StartsWith("400 "), HasSubstr("ws://<host>/rooms/<room id>")));
  EXPECT_THAT(refusal("/rooms/%FF"), AllOf(StartsWith("400 "), HasSubstr("UTF-8")));
  EXPECT_THAT(refusal("/rooms/" + std::string(256, 'x')), AllOf(StartsWith("400 "), HasSubstr("255")));
  EXPECT_THAT(http(server.port(), upgrade_request("/rooms/a", "8")),
              AllOf(StartsWith("HTTP/1.1 426 "), HasSubstr("Sec-WebSocket-Version: 13\r\n")));
  EXPECT_THAT(http(server.port(), upgrade_request("/rooms/a", "13", "short")), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(Client(server.port(), "/rooms/a", {.subprotocols = "app.v2, app.v1"}).subprotocol(), "app.v2");
  EXPECT_EQ(Client(server.port(), "/rooms/a", {.subprotocols = "app.v2, symphony.acks.v1"}).subprotocol(),
            "symphony.acks.v1");
}

TEST_F(RoomsTest, WhatComesWithTheHandshakeIsRead) {
  server.start();
  RawClient client(server.port());
  const Buffer frame = ws::frame_masked(ws::Opcode::kClose, Buffer{0x03, 0xe8}, 0x12345678);
  client.send(upgrade_request("/rooms/a") + std::string(frame.begin(), frame.end()));
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_close(), 1000);
}

TEST_F(RoomsTest, PeersOfARoomSeeEachOther) {
  server.start();
  // The prefix is optional, and an encoded id is the same id: all are one room.
  const auto a = join(server.port(), "/rooms/caf%C3%A9/1");
  const auto b = join(server.port(), "/caf%c3%a9/1?token=x");
  const auto elsewhere = join(server.port(), "/rooms/other");

  const Buffer first = update_message(text_update(1, 0, "hello"));
  a->send(first);
  EXPECT_TRUE(b->receive_until(first));
  const Buffer second = update_message(text_update(2, 0, "there"));
  b->send(second);
  EXPECT_TRUE(a->receive_until(second));

  const std::string ada = R"({"name":"ada"})";
  a->send(awareness_message(1, 1, ada));
  EXPECT_TRUE(b->receive_presence(1, ada));
  Client late(server.port(), "/rooms/caf%C3%A9/1");
  EXPECT_TRUE(late.receive_presence(1, ada)) << "who joins learns who is there";

  a->close();
  EXPECT_TRUE(b->receive_presence(1, "null")) << "who leaves is gone";

  const Buffer third = update_message(text_update(3, 0, "apart"));
  elsewhere->send(third);
  elsewhere->send_ping();
  EXPECT_TRUE(elsewhere->open());
  EXPECT_EQ(server.metric("symphony_rooms{loop=\"0\"}") + server.metric("symphony_rooms{loop=\"1\"}"), 2);
  EXPECT_EQ(server.metric("symphony_updates_applied_total"), 3);
}

TEST_F(RoomsTest, RoomsOfAllLoopsWork) {
  server.loops = 4;
  server.start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i)
    clients.push_back(join(server.port(), "/rooms/room-" + std::to_string(i % 50)));
  for (size_t i = 0; i < 50; ++i) {
    const Buffer update = update_message(text_update(i + 1, 0, "x"));
    clients[i]->send(update);
    EXPECT_TRUE(clients[i + 50]->receive_until(update));
  }
  for (int loop = 0; loop < 4; ++loop) {
    EXPECT_GT(server.metric("symphony_rooms{loop=\"" + std::to_string(loop) + "\"}"), 0) << loop;
  }
}

// Durable means told: an update that was acknowledged is there after the process has gone.
TEST_F(RoomsTest, WhatIsAcknowledgedIsThereAfterARestart) {
  const TemporaryFolder folder;
  server.data = (folder.path / "symphony.db").string();
  server.start();
  const Buffer update = text_update(7, 0, "kept");
  {
    const auto client = join(server.port(), "/rooms/a?acks=1");
    client->send(update_message(update));
    bool acknowledged = false;
    while (auto message = client->receive()) {
      acknowledged = (*message)[0] == 80;
      if (acknowledged) break;
    }
    EXPECT_TRUE(acknowledged);
  }
  EXPECT_TRUE(server.drain());

  server.start();
  Client again(server.port(), "/rooms/a");
  again.send(sync_step1_empty());
  EXPECT_TRUE(again.receive_until(sync_step2(update)));
}

TEST_F(RoomsTest, ADrainTellsEveryoneToComeBackAndStoresEverything) {
  const TemporaryFolder folder;
  server.data = (folder.path / "symphony.db").string();
  server.start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(join(server.port(), "/rooms/" + std::to_string(i)));
  for (size_t i = 0; i < 10; ++i) clients[i]->send(update_message(text_update(i + 1, 0, "x")));
  eventually([&] { return server.metric("symphony_updates_applied_total") == 10; },
             "all updates are applied");
  const uint16_t port = server.port();
  EXPECT_TRUE(server.drain());
  for (const auto& client : clients) {
    client->drain();
    EXPECT_TRUE(client->close_code() == 1001 || client->close_code() == 1012 || client->close_code() == 1013)
        << client->close_code() << " does not say: retry";
    EXPECT_NE(client->close_reason(), "");
  }
  server.options.port = port;
  server.start();
  for (size_t i = 0; i < 10; ++i) {
    Client again(port, "/rooms/" + std::to_string(i));
    again.send(sync_step1_empty());
    EXPECT_TRUE(again.receive_until(sync_step2(text_update(i + 1, 0, "x"))));
  }
}

TEST_F(RoomsTest, RoomsAreLimited) {
  server.loops = 1;
  server.options.rooms_max = 1;
  server.start();
  const auto first = join(server.port(), "/rooms/a");
  Client second(server.port(), "/rooms/b");
  second.drain();
  EXPECT_EQ(second.close_code(), 1013) << "a client may try again";
  EXPECT_THAT(second.close_reason(), HasSubstr("rooms"));
  join(server.port(), "/rooms/a");
}

TEST_F(RoomsTest, StorageThatFailsIsRetriedAndShown) {
  auto store = std::make_unique<MoodyStore>();
  MoodyStore& moody = *store;
  server.store = std::move(store);
  server.start();
  moody.failing = true;
  Client early(server.port(), "/rooms/a");
  early.send(sync_step1_empty());
  EXPECT_THAT(http_get(server.port(), "/readyz"),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("the disk is full")));
  eventually([&] { return server.metric("symphony_store_failures_total{call=\"load\"}") >= 2; },
             "loading is retried");
  moody.failing = false;
  EXPECT_TRUE(early.receive_until(sync_step2({0, 0}))) << "it is served as soon as the room is loaded";

  moody.failing = true;
  const auto other = join(server.port(), "/rooms/a");
  const Buffer update = update_message(text_update(1, 0, "x"));
  early.send(update);
  EXPECT_TRUE(other->receive_until(update)) << "peers do not wait for the disk";
  eventually([&] { return server.metric("symphony_store_failures_total{call=\"append\"}") >= 2; },
             "storing is retried");
  moody.failing = false;
  eventually([&] { return server.metric("symphony_unstored_updates") == 0; },
             "the update is stored in the end");
  EXPECT_TRUE(server.drain());
}

TEST_F(RoomsTest, WhoHangsUpWhileTheRoomCannotBeLoadedIsForgotten) {
  auto store = std::make_unique<MoodyStore>();
  store->failing = true;
  server.store = std::move(store);
  server.start();
  {
    Client client(server.port(), "/rooms/a");
    client.send(sync_step1_empty());
    client.send(update_message(text_update(1, 0, "x")));
    eventually([&] { return server.metric("symphony_peers") == 1; }, "the client waits in the room");
  }
  eventually([&] { return server.metric("symphony_peers") == 0; }, "the client is gone");
}

TEST_F(RoomsTest, ADrainEndsInTimeWhateverTheDiskDoes) {
  auto store = std::make_unique<MoodyStore>();
  MoodyStore& moody = *store;
  server.store = std::move(store);
  server.options.drain_timeout = 200ms;
  server.start();
  const auto client = join(server.port(), "/rooms/a");
  moody.failing = true;
  const auto other = join(server.port(), "/rooms/a");
  const Buffer update = update_message(text_update(1, 0, "x"));
  client->send(update);
  EXPECT_TRUE(other->receive_until(update));
  EXPECT_FALSE(server.drain());
}

// One commit takes 100 ms, and 50 rooms write at once: they share commits.
TEST_F(RoomsTest, AppendsOfAllRoomsShareCommits) {
  auto store = std::make_unique<MoodyStore>();
  MoodyStore& moody = *store;
  server.store = std::move(store);
  server.start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(join(server.port(), "/rooms/" + std::to_string(i)));
  moody.delay = 100ms;
  for (size_t i = 0; i < clients.size(); ++i) clients[i]->send(update_message(text_update(i + 1, 0, "x")));
  eventually([&] { return server.metric("symphony_store_appends_total") == 50; }, "all updates are stored");
  EXPECT_LE(server.metric("symphony_store_commits_total"), 10);
}

}  // namespace
}  // namespace symphony::test
