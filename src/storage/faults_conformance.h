// What holds while the medium fails: each operation of a script that uses every call of a store fails once,
// and the script goes on. A gtest suite:
//
//   struct Harness {
//     std::unique_ptr<Store> open(const OwnerOptions& owner);   // the same medium each time, one at a time
//     // The n-th operation of the medium from now on, counted from 1, fails, once; 0: none does. What an
//     // operation is, the medium knows: a write of a disk, a message to a database.
//     void fail_operation(uint64_t n);
//     bool has_failed() const;   // whether it has come to that since
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreFaults, Harness);
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/owner_testing.h"

namespace symphony {

template <class Harness>
class StoreFaults : public testing::Test {
 protected:
  // Calls until it does not fail for now; the medium fails once at most, but may need several calls to
  // recover.
  template <class Call>
  static auto insist(Call call) {
    auto result = call();
    for (int tries = 0; tries < 20 && !result && result.error().code == Code::kUnavailable; ++tries)
      result = call();
    EXPECT_TRUE(result) << result.error().message;
    return result;
  }

  // A bit of everything, each call repeated until it succeeds.
  static void play(Store& store) {
    const auto take = [&](const char* room) { return insist([&] { return store.take(room); }).value(); };
    const auto append = [&](std::span<const AppendRequest> batch) {
      insist([&]() -> Result<void> {
        for (const Result<void>& each : store.append(batch)) {
          if (!each) return each;
        }
        return {};
      });
    };
    Prng random(3);
    const Buffer large = random_bytes(random, 300'000);
    const Claim a = take("a"), b = take("b");
    uint64_t next_a = a.stored.log.back().seq + 1, next_b = b.stored.log.back().seq + 1;
    for (int i = 0; i < 4; ++i) {
      const std::string for_a = "a" + std::to_string(i), for_b = "b" + std::to_string(i);
      const std::vector<AppendRequest> batch = {{"a", a.epoch, next_a, bytes_of(for_a)},
                                                {"b", b.epoch, next_b, bytes_of(for_b)},
                                                {"a", a.epoch, next_a + 1, Bytes(large).first(9000)}};
      append(batch);
      next_a += 2;
      next_b += 1;
    }
    insist([&] { return put_snapshot(store, {"a", a.epoch, next_a - 2, large, {}}); });
    const Poison poison{next_b - 1, "refused"};
    insist([&] { return store.load("a"); });
    insist([&] { return put_snapshot(store, {"a", a.epoch, next_a - 2, Bytes(large).first(200'000), {}}); });
    insist([&] { return store.load("a"); });
    insist([&] { return put_snapshot(store, {"b", b.epoch, next_b - 1, bytes_of("B"), {&poison, 1}}); });
    const ConnectionRecord record{"a", 1000};
    insist([&] { return store.record_connections({&record, 1}); });
    insist([&] { return store.renew(); });
    insist([&] { return store.release("b", b.epoch); });
    const Claim again = take("b");
    const AppendRequest last{"b", again.epoch, again.stored.log.back().seq + 1, bytes_of("b4")};
    append({&last, 1});
    insist([&] { return put_snapshot(store, {"a", a.epoch, next_a - 1, Bytes(large).first(100'000), {}}); });
    insist([&] { return store.forget_connections(500); });
    insist([&] { return store.load("a"); });
    insist([&] { return store.rooms("", 10); });
    const Claim seen = take("only looked at");
    insist([&] { return store.release("only looked at", seen.epoch); });
  }

  static void check(Store& store) {
    Prng random(3);
    const Buffer large = random_bytes(random, 300'000);
    const StoredRoom a = store.load("a").value();
    EXPECT_TRUE(std::ranges::equal(a.snapshot, Bytes(large).first(100'000)));
    EXPECT_EQ(shown(store, "b"), "B | b4");
    const std::vector<Quarantined> kept = store.quarantined("b").value();
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_EQ(text_of(kept[0].update), "b3");
    EXPECT_GE(store.connections("a", 10).value().size(), 1u);
    std::vector<std::string> names;
    const std::vector<RoomInfo> rooms = store.rooms("", 10).value();
    for (const RoomInfo& info : rooms) names.push_back(info.room);
    EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
  }
};

TYPED_TEST_SUITE_P(StoreFaults);

TYPED_TEST_P(StoreFaults, every_operation_fails_once) {
  constexpr uint64_t kOperationsMax = 10'000;
  uint64_t n = 0;
  for (bool failed = true; failed && n < kOperationsMax && !this->HasFatalFailure();) {
    SCOPED_TRACE("operation " + std::to_string(++n));
    TypeParam harness;
    auto store = harness.open(test_owner("first"));
    harness.fail_operation(n);
    this->play(*store);
    failed = harness.has_failed();
    harness.fail_operation(0);
    this->check(*store);
    ASSERT_TRUE(store->retire());
    store.reset();
    store = harness.open(test_owner("second"));
    this->check(*store);
  }
  EXPECT_GT(n, 10u) << "hardly any operation was seen";
}

REGISTER_TYPED_TEST_SUITE_P(StoreFaults, every_operation_fails_once);

}  // namespace symphony
