#include "storage/blob/folder_store.h"

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include "storage/checksum.h"

namespace symphony {
namespace {

constexpr std::string_view kMagic = "SYMO";
constexpr uint8_t kVersion = 1;
constexpr std::string_view kSuffix = ".object";
constexpr std::string_view kTemporary = ".new-";
constexpr size_t kKeyMax = 200;
constexpr size_t kPieceBytes = 128u << 10;
constexpr time_t kTemporarySecondsMax = 3600;
constexpr int kLevel = 3;

Result<void> check_key(std::string_view key) {
  bool good = !key.empty() && key.size() <= kKeyMax && key.front() != '/' && key.back() != '/' &&
              key.find("//") == std::string_view::npos;
  for (const char c : key) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                    c == '_' || c == '-');
  }
  if (good) return {};
  return fail(Code::kInvalid, "an object's key is 1 to 200 bytes of A-Z, a-z, 0-9, _ and -, parted by /");
}

tl::unexpected<Error> failed(const std::string& what, const std::string& path, int error) {
  return fail(Code::kUnavailable, what + " " + path + ": " + std::generic_category().message(error));
}

void put_number(Buffer& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

uint64_t number_at(Bytes bytes) {
  uint64_t out = 0;
  for (size_t i = bytes.size(); i > 0; --i) out = out << 8 | bytes[i - 1];
  return out;
}

// An open file. Whether closing it fails is nobody's matter: what must last was synced before.
struct Descriptor {
  Descriptor(FileCalls& file_calls, int number) : calls(file_calls), fd(number) {}
  ~Descriptor() {
    if (fd >= 0) calls.close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  FileCalls& calls;
  const int fd;
};

using Compressor = std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)>;

}  // namespace

Result<std::unique_ptr<FolderStore>> FolderStore::open(std::string folder, FileCalls& calls,
                                                       const FolderOptions& options) {
  std::unique_ptr<FolderStore> store(new FolderStore(std::move(folder), calls, options));
  const auto names = store->names();
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (!name.starts_with(kTemporary)) continue;
    const std::string path = store->folder_ + "/" + name;
    struct stat info {};
    if (calls.stat(path.c_str(), &info) == 0 && info.st_mtime < ::time(nullptr) - kTemporarySecondsMax)
      calls.unlink(path.c_str());  // one that stays is tried again next time
  }
  return store;
}

std::string FolderStore::path(std::string_view key) const {
  std::string name(key);
  std::ranges::replace(name, '/', '.');
  return folder_ + "/" + name + std::string(kSuffix);
}

Result<std::vector<std::string>> FolderStore::names() const {
  const auto close = [this](DIR* folder) { calls_.closedir(folder); };
  const std::unique_ptr<DIR, decltype(close)> entries(calls_.opendir(folder_.c_str()), close);
  if (!entries) return failed("cannot read the folder", folder_, errno);
  std::vector<std::string> out;
  for (;;) {
    errno = 0;
    const dirent* const entry = calls_.readdir(entries.get());
    if (entry == nullptr) break;
    out.emplace_back(entry->d_name);
  }
  if (errno != 0) return failed("cannot read the folder", folder_, errno);
  return out;
}

Result<void> FolderStore::check_size(const std::string& object, uint64_t size) const {
  if (size <= options_.object_bytes_max) return {};
  return fail(Code::kLimit, object + " has " + std::to_string(size) + " bytes, more than the limit of " +
                                std::to_string(options_.object_bytes_max) +
                                "; raise object_bytes_max to have it");
}

Result<void> FolderStore::sync_folder() {
  const Descriptor folder(calls_, calls_.open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd < 0 || calls_.fsync(folder.fd) != 0) return failed("cannot sync the folder", folder_, errno);
  return {};
}

Result<void> FolderStore::write_temporary(int fd, std::string_view key, Bytes bytes,
                                          const std::string& path) {
  uint32_t checksum = 0;
  const auto write = [&](Bytes piece) -> Result<void> {
    checksum = storage::crc32c(piece, checksum);
    while (!piece.empty()) {
      const ssize_t written = calls_.write(fd, piece.data(), piece.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return failed("cannot write", path, written < 0 ? errno : EIO);
      piece = piece.subspan(static_cast<size_t>(written));
    }
    return {};
  };
  Buffer head(kMagic.begin(), kMagic.end());
  head.push_back(kVersion);
  head.push_back(static_cast<uint8_t>(key.size()));
  head.insert(head.end(), key.begin(), key.end());
  put_number(head, bytes.size(), 8);
  put_number(head, storage::crc32c(head), 4);
  if (auto done = write(head); !done) return done;

  const Compressor zstd(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!zstd) return fail(Code::kInternal, "zstd gives no compressor for " + path);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_checksumFlag, 1);
  Buffer piece(kPieceBytes);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (size_t left = 1; left != 0;) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_compressStream2(zstd.get(), &out, &in, ZSTD_e_end);
    if (ZSTD_isError(left)) return fail(Code::kInternal, path + ": zstd: " + ZSTD_getErrorName(left));
    if (auto done = write(Bytes(piece).first(out.pos)); !done) return done;
  }
  Buffer tail;
  put_number(tail, checksum, 4);
  if (auto done = write(tail); !done) return done;
  if (calls_.fsync(fd) != 0) return failed("cannot sync", path, errno);
  return {};
}

Result<void> FolderStore::put_new(std::string_view key, Bytes bytes) {
  if (auto good = check_key(key); !good) return good;
  if (auto good = check_size("object " + std::string(key), bytes.size()); !good) return good;
  std::string temporary = folder_ + "/" + std::string(kTemporary) + "XXXXXX";
  const Descriptor file(calls_, calls_.mkostemp(temporary.data(), O_CLOEXEC));
  if (file.fd < 0) return failed("cannot create a file in", folder_, errno);
  const std::string name = path(key);
  Result<void> done = write_temporary(file.fd, key, bytes, name);
  bool exists = false;
  if (done && calls_.link(temporary.c_str(), name.c_str()) != 0) {
    exists = errno == EEXIST;
    if (!exists) done = failed("cannot create", name, errno);
  }
  calls_.unlink(temporary.c_str());  // one that stays behind is a leftover as after a crash
  if (!done) return done;
  if (exists) {
    const auto stored = get(key);
    if (!stored) return tl::unexpected(stored.error());
    if (!std::ranges::equal(*stored, bytes))
      return fail(Code::kConflict, "object " + std::string(key) + " exists with other bytes: " + name);
  }
  return sync_folder();  // also for one that exists: the call that created it may have failed just here
}

Result<Buffer> FolderStore::get(std::string_view key) {
  if (auto good = check_key(key); !good) return tl::unexpected(good.error());
  const std::string name = path(key);
  const std::string object = "object " + std::string(key) + " in " + name;
  const Descriptor file(calls_, calls_.open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) {
    if (errno == ENOENT) return fail(Code::kNotFound, object + " does not exist");
    return failed("cannot open", name, errno);
  }
  const auto corrupt = [&](const std::string& why) { return fail(Code::kCorrupt, object + " " + why); };
  // Fills `to` as far as the file goes.
  const auto read = [&](std::span<uint8_t> to) -> Result<size_t> {
    size_t filled = 0;
    while (filled < to.size()) {
      const ssize_t got = calls_.read(file.fd, to.data() + filled, to.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("cannot read", name, errno);
      if (got == 0) break;
      filled += static_cast<size_t>(got);
    }
    return filled;
  };

  Buffer head(6);
  auto got = read(head);
  if (!got) return tl::unexpected(got.error());
  if (*got < head.size() || !std::equal(kMagic.begin(), kMagic.end(), head.begin()))
    return corrupt("is not an object of this store");
  if (head[4] != kVersion) return corrupt("has format version " + std::to_string(head[4]) + ", not 1");
  const size_t key_size = head[5];
  head.resize(6 + key_size + 12);
  got = read(std::span(head).subspan(6));
  if (!got) return tl::unexpected(got.error());
  const Bytes covered = Bytes(head).first(6 + key_size + 8);
  if (*got < key_size + 12 || number_at(Bytes(head).last(4)) != storage::crc32c(covered))
    return corrupt("has a damaged header");
  if (!std::ranges::equal(covered.subspan(6, key_size), key))
    return corrupt("holds another object: " +
                   std::string(covered.begin() + 6, covered.begin() + 6 + static_cast<ptrdiff_t>(key_size)));

  const uint64_t size_said = number_at(covered.last(8));
  if (auto good = check_size(object, size_said); !good) return tl::unexpected(good.error());

  const Decompressor zstd(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!zstd) return fail(Code::kInternal, "zstd gives no decompressor for " + name);
  Buffer bytes(size_said);
  ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
  uint32_t checksum = storage::crc32c(head);
  bool ended = false;
  Buffer piece(kPieceBytes);
  size_t held = 0;  // at the front of `piece`: the last four bytes read, which may be the checksum
  for (;;) {
    got = read(std::span(piece).subspan(held));
    if (!got) return tl::unexpected(got.error());
    const size_t size = held + *got;
    if (size < 4) return corrupt("is truncated");
    const Bytes frame = Bytes(piece).first(size - 4);
    checksum = storage::crc32c(frame, checksum);
    ZSTD_inBuffer in{frame.data(), frame.size(), 0};
    while (in.pos < in.size) {
      if (ended) return corrupt("has bytes after its end");
      const size_t before = in.pos + out.pos;
      const size_t left = ZSTD_decompressStream(zstd.get(), &out, &in);
      if (ZSTD_isError(left))
        return corrupt(std::string("cannot be decompressed: ") + ZSTD_getErrorName(left));
      ended = left == 0;
      if (!ended && in.pos + out.pos == before) return corrupt("is longer than its header says");
    }
    std::copy_n(piece.begin() + static_cast<ptrdiff_t>(size - 4), 4, piece.begin());
    held = 4;
    if (size < piece.size()) break;
  }
  if (number_at(Bytes(piece).first(4)) != checksum) return corrupt("fails its checksum");
  if (!ended || out.pos != bytes.size()) return corrupt("is truncated");
  return bytes;
}

Result<void> FolderStore::remove(std::string_view key) {
  if (auto good = check_key(key); !good) return good;
  const std::string name = path(key);
  if (calls_.unlink(name.c_str()) != 0 && errno != ENOENT) return failed("cannot remove", name, errno);
  return sync_folder();
}

Result<std::vector<std::string>> FolderStore::list(std::string_view prefix, std::string_view after,
                                                   size_t limit) {
  auto keys = names();
  if (!keys) return keys;
  std::erase_if(*keys, [&](std::string& name) {
    if (name.starts_with('.') || !name.ends_with(kSuffix)) return true;
    name.resize(name.size() - kSuffix.size());
    std::ranges::replace(name, '.', '/');
    return !check_key(name) || !name.starts_with(prefix) || name <= after;
  });
  std::ranges::sort(*keys);
  if (keys->size() > limit) keys->resize(limit);
  return keys;
}

}  // namespace symphony
