#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace symphony {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Metrics, LoopsAreSummedAndRoomsShownByLoop) {
  LoopMetrics a;
  a.rooms = 3;
  a.messages_received = 10;
  a.http_responses["200"] = 2;
  LoopMetrics b;
  b.rooms = 4;
  b.messages_received = 5;
  b.http_responses["200"] = 1;
  b.websocket_closes["1003"] = 7;
  const std::string page =
      format_metrics({.loops = {a, b}, .store = {}, .lease = {}, .admission = {}}, "1.2.3");
  EXPECT_THAT(page, HasSubstr("# TYPE symphony_messages_received_total counter\n"));
  EXPECT_THAT(page, HasSubstr("\nsymphony_messages_received_total 15\n"));
  EXPECT_THAT(page, HasSubstr("\nsymphony_rooms{loop=\"0\"} 3\nsymphony_rooms{loop=\"1\"} 4\n"));
  EXPECT_THAT(page, HasSubstr("\nsymphony_http_responses_total{status=\"200\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("\nsymphony_websockets_closed_total{code=\"1003\"} 7\n"));
  EXPECT_THAT(page, HasSubstr("symphony_build_info{version=\"1.2.3\"} 1\n"));
}

TEST(Metrics, HistogramsAreCumulative) {
  StoreMetrics store;
  store.commit.observe(1ms);
  store.commit.observe(3ms);
  store.commit.observe(10s);
  const std::string page = format_metrics({.loops = {}, .store = store, .lease = {}, .admission = {}}, "");
  EXPECT_THAT(page, HasSubstr("symphony_store_commit_seconds_bucket{le=\"0.0005\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("symphony_store_commit_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("symphony_store_commit_seconds_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("symphony_store_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(page, HasSubstr("symphony_store_commit_seconds_sum 10.004"));
}

}  // namespace
}  // namespace symphony
