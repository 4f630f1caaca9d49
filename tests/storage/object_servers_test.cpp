// The object stores in front of a real service, which servers.test.mjs starts and names:
//
//   SYMPHONY_TEST_BUCKET  s3://bucket or gs://bucket
//   SYMPHONY_TEST_PORT    of the service on this machine
//   SYMPHONY_TEST_RACES   1 if the service creates an object once, whoever else does so at the same time
#include <atomic>
#include <thread>

#include "fault_proxy.h"
#include "storage/blob/object_conformance.h"
#include "storage/blob/object_scenario_testing.h"
#include "storage/blob/open_object_store.h"
#include "storage/blob/retrying_store.h"

namespace symphony {
namespace {

int service_port() { return std::atoi(process_environment("SYMPHONY_TEST_PORT").c_str()); }

// A prefix of its own, spoken to by way of `port`.
std::unique_ptr<ObjectStore> open_service(const std::string& prefix, int port = service_port()) {
  const std::string bucket = process_environment("SYMPHONY_TEST_BUCKET");
  const auto environment = [is_google = bucket.starts_with("gs:"), port](const std::string& name) {
    if (name == (is_google ? "STORAGE_EMULATOR_HOST" : "AWS_ENDPOINT_URL"))
      return "http://127.0.0.1:" + std::to_string(port);
    return process_environment(name.c_str());
  };
  auto store = open_object_store(bucket + "/" + prefix, environment);
  EXPECT_TRUE(store) << store.error().message;
  return std::move(*store);
}

std::string new_prefix() {
  static std::atomic<int> made = 0;
  return "test/" + std::to_string(++made);
}

// Services answer before they can store.
struct UntilReady final : testing::Environment {
  void SetUp() override {
    ASSERT_NE(process_environment("SYMPHONY_TEST_BUCKET"), "") << "tests/storage/servers.test.mjs runs this";
    RetryClock clock;
    RetryingStore store(open_service("ready"), {.wait_max = std::chrono::milliseconds(400)}, clock, 1);
    const auto ready = store.put_new("ready", bytes_of("ready"));
    ASSERT_TRUE(ready) << ready.error().message;
  }
};
[[maybe_unused]] testing::Environment* const until_ready = testing::AddGlobalTestEnvironment(new UntilReady);

struct ServiceHarness {
  std::string prefix = new_prefix();
  std::unique_ptr<ObjectStore> open() { return open_service(prefix); }
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Service, ObjectConformance, ServiceHarness);

namespace {

class Faults : public testing::TestWithParam<Fault> {};

TEST_P(Faults, at_any_request_leave_the_same_contents) {
  for (int n = 1;; ++n) {
    SCOPED_TRACE("request " + std::to_string(n));
    const FaultProxy proxy(service_port(), GetParam(), n);
    const auto store = open_service(new_prefix(), proxy.port());
    expect_scenario_outcome(*store);
    if (!proxy.reached()) break;
    ASSERT_LT(n, 100);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(Service, Faults,
                         testing::Values(Fault::kDropped, Fault::kRefused, Fault::kLost, Fault::kCut,
                                         Fault::kWronged, Fault::kTwice));

TEST(Service, lists_more_objects_than_one_page_holds) {
  constexpr int kObjects = 1100;
  constexpr int kThreads = 4;
  const auto store = open_service(new_prefix());
  std::vector<std::string> keys;
  for (int i = 0; i < kObjects; ++i) keys.push_back("k/" + std::to_string(100'000 + i));
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([&, thread] {
      for (size_t i = static_cast<size_t>(thread); i < keys.size(); i += kThreads)
        EXPECT_TRUE(store->put_new(keys[i], bytes_of(keys[i])));
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store->list("k/", "", 5000).value(), keys);
  EXPECT_EQ(store->list("", keys[1050], 5000).value(),
            std::vector<std::string>(keys.begin() + 1051, keys.end()));
}

TEST(Service, of_writers_at_the_same_time_one_creates_the_object) {
  const bool races = process_environment("SYMPHONY_TEST_RACES") == "1";
  const auto store = open_service(new_prefix());
  ASSERT_TRUE(store->put_new("before", bytes_of("finds out what the service can do")));
  for (int round = 0; round < 5; ++round) {  // SeaweedFS takes a second for each
    const std::string key = "race/" + std::to_string(round);
    std::atomic<int> created = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 6; ++writer) {
      writers.emplace_back([&, writer] {
        const std::string text = "by " + std::to_string(writer);
        auto put = store->put_new(key, bytes_of(text));
        // A service that writes in place cuts those short who read meanwhile: until the last writer is done.
        for (int more = 100; more > 0 && !put && put.error().code == Code::kUnavailable; --more) {
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
          put = store->put_new(key, bytes_of(text));
        }
        ++(put ? created : refused);
        if (!put) expect_code(put, Code::kConflict);
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_GE(created, 1);
    EXPECT_LE(created, races ? 1 : 6);
    EXPECT_EQ(created + refused, 6);
    EXPECT_TRUE(text_of(store->get(key).value()).starts_with("by "));
  }
}

}  // namespace
}  // namespace symphony
