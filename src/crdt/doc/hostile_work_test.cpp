// Updates that are small and take long.
#include <gtest/gtest.h>

#include <string>

#include "crdt/wire/craft_testing.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"

namespace symphony {
namespace {

// An item passes all that others put at its place at the same time: n of them take n^2 steps. They are
// counted, and what has been done is taken back.
TEST(HostileWork, IsMeteredAndTakenBack) {
  DocOptions options;
  options.client_id = 42;
  options.limits.work_max = 5000;
  Doc doc(options);
  const Text text = *doc.get_text("text");
  size_t heard = 0;
  const Subscription subscription = doc.on_update([&](Bytes, const TransactionInfo&) { ++heard; });
  ASSERT_TRUE(text.insert(0, "here"));
  craft::Parts anchors{craft::item(craft::root("text"), craft::text("a"))};
  for (uint64_t i = 1; i < 200; ++i)
    anchors.push_back(craft::item(craft::before(1, i - 1), craft::text("a")));
  for (uint64_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(doc.apply_update(craft::update({craft::block(1, i, {anchors[i]})})));
  }
  ASSERT_TRUE(doc.apply_update(
      craft::update({craft::block(3, 1, {craft::item(craft::after(3, 0), craft::text("waits"))})})));
  ASSERT_TRUE(text.insert(2, "and "));
  const Buffer before_it = *doc.encode_state_as_update();
  const std::string shown = text.to_string();
  const size_t heard_before = heard;

  // The same without an origin, each with another right origin: each passes all those before it.
  craft::Parts crowd;
  for (uint64_t i = 0; i < 200; ++i) crowd.push_back(craft::item(craft::before(1, i), craft::text("b")));
  const auto applied = doc.apply_update(craft::update({craft::block(2, 0, crowd)}));
  ASSERT_FALSE(applied.has_value());
  EXPECT_EQ(applied.error().code, Code::kLimit);
  EXPECT_NE(applied.error().message.find("more than 5000 steps"), std::string::npos)
      << applied.error().message;
  EXPECT_EQ(*doc.encode_state_as_update(), before_it);
  EXPECT_EQ(doc.check_invariants(), "");
  EXPECT_EQ(heard, heard_before);

  // Local editing and peers go on.
  EXPECT_EQ(text.to_string(), shown);
  ASSERT_TRUE(text.insert(3, "x"));
  EXPECT_EQ(text.to_string(), std::string(shown).insert(3, "x"));
  EXPECT_TRUE(doc.has_pending());
  ASSERT_TRUE(doc.apply_update(
      craft::update({craft::block(3, 0, {craft::item(craft::root("text"), craft::text("3"))})})));
  EXPECT_FALSE(doc.has_pending());
  EXPECT_NE(text.to_string().find("3waits"), std::string::npos);
  EXPECT_EQ(doc.check_invariants(), "");
}

}  // namespace
}  // namespace symphony
