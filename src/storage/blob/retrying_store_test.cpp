#include "storage/blob/retrying_store.h"

#include <deque>
#include <numeric>

#include "storage/store_testing.h"

namespace symphony {
namespace {

using std::chrono::milliseconds;

struct TestClock final : RetryClock {
  milliseconds time{1000};
  std::vector<milliseconds> waits;
  milliseconds now() override { return time; }
  void sleep(milliseconds duration) override {
    waits.push_back(duration);
    time += duration;
  }
};

// A store that fails with the next code of `outcomes`, if there is one, and does nothing else.
struct Failing final : ObjectStore {
  explicit Failing(std::deque<Code>& codes) : outcomes(codes) {}
  std::deque<Code>& outcomes;
  Result<void> next() {
    if (outcomes.empty()) return {};
    const Code code = outcomes.front();
    outcomes.pop_front();
    return fail(code, "said so");
  }
  Result<void> put_new(std::string_view, Bytes) override { return next(); }
  Result<Buffer> get(std::string_view) override {
    if (auto done = next(); !done) return tl::unexpected(done.error());
    return Buffer{1};
  }
  Result<void> remove(std::string_view) override { return next(); }
  Result<std::vector<std::string>> list(std::string_view, std::string_view, size_t) override {
    if (auto done = next(); !done) return tl::unexpected(done.error());
    return std::vector<std::string>{"a"};
  }
};

struct RetryingStoreTest : testing::Test {
  std::deque<Code> outcomes;
  TestClock clock;
  RetryOptions options{milliseconds(100), milliseconds(1000), milliseconds(10'000)};
  RetryingStore store{std::make_unique<Failing>(outcomes), options, clock, 7};
};

TEST_F(RetryingStoreTest, repeats_each_call_until_it_succeeds) {
  const std::deque<Code> twice{Code::kUnavailable, Code::kUnavailable};
  outcomes = twice;
  EXPECT_TRUE(store.put_new("a", {}));
  outcomes = twice;
  EXPECT_EQ(store.get("a").value(), Buffer{1});
  outcomes = twice;
  EXPECT_TRUE(store.remove("a"));
  outcomes = twice;
  EXPECT_EQ(store.list("", "", 1).value(), std::vector<std::string>{"a"});
  EXPECT_EQ(clock.waits.size(), 8u);
}

TEST_F(RetryingStoreTest, repeats_nothing_that_a_retry_cannot_mend) {
  for (const Code code :
       {Code::kInvalid, Code::kLimit, Code::kNotFound, Code::kConflict, Code::kCorrupt, Code::kInternal}) {
    outcomes = {Code::kUnavailable, code, Code::kUnavailable};
    expect_code(store.get("a"), code);
    EXPECT_EQ(outcomes.size(), 1u);
  }
}

TEST_F(RetryingStoreTest, waits_grow_to_a_limit_are_random_and_end_in_time) {
  outcomes.assign(1000, Code::kUnavailable);
  const auto start = clock.time;
  const auto result = store.put_new("a", {});
  expect_code(result, Code::kUnavailable);
  EXPECT_EQ(result.error().message, "said so (after " + std::to_string(clock.waits.size() + 1) + " tries)");
  EXPECT_LE(clock.time - start, options.total);
  EXPECT_GE(clock.time - start, options.total - options.wait_max);
  milliseconds wait = options.first_wait;
  std::vector<bool> upper;
  for (const milliseconds waited : clock.waits) {
    EXPECT_GE(waited, wait / 2);
    EXPECT_LE(waited, wait);
    upper.push_back(waited > wait * 3 / 4);
    wait = std::min(wait * 2, options.wait_max);
  }
  EXPECT_NE(std::accumulate(upper.begin(), upper.end(), 0), 0);
  EXPECT_NE(std::accumulate(upper.begin(), upper.end(), 0), static_cast<int>(upper.size()));
}

TEST(RetryClock, sleeps_and_goes_forward) {
  RetryClock clock;
  const auto before = clock.now();
  clock.sleep(milliseconds(3));
  EXPECT_GE(clock.now() - before, milliseconds(2));
}

}  // namespace
}  // namespace symphony
