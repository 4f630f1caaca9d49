// What a store goes through while one operation beneath it fails: writes, retries, conflicts, reads, lists
// and removals, each call repeated after kUnavailable. Whichever operation fails, the end must be the same.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "storage/blob/object_store.h"
#include "storage/store_testing.h"

namespace symphony {

// One failing operation, then none: the second time must do. It may be the third, if closing the failed
// connection brought down the next one.
template <class Call>
auto repeated(const Call& call) {
  auto result = call();
  for (int more = 2; more > 0 && !result && result.error().code == Code::kUnavailable; --more)
    result = call();
  return result;
}

inline std::map<std::string, std::string> play_scenario(ObjectStore& store) {
  const auto put = [&](const char* key, const char* text) {
    return repeated([&] { return store.put_new(key, bytes_of(text)); });
  };
  const auto get = [&](const char* key) { return repeated([&] { return store.get(key); }); };
  EXPECT_TRUE(put("room/1-1", "one"));
  EXPECT_TRUE(put("room/1-2", "a text that is longer than one short write"));
  EXPECT_TRUE(put("room/1-1", "one"));
  expect_code(put("room/1-1", "two"), Code::kConflict);
  expect_code(get("room/1-9"), Code::kNotFound);
  EXPECT_TRUE(put("room", "no folder"));
  EXPECT_EQ(repeated([&] { return store.list("room/", "", 9); }).value_or(std::vector<std::string>{}),
            (std::vector<std::string>{"room/1-1", "room/1-2"}));
  EXPECT_TRUE(repeated([&] { return store.remove("room/1-1"); }));
  EXPECT_TRUE(repeated([&] { return store.remove("room/1-1"); }));
  EXPECT_TRUE(put("room/2-3", ""));
  std::map<std::string, std::string> contents;
  for (const std::string& key :
       repeated([&] { return store.list("", "", 9); }).value_or(std::vector<std::string>{}))
    contents[key] = text_of(get(key.c_str()).value_or(Buffer{'?'}));
  return contents;
}

inline void expect_scenario_outcome(ObjectStore& store) {
  EXPECT_EQ(play_scenario(store),
            (std::map<std::string, std::string>{{"room", "no folder"},
                                                {"room/1-2", "a text that is longer than one short write"},
                                                {"room/2-3", ""}}));
}

}  // namespace symphony
