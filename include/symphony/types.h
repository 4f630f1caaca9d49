// The vocabulary that every public header uses: byte views, owned buffers, errors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace symphony {

// A view of bytes somebody else owns; valid as long as the owner says.
using Bytes = std::span<const uint8_t>;

// Owned bytes.
using Buffer = std::vector<uint8_t>;

// Text as bytes (UTF-8) and back: views of the same memory.
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What went wrong, coarse enough to act on. base/code_table.h maps each to an HTTP status, a WebSocket close
// code, whether a retry can help, and a log level.
enum class Code : uint8_t {
  kInvalid,      // the input breaks the format or the rules; the same input will never be accepted
  kLimit,        // the input is well-formed but beyond a configured limit
  kNotFound,     // what was asked for does not exist
  kConflict,     // somebody else was first (a taken slot, a newer schema)
  kUnavailable,  // a service or a disk failed for now; a retry can help
  kCorrupt,      // stored bytes are not what was written
  kInternal,     // a library failed in a way its contract does not name
};

struct Error {
  Code code = Code::kInternal;
  std::string message;  // one sentence: what is wrong and where, and what to do if anything can be done
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace symphony
