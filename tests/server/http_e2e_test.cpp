#include <fstream>
#include <thread>

#include "support.h"

namespace symphony::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct HttpTest : testing::Test {
  HttpTest() {
    std::filesystem::create_directories(folder.path / "www" / "assets");
    std::ofstream(folder.path / "www" / "index.html") << "<p>hello";
    std::ofstream(folder.path / "www" / "assets" / "big.js") << std::string(3 << 20, 'x');
    std::ofstream(folder.path / "secret.txt") << "secret";
    server.www = (folder.path / "www").string();
    server.options.head_timeout = 300ms;
  }
  TemporaryFolder folder;
  TestServer server;
};

TEST_F(HttpTest, AnswersItsOperator) {
  server.start();
  EXPECT_THAT(http_get(server.port(), "/healthz"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nok\n")));
  EXPECT_THAT(http_get(server.port(), "/readyz"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("ready\n")));
  EXPECT_THAT(http_get(server.port(), "/metrics"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: text/plain; version=0.0.4"),
                    HasSubstr("\nsymphony_rooms{loop=\"0\"} 0\nsymphony_rooms{loop=\"1\"} 0\n")));
}

TEST_F(HttpTest, ServesPages) {
  server.start();
  EXPECT_THAT(http_get(server.port(), "/"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("text/html"), EndsWith("\r\n\r\n<p>hello")));
  EXPECT_EQ(http_get(server.port(), "/assets/big.js").size() > (3 << 20), true);
  EXPECT_THAT(http(server.port(), "HEAD / HTTP/1.0\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 8\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(http_get(server.port(), "/nothing"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
}

TEST_F(HttpTest, NoPathLeavesTheFolder) {
  server.start();
  for (const char* target :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt",
        "/assets/..\\..\\secret.txt", "//etc/passwd", "/etc/passwd"}) {
    const std::string answer = http_get(server.port(), target);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 40")) << target;
    EXPECT_THAT(answer, testing::Not(HasSubstr("secret\n"))) << target;
  }
}

TEST_F(HttpTest, ManyRequestsShareAConnection) {
  server.start();
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += i % 2 == 0 ? "GET /healthz HTTP/1.1\r\n\r\n" : "GET /readyz HTTP/1.1\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(client.read_until("\n"), i % 2 == 0 ? "ok\n" : "ready\n");
  }
  client.send("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_all(), EndsWith("ok\n"));
}

TEST_F(HttpTest, SaysWhatIsWrong) {
  server.start();
  const auto answer = [&](const std::string& request) { return http(server.port(), request); };
  EXPECT_THAT(answer("DELETE / HTTP/1.1\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(answer("GET /rooms/a HTTP/1.1\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 426 "), HasSubstr("ws://<host>/rooms/<room id>")));
  EXPECT_THAT(answer("hello there\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer("\x16\x03\x01\x02\x01\x01\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer("GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpTest, AHeadMustArriveInTime) {
  server.start();
  EXPECT_THAT(http(server.port(), "GET / HT"), StartsWith("HTTP/1.1 408 "));
  RawClient silent(server.port());
  EXPECT_EQ(silent.read_all(), "") << "who never speaks is closed without a word";
}

// A thousand connections that never speak: they cost little, others are served, and all are closed.
TEST_F(HttpTest, AThousandSilentConnectionsDoNotMatter) {
  server.options.head_timeout = 2s;
  server.start();
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 1000; ++i) silent.push_back(std::make_unique<RawClient>(server.port()));
  EXPECT_THAT(http_get(server.port(), "/healthz"), EndsWith("ok\n"));
  eventually([&] { return server.metric("symphony_connections") <= 2; }, "all silent connections are closed");
  for (const auto& each : silent) EXPECT_EQ(each->read_all(), "");
}

TEST_F(HttpTest, ConnectionsAreLimited) {
  server.options.connections_max = 3;
  server.options.head_timeout = 10s;
  server.start();
  auto first = std::make_unique<RawClient>(server.port());
  auto second = std::make_unique<RawClient>(server.port());
  auto third = std::make_unique<RawClient>(server.port());
  first->send("GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_THAT(first->read_until("ok\n"), StartsWith("HTTP/1.1 200 "));
  third->send("GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_THAT(third->read_until("ok\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(
      RawClient(server.port()).read_all(),
      AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 10\r\n"), HasSubstr("--connections-max")));
  second.reset();
  eventually([&] { return http_get(server.port(), "/healthz").starts_with("HTTP/1.1 200 "); },
             "a place is free again");
}

TEST_F(HttpTest, ConnectionsOfOneAddressAreLimited) {
  server.options.connections_per_ip_max = 1;
  server.start();
  RawClient first(server.port());
  EXPECT_THAT(RawClient(server.port()).read_all(), HasSubstr("--connections-per-ip-max"));
}

}  // namespace
}  // namespace symphony::test
