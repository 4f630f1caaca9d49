// Immutable objects under create-only keys: where the snapshots of a cluster are kept.
//
// A key is 1 to 200 bytes of [A-Za-z0-9/_-], without a slash at either end and without two in a row; any
// other is kInvalid. An object is written once and never changes, so whoever read it once need not read it
// again.
//
// Calls block and may come from any number of threads and processes at a time. No call retries by itself: on
// kUnavailable the caller tries again with backoff, and every call may be repeated. When put_new or remove
// returns success, that survives `kill -9` and power loss as far as the medium keeps its word.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "symphony/types.h"

namespace symphony {

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Creates the object; `bytes` may be empty, and kLimit if they are more than the store's limit. An object
  // that holds the same bytes already is a success: a retry whose first answer was lost. kConflict if it
  // holds others, kCorrupt if it is damaged; either way it stays as it was. After kUnavailable the object is
  // there whole or not at all.
  virtual Result<void> put_new(std::string_view key, Bytes bytes) = 0;

  // The bytes as they were put, verified by checksum. kNotFound; kCorrupt if they are not what was written
  // under this key, or were written in a format that this version does not know; kLimit if they are more than
  // the store's limit, which is checked before any memory is taken. Costs one read of the medium
  // and the memory of the result.
  virtual Result<Buffer> get(std::string_view key) = 0;

  // Removes the object; one that is not there is a success. A damaged one can be removed.
  virtual Result<void> remove(std::string_view key) = 0;

  // The keys that start with `prefix` and come after `after`, ascending byte by byte, at most `limit`.
  // Neither argument need be a valid key.
  virtual Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after,
                                                size_t limit) = 0;
};

}  // namespace symphony
