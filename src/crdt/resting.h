// What is left of a document that rests.
#pragma once

#include "symphony/doc.h"

namespace symphony {

struct Doc::Resting {
  DocOptions options;
  Buffer bytes;  // the state vector, and behind it the state, in the shorter of both formats
  size_t vector_bytes = 0;
  bool is_v2 = false;

  Bytes vector() const { return Bytes(bytes).first(vector_bytes); }
  Buffer state() const;  // as v1
};

}  // namespace symphony
