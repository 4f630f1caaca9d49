// Between C++ results and what the C interface hands out. Memory that goes out is from malloc.
#pragma once

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "symphony/c.h"
#include "symphony/types.h"

namespace symphony::c {

inline Bytes bytes_of(const uint8_t* data, size_t size) { return {data, size}; }
inline std::string_view text_of(const char* data, size_t size) { return {data, size}; }

template <class T>
T* allocate(size_t count) {
  auto* memory = static_cast<T*>(std::malloc(count * sizeof(T)));
  ASSERT(memory != nullptr);
  return memory;
}

// A copy with a zero behind it.
inline symphony_buffer buffer_of(const void* data, size_t size) {
  symphony_buffer out{allocate<uint8_t>(size + 1), size};
  if (size > 0) std::memcpy(out.data, data, size);
  out.data[size] = 0;
  return out;
}
inline symphony_buffer buffer_of(Bytes bytes) { return buffer_of(bytes.data(), bytes.size()); }
inline symphony_buffer buffer_of(std::string_view text) { return buffer_of(text.data(), text.size()); }

template <class T>
symphony_buffers buffers_of(const std::vector<T>& all) {
  if (all.empty()) return {nullptr, 0};
  symphony_buffers out{allocate<symphony_buffer>(all.size()), all.size()};
  for (size_t i = 0; i < all.size(); ++i) out.items[i] = buffer_of(all[i].data(), all[i].size());
  return out;
}

inline symphony_clients clients_of(const std::vector<uint64_t>& ids) {
  if (ids.empty()) return {nullptr, 0};
  symphony_clients out{allocate<uint64_t>(ids.size()), ids.size()};
  std::memcpy(out.ids, ids.data(), ids.size() * sizeof(uint64_t));
  return out;
}

inline symphony_code code_of(Code code) {
  return static_cast<symphony_code>(SYMPHONY_INVALID + static_cast<int>(code));
}
static_assert(SYMPHONY_INVALID + static_cast<int>(Code::kInternal) == SYMPHONY_INTERNAL);

inline symphony_code refuse(const Error& why, symphony_error* error) {
  if (error != nullptr) {
    error->code = code_of(why.code);
    const size_t size = why.message.copy(error->message, sizeof error->message - 1);
    error->message[size] = 0;
  }
  return code_of(why.code);
}

// Hands out the bytes or text, or says what was wrong.
template <class T>
symphony_code give(const Result<T>& result, symphony_buffer* out, symphony_error* error) {
  if (!result) return refuse(result.error(), error);
  *out = buffer_of(result->data(), result->size());
  return SYMPHONY_OK;
}

}  // namespace symphony::c
