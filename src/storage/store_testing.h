// What the tests of all stores, of rooms and of objects, have in common.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/prng.h"
#include "storage/store.h"
#include "symphony/types.h"

namespace symphony {

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string text_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

inline Buffer random_bytes(Prng& random, size_t size) {
  Buffer out(size);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random.next());
  return out;
}

// One snapshot by itself.
inline Result<void> put_snapshot(Store& store, const SnapshotRequest& request) {
  const auto results = store.put_snapshots({&request, 1});
  EXPECT_EQ(results.size(), 1u);
  return results.at(0);
}

// Expects that `result` is a failure of this code that says something.
template <class T>
void expect_code(const Result<T>& result, Code code) {
  ASSERT_FALSE(result) << "should have failed";
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_FALSE(result.error().message.empty());
}

}  // namespace symphony
