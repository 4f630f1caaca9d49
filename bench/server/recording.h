// What the people of one room type, recorded from real Yjs documents by record.mjs: the same typing plays in
// every room.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "symphony/types.h"

namespace symphony::bench {

struct RecordedUpdate {
  uint32_t clock = 0;   // of the first character it adds
  uint32_t length = 0;  // how many it adds, at least one
  Buffer bytes;         // the update itself
};

struct RecordedPerson {
  uint64_t client = 0;
  std::vector<RecordedUpdate> updates;  // one a second
};

struct Recording {
  Buffer opened;  // the document as they find it, as one update
  std::vector<RecordedPerson> people;

  // The update of `person` that holds `clock`, or its number of updates.
  size_t find(size_t person, uint32_t clock) const;
};

// kNotFound or kCorrupt with the file's name.
Result<Recording> load_recording(const std::string& path);

}  // namespace symphony::bench
