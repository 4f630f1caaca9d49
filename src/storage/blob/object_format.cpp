#include "storage/blob/object_format.h"

#include <zstd.h>

#include <algorithm>
#include <array>

#include "storage/checksum.h"

namespace symphony {
namespace {

constexpr std::string_view kMagic = "SYMO";
constexpr uint8_t kVersion = 1;
constexpr size_t kKeyMax = 200;
constexpr size_t kFixedBytes = 6;     // before the key
constexpr size_t kNumbersBytes = 12;  // behind the key: size and checksum
constexpr size_t kTailBytes = 4;
constexpr size_t kPieceBytes = 128u << 10;
constexpr int kLevel = 3;

void put_number(Buffer& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

uint64_t number_at(Bytes bytes) {
  uint64_t out = 0;
  for (size_t i = bytes.size(); i > 0; --i) out = out << 8 | bytes[i - 1];
  return out;
}

bool is_key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
         c == '-';
}

using Compressor = std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)>;

}  // namespace

Result<void> check_object_key(std::string_view key) {
  if (!key.empty() && key.size() <= kKeyMax && key.front() != '/' && key.back() != '/' &&
      key.find("//") == std::string_view::npos && std::ranges::all_of(key, is_key_char))
    return {};
  return fail(Code::kInvalid, "an object's key is 1 to 200 bytes of A-Z, a-z, 0-9, _ and -, parted by /");
}

size_t key_alphabet_span(std::string_view text) {
  return static_cast<size_t>(std::ranges::find_if_not(text, is_key_char) - text.begin());
}

std::string object_name(std::string_view key) {
  std::string out(key);
  std::ranges::replace(out, '/', '.');
  return out;
}

std::string object_key(std::string_view name) {
  std::string out(name);
  if (name.find('/') != std::string_view::npos) return {};
  std::ranges::replace(out, '.', '/');
  return check_object_key(out) ? out : std::string();
}

Result<void> check_object_size(const std::string& object, uint64_t size, uint64_t bytes_max) {
  if (size <= bytes_max) return {};
  return fail(Code::kLimit, object + " has " + std::to_string(size) + " bytes, more than the limit of " +
                                std::to_string(bytes_max) + "; raise object_bytes_max to have it");
}

Result<void> encode_object(std::string_view key, Bytes bytes,
                           const std::function<Result<void>(Bytes)>& write) {
  uint32_t checksum = 0;
  const auto put = [&](Bytes piece) {
    checksum = storage::crc32c(piece, checksum);
    return write(piece);
  };
  Buffer head(kMagic.begin(), kMagic.end());
  head.push_back(kVersion);
  head.push_back(static_cast<uint8_t>(key.size()));
  head.insert(head.end(), key.begin(), key.end());
  put_number(head, bytes.size(), 8);
  put_number(head, storage::crc32c(head), 4);
  if (auto done = put(head); !done) return done;

  const std::string object = "object " + std::string(key);
  const Compressor zstd(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!zstd) return fail(Code::kInternal, "zstd gives no compressor for " + object);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_checksumFlag, 1);
  Buffer piece(kPieceBytes);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (size_t left = 1; left != 0;) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_compressStream2(zstd.get(), &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left)) return fail(Code::kInternal, object + ": zstd: " + ZSTD_getErrorName(left));
    if (auto done = put(Bytes(piece).first(out.pos)); !done) return done;
  }
  Buffer tail;
  put_number(tail, checksum, kTailBytes);
  return write(tail);
}

struct ObjectDecoder::Impl {
  std::string object;
  std::string key;
  uint64_t bytes_max = 0;

  Buffer head;  // until it is whole
  size_t head_size = kFixedBytes;
  bool in_frame = false;
  std::array<uint8_t, kTailBytes> last{};  // the newest bytes, which may be the checksum
  size_t last_size = 0;
  uint32_t checksum = 0;
  Decompressor zstd{nullptr, ZSTD_freeDCtx};
  Buffer bytes;
  size_t filled = 0;
  bool ended = false;

  tl::unexpected<Error> corrupt(const std::string& why) const {
    return fail(Code::kCorrupt, object + " " + why);
  }

  // Takes of `piece` what the header still needs.
  Result<void> add_head(Bytes& piece) {
    while (!in_frame && !piece.empty()) {
      const size_t size = std::min(piece.size(), head_size - head.size());
      head.insert(head.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(size));
      piece = piece.subspan(size);
      if (head.size() < head_size) continue;
      if (head_size > kFixedBytes) return end_head();
      if (!std::equal(kMagic.begin(), kMagic.end(), head.begin()))
        return corrupt("is not an object of this store");
      if (head[4] != kVersion) return corrupt("has format version " + std::to_string(head[4]) + ", not 1");
      head_size += head[5] + kNumbersBytes;
    }
    return {};
  }

  Result<void> end_head() {
    const Bytes covered = Bytes(head).first(head.size() - 4);
    if (number_at(Bytes(head).last(4)) != storage::crc32c(covered)) return corrupt("has a damaged header");
    const Bytes stored = covered.subspan(kFixedBytes, head[5]);
    if (as_text(stored) != key) return corrupt("holds another object: " + std::string(as_text(stored)));
    const uint64_t size = number_at(covered.last(8));
    if (auto good = check_object_size(object, size, bytes_max); !good) return good;
    zstd.reset(ZSTD_createDCtx());
    if (!zstd) return fail(Code::kInternal, "zstd gives no decompressor for " + object);
    bytes.resize(size);
    checksum = storage::crc32c(head);
    in_frame = true;
    return {};
  }

  Result<void> add_frame(Bytes frame) {
    checksum = storage::crc32c(frame, checksum);
    ZSTD_inBuffer in{frame.data(), frame.size(), 0};
    while (in.pos < in.size) {
      if (ended) return corrupt("has bytes after its end");
      ZSTD_outBuffer out{bytes.data(), bytes.size(), filled};
      const size_t before = in.pos + out.pos;
      const size_t left = ZSTD_decompressStream(zstd.get(), &out, &in);
      if (ZSTD_isError(left))
        return corrupt(std::string("cannot be decompressed: ") + ZSTD_getErrorName(left));
      filled = out.pos;
      ended = left == 0;
      if (!ended && in.pos + out.pos == before) return corrupt("is longer than its header says");
    }
    return {};
  }
};

ObjectDecoder::ObjectDecoder(std::string object, std::string_view key, uint64_t bytes_max)
    : impl_(std::make_unique<Impl>()) {
  impl_->object = std::move(object);
  impl_->key = key;
  impl_->bytes_max = bytes_max;
}

ObjectDecoder::~ObjectDecoder() = default;

Result<void> ObjectDecoder::add(Bytes piece) {
  Impl& self = *impl_;
  if (auto good = self.add_head(piece); !good) return good;
  // All but the last four bytes of what was held back and what has come.
  const size_t held = self.last_size;
  const size_t ready = held + piece.size() - std::min(held + piece.size(), kTailBytes);
  const size_t of_held = std::min(held, ready);
  if (auto good = self.add_frame(Bytes(self.last).first(of_held)); !good) return good;
  if (auto good = self.add_frame(piece.first(ready - of_held)); !good) return good;
  piece = piece.subspan(ready - of_held);
  std::copy(self.last.begin() + of_held, self.last.begin() + held, self.last.begin());
  std::ranges::copy(piece, self.last.begin() + (held - of_held));
  self.last_size = held - of_held + piece.size();
  return {};
}

Result<Buffer> ObjectDecoder::finish() {
  Impl& self = *impl_;
  if (!self.in_frame || self.last_size < kTailBytes) {
    const size_t size = std::min(self.head.size(), kMagic.size());
    const bool ours = std::equal(kMagic.begin(), kMagic.begin() + static_cast<ptrdiff_t>(size),
                                 self.head.begin(), self.head.begin() + static_cast<ptrdiff_t>(size));
    return self.corrupt(ours ? "is truncated" : "is not an object of this store");
  }
  if (number_at(self.last) != self.checksum) return self.corrupt("fails its checksum");
  if (!self.ended || self.filled != self.bytes.size()) return self.corrupt("is truncated");
  return std::move(self.bytes);
}

}  // namespace symphony
