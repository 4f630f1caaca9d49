// What every store keeps of an object: its key and its bytes, compressed, in a form that shows any damage.
//
//   "SYMO", version (1 byte), length of the key (1), key, size of the object (8, little endian),
//   CRC-32C of all that (4), one zstd frame with its own checksum, CRC-32C of everything before (4).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "symphony/types.h"

namespace symphony {

// The largest object, uncompressed: a header that lies must not take the machine's memory. A state of this
// size is far beyond what a document may grow to.
inline constexpr uint64_t kObjectBytesMax = uint64_t{1} << 30;

// kInvalid unless `key` is as object_store.h says.
Result<void> check_object_key(std::string_view key);

// How many bytes at the beginning of `text` a key could have.
size_t key_alphabet_span(std::string_view text);

// The key with '.' for each '/': the name under which stores keep it. All of them lie flat, so that no key is
// another's folder where a store has such, and sort as the keys do, since '.' and '/' are neighbours.
std::string object_name(std::string_view key);

// The key whose name this is; empty if it is none's.
std::string object_key(std::string_view name);

// kLimit if an object of `size` bytes is more than `bytes_max`; `object` begins the message.
Result<void> check_object_size(const std::string& object, uint64_t size, uint64_t bytes_max);

// Hands the stored form to `write` piece by piece and ends with the first failure of it. The key is valid.
Result<void> encode_object(std::string_view key, Bytes bytes,
                           const std::function<Result<void>(Bytes)>& write);

// Reads the stored form from pieces of any size. Errors begin with `object`: kCorrupt if it is damaged, is
// not of `key` or has an unknown version, at the first byte that shows it; kLimit, before memory is taken, if
// the object is larger than `bytes_max`. After an error there is nothing more to call.
class ObjectDecoder {
 public:
  ObjectDecoder(std::string object, std::string_view key, uint64_t bytes_max);
  ~ObjectDecoder();
  ObjectDecoder(const ObjectDecoder&) = delete;
  ObjectDecoder& operator=(const ObjectDecoder&) = delete;

  Result<void> add(Bytes piece);

  // After the last piece: the object's bytes.
  Result<Buffer> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace symphony
