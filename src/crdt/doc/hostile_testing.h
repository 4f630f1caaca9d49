// A document that is given what an enemy sends: byte for byte as before after what it refuses, sound after
// what it takes, and open to the innocent after both.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "crdt/wire/craft_testing.h"
#include "crdt/wire/hex_testing.h"
#include "symphony/doc.h"

namespace symphony::craft {

inline constexpr uint64_t k2To31 = uint64_t{1} << 31;
inline constexpr uint64_t k2To32 = uint64_t{1} << 32;
inline constexpr uint64_t kLargest = (uint64_t{1} << 53) - 1;

inline const Place kText = root("text");

inline Bits one(const Parts& structs) { return update({block(9, 0, structs)}); }
inline Bits one(const Place& place, const Content& content) { return one({item(place, content)}); }

// A document that holds "hello" in the text, a nested array in the map and two array elements, all by
// client 1.
class Hostile : public ::testing::Test {
 protected:
  explicit Hostile(const DocOptions& options = {}) : doc(options) {
    const auto applied = doc.apply_update(
        update({block(1, 0,
                      {item(kText, craft::text("hello")), item(key("map", "nested"), type(0)),
                       item(root("array"), any({kAnyNull, kAnyNull}))})}));
    EXPECT_TRUE(applied.has_value());
  }

  std::string state() const { return to_hex(*doc.encode_state_as_update()); }

  void refuses(const char* name, const Bits& input, Code code, std::string_view words) {
    SCOPED_TRACE(name);
    const std::string before = state();
    const auto applied = doc.apply_update(input);
    ASSERT_FALSE(applied.has_value());
    EXPECT_EQ(applied.error().code, code) << applied.error().message;
    EXPECT_NE(applied.error().message.find(words), std::string::npos) << applied.error().message;
    EXPECT_EQ(state(), before);
    still_works();
  }

  // Taken, as Yjs does. What it says may wait for ever; the text shows `shows` afterwards.
  void takes(const char* name, const Bits& input, bool waits, std::string_view shows = "hello") {
    SCOPED_TRACE(name);
    const auto applied = doc.apply_update(input);
    ASSERT_TRUE(applied.has_value()) << applied.error().message;
    EXPECT_EQ(applied->pending, waits);
    EXPECT_EQ(doc.to_text("text"), shows);
    still_works();
  }

  // An innocent client types; what the document holds makes the same document again.
  void still_works() {
    ++typed;
    EXPECT_TRUE(doc.apply_update(update({block(5, typed - 1, {item(root("other"), craft::text("x"))})})));
    EXPECT_EQ(doc.to_text("other").size(), typed);
    EXPECT_EQ(doc.check_invariants(), "");
    Doc copy;
    EXPECT_TRUE(copy.apply_update(*doc.encode_state_as_update()));
    EXPECT_EQ(copy.to_text("text"), doc.to_text("text"));
  }

  Doc doc;
  size_t typed = 0;
};

}  // namespace symphony::craft
