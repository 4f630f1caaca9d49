// Updates of a few bytes that bring much: what a document has of it afterwards is what it shows.
#include <gtest/gtest.h>

#include <string>

#include "crdt/wire/craft_testing.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"
#include "symphony/update.h"

namespace symphony {
namespace {

using namespace craft;

// An item and many structs behind it that end as one, an item again: the many leave nothing.
TEST(HostileMemory, WhatMergesIsGivenBack) {
  constexpr size_t kMany = 200'000;
  const std::string name = "t";
  Doc doc;
  Parts gcs{item(root(name), text("a"))};
  for (size_t i = 0; i < kMany; ++i) gcs.push_back(gc(1));
  gcs.push_back(item(root(name), text("b")));
  const Bits bomb = update({block(1, 0, gcs)});
  for (const bool second : {false, true}) {
    Doc victim;
    const Bits input = second ? *convert_update_v1_to_v2(bomb) : bomb;
    EXPECT_LT(input.size(), second ? 100 : 3 * kMany);
    ASSERT_TRUE(second ? victim.apply_update_v2(input) : victim.apply_update(input));
    EXPECT_EQ(victim.to_text(name), "ba");
    EXPECT_LT(victim.memory_bytes(), 20'000u);
    EXPECT_EQ(victim.check_invariants(), "");
  }

  // Types with entries of their own, which are gone with the type that holds them.
  Parts types{item(root(name), type(1))};
  for (size_t i = 0; i < kMany; ++i) {
    types.push_back(item(inside(1, 0), type(1)));
    types.push_back(item({0x20, Bits{0} + number(1) + number(1 + 2 * i) + string("k")}, any({kAnyNull})));
  }
  const Bits nested = update({block(1, 0, types)});
  ASSERT_TRUE(doc.apply_update(nested));
  EXPECT_GT(doc.memory_bytes(), kMany * 100);
  ASSERT_TRUE(doc.apply_update(update({}, {{1, {{0, 1}}}})));
  EXPECT_LT(doc.memory_bytes(), 20'000u);
  EXPECT_EQ(doc.check_invariants(), "");
}

// What is numbered afresh stays what it was: for observers, for handles, for undo and for peers.
TEST(HostileMemory, GivingBackIsNotNoticed) {
  DocOptions options;
  options.client_id = 7;
  Doc doc(options);
  Map map = *doc.get_map("map");
  Text text = *doc.get_text("text");
  ASSERT_TRUE(text.insert(0, "one"));
  size_t heard = 0;
  const Subscription text_changes = text.observe([&](const Event&) { ++heard; });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(map.set("key " + std::to_string(i), i));
  Parts many;
  for (size_t i = 0; i < 20'000; ++i) many.push_back(item(inside(1, 0), type(1)));
  many.insert(many.begin(), item(root("t"), type(1)));
  ASSERT_TRUE(doc.apply_update(update({block(1, 0, many)})));
  const size_t before = doc.memory_bytes();
  ASSERT_TRUE(doc.apply_update(update({}, {{1, {{0, 1}}}})));
  EXPECT_LT(doc.memory_bytes(), before / 10);
  EXPECT_EQ(doc.check_invariants(), "");

  heard = 0;
  ASSERT_TRUE(text.insert(1, "xx"));
  ASSERT_TRUE(map.set("key 7", "seven"));
  ASSERT_TRUE(map.set("new", 1));
  EXPECT_EQ(heard, 1u);
  EXPECT_EQ(text.to_string(), "oxxne");
  EXPECT_EQ(doc.check_invariants(), "");
  Doc copy;
  ASSERT_TRUE(copy.apply_update(*doc.encode_state_as_update()));
  EXPECT_EQ(copy.to_json("map", TypeKind::kMap), doc.to_json("map", TypeKind::kMap));
  EXPECT_NE(doc.to_json("map", TypeKind::kMap).find(R"("key 7":"seven")"), std::string::npos);
}

}  // namespace
}  // namespace symphony
