// A fuzzer's input as a program: each byte a choice.
#pragma once

#include <cstdint>

#include "symphony/types.h"

namespace symphony {

// The input, byte by byte; zeros behind its end.
class Program {
 public:
  explicit Program(Bytes bytes) : bytes_(bytes) {}
  bool at_end() const { return bytes_.empty(); }
  uint32_t below(uint32_t bound) {
    if (bytes_.empty()) return 0;
    const uint32_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte % bound;
  }

 private:
  Bytes bytes_;
};

}  // namespace symphony
