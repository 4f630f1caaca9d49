// Updates that are well made and too large: the limits of a document hold, and so does a count that costs
// nothing to send.
#include "crdt/doc/hostile_testing.h"
#include "symphony/update.h"

namespace symphony {
namespace {

using namespace craft;

DocOptions small() {
  DocOptions options;
  options.limits.update_bytes_max = 4096;
  options.limits.update_structs_max = 1000;
  options.limits.clients_max = 10;
  options.limits.roots_max = 10;
  options.limits.pending_bytes_max = 8192;
  options.limits.content_bytes_max = 20000;
  return options;
}

class HostileLimits : public Hostile {
 protected:
  HostileLimits() : Hostile(small()) {}
};

TEST_F(HostileLimits, AreHeld) {
  refuses("bytes", one(kText, craft::text(std::string(5000, 'x'))), Code::kLimit,
          "more bytes than the limit for one update");
  refuses("structs", one(Parts(1001, gc(1))), Code::kLimit, "more structs than the limit for one update");
  Parts crowd;
  for (uint64_t client = 40; client > 20; --client) crowd.push_back(block(client, 0, {gc(1)}));
  refuses("clients", update(crowd), Code::kLimit, "more clients than the limit of 10");
  Parts roots;
  for (char name = 'a'; name < 'k'; ++name)
    roots.push_back(item(root(std::string(1, name)), craft::text("x")));
  refuses("roots", one(roots), Code::kLimit, "more root types than the limit of 10");
  for (uint64_t i = 0; i < 4; ++i) {
    takes("content", update({block(9, i * 4000, {item(root("big"), craft::text(std::string(4000, 'x')))})}),
          false);
  }
  refuses("content", update({block(9, 16000, {item(root("big"), craft::text(std::string(4000, 'x')))})}),
          Code::kLimit, "more bytes of content than the limit of 20000");
}

// 64 MB of updates that wait were 32 million entries elsewhere. Each client that waits counts with its
// memory.
TEST_F(HostileLimits, WhatWaitsIsBounded) {
  uint64_t client = 100;
  size_t taken = 0;
  for (; taken < 1000; ++taken) {
    const Bits waits = update({block(client++, 0, {item(after(99, taken), craft::text("0123456789"))})});
    if (!doc.apply_update(waits)) break;
  }
  EXPECT_GT(taken, 10u);
  EXPECT_LT(taken, 100u);
  refuses("structs", update({block(client, 0, {item(after(99, 0), craft::text("0123456789"))})}),
          Code::kLimit, "wait for missing ones");
  Deletes unknown{98, {}};
  for (uint64_t i = 0; i < 800; ++i) unknown.ranges.push_back({2 * i, 1});
  refuses("deletes", update({}, {unknown}), Code::kLimit, "wait for missing ones");
}

// Run-length columns say "two billion structs" in 27 bytes (yjs#687); nobody counts to two billion here.
TEST_F(Hostile, BombsOfV2) {
  const Bits length_run = Bits{0x41} + number(k2To31);
  const auto bomb = [&](uint64_t structs) {
    Bits out{0};
    for (const Bits& column :
         {Bits{}, Bits{9}, Bits{}, Bits{}, Bits{crdt::kGc}, Bits{0}, Bits{}, Bits{}, length_run}) {
      out = std::move(out) + number(column.size()) + column;
    }
    return std::move(out) + Bits{1} + number(structs) + Bits{0, 0};
  };
  const std::string before = state();
  for (const uint64_t structs : {k2To31, k2To32, kLargest}) {
    const Bits input = bomb(structs);
    const auto applied = doc.apply_update_v2(input);
    ASSERT_FALSE(applied.has_value());
    EXPECT_EQ(applied.error().code, Code::kLimit);
    EXPECT_NE(applied.error().message.find("more structs than the limit"), std::string::npos);
    const Bytes both[] = {input, input};
    EXPECT_EQ(merge_updates_v2(both).error().code, Code::kLimit);
    EXPECT_EQ(diff_update_v2(input, Bits{0}).error().code, Code::kLimit);
    EXPECT_EQ(state_vector_from_update_v2(input).error().code, Code::kLimit);
    EXPECT_EQ(update_meta_v2(input).error().code, Code::kLimit);
  }
  EXPECT_EQ(state(), before);
  ASSERT_TRUE(doc.apply_update_v2(bomb(1000)));
  still_works();
}

}  // namespace
}  // namespace symphony
