// What is left of a document that rests.
#pragma once

#include "symphony/doc.h"

namespace symphony {

struct Doc::Resting {
  DocOptions options;
  Buffer bytes;  // the state vector, and behind it the state in one of both formats
  size_t vector_bytes = 0;
  bool is_v2 = false;

  Bytes vector() const { return Bytes(bytes).first(vector_bytes); }
  // As v1: the bytes themselves, or `converted`.
  Bytes state(Buffer& converted) const;
  Result<Buffer> encode(Bytes state_vector) const;  // Doc::encode_state_as_update
};

}  // namespace symphony
