// Any bytes as a stored object, in pieces: an error that names it or an object within the limit, and the
// pieces make no difference. The checksums keep most inputs out, so that the last byte of the input decides
// whether the input is an object's content instead, which must come back.
#include <algorithm>

#include "base/assert.h"
#include "storage/blob/object_format.h"

namespace symphony {
namespace {

constexpr uint64_t kBytesMax = 1u << 20;

Result<Buffer> decoded(Bytes stored, size_t piece) {
  ObjectDecoder decoder("object a/b", "a/b", kBytesMax);
  for (; !stored.empty(); stored = stored.subspan(std::min(piece, stored.size()))) {
    if (auto good = decoder.add(stored.first(std::min(piece, stored.size()))); !good)
      return tl::unexpected(good.error());
  }
  return decoder.finish();
}

}  // namespace
}  // namespace symphony

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace symphony;
  if (size == 0) return 0;
  const Bytes input(data, size - 1);
  Buffer stored(input.begin(), input.end());
  const bool is_content = data[size - 1] % 2 == 0;
  if (is_content) {
    stored.clear();
    ASSERT(encode_object("a/b", input, [&](Bytes piece) -> Result<void> {
      stored.insert(stored.end(), piece.begin(), piece.end());
      return {};
    }));
  }
  const auto whole = decoded(stored, stored.size() + 1);
  const auto pieces = decoded(stored, data[size - 1] / 2 + 1u);
  ASSERT(whole.has_value() == pieces.has_value());
  if (whole) {
    ASSERT(*whole == *pieces && whole->size() <= kBytesMax);
    ASSERT(!is_content || std::ranges::equal(*whole, input));
  } else {
    ASSERT(!is_content && whole.error().message.starts_with("object a/b "));
    ASSERT(whole.error().code == Code::kCorrupt || whole.error().code == Code::kLimit);
  }
  return 0;
}
