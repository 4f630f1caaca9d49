#include "storage/blob/folder_store.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include "storage/blob/object_format.h"

namespace symphony {
namespace {

constexpr std::string_view kSuffix = ".object";
constexpr std::string_view kTemporary = ".new-";
constexpr size_t kPieceBytes = 128u << 10;
constexpr time_t kTemporarySecondsMax = 3600;

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
  return folder_ + "/" + object_name(key) + std::string(kSuffix);
}

Result<std::vector<std::string>> FolderStore::names() const {
  const auto close = [this](DIR* folder) { calls_.closedir(folder); };
  const std::unique_ptr<DIR, decltype(close)> entries(calls_.opendir(folder_.c_str()), close);
  if (!entries) return file_failure("cannot read the folder", folder_, errno);
  std::vector<std::string> out;
  for (;;) {
    errno = 0;
    const dirent* const entry = calls_.readdir(entries.get());
    if (entry == nullptr) break;
    out.emplace_back(entry->d_name);
  }
  if (errno != 0) return file_failure("cannot read the folder", folder_, errno);
  return out;
}

Result<void> FolderStore::write_temporary(const Descriptor& file, std::string_view key, Bytes bytes,
                                          const std::string& path) {
  return encode_object(key, bytes, [&](Bytes piece) { return write_all(file, piece, path); }).and_then([&] {
    return sync_file(file, path);
  });
}

Result<void> FolderStore::put_new(std::string_view key, Bytes bytes) {
  if (auto good = check_object_key(key); !good) return good;
  if (auto good = check_object_size("object " + std::string(key), bytes.size(), options_.object_bytes_max);
      !good)
    return good;
  std::string temporary = folder_ + "/" + std::string(kTemporary) + "XXXXXX";
  const Descriptor file(calls_, calls_.mkostemp(temporary.data(), O_CLOEXEC));
  if (file.fd < 0) return file_failure("cannot create a file in", folder_, errno);
  const std::string name = path(key);
  Result<void> done = write_temporary(file, key, bytes, name);
  bool exists = false;
  if (done && calls_.link(temporary.c_str(), name.c_str()) != 0) {
    exists = errno == EEXIST;
    if (!exists) done = file_failure("cannot create", name, errno);
  }
  calls_.unlink(temporary.c_str());  // one that stays behind is a leftover as after a crash
  if (!done) return done;
  if (exists) {
    const auto stored = get(key);
    if (!stored) return tl::unexpected(stored.error());
    if (!std::ranges::equal(*stored, bytes))
      return fail(Code::kConflict, "object " + std::string(key) + " exists with other bytes: " + name);
  }
  return sync_folder(
      calls_, folder_);  // also for one that exists: the call that created it may have failed just here
}

Result<Buffer> FolderStore::get(std::string_view key) {
  if (auto good = check_object_key(key); !good) return tl::unexpected(good.error());
  const std::string name = path(key);
  const std::string object = "object " + std::string(key) + " in " + name;
  const Descriptor file(calls_, calls_.open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) {
    if (errno == ENOENT) return fail(Code::kNotFound, object + " does not exist");
    return file_failure("cannot open", name, errno);
  }
  ObjectDecoder decoder(object, key, options_.object_bytes_max);
  Buffer piece(kPieceBytes);
  for (;;) {
    const ssize_t got = calls_.read(file.fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failure("cannot read", name, errno);
    if (got == 0) return decoder.finish();
    if (auto good = decoder.add(Bytes(piece).first(static_cast<size_t>(got))); !good)
      return tl::unexpected(good.error());
  }
}

Result<void> FolderStore::remove(std::string_view key) {
  if (auto good = check_object_key(key); !good) return good;
  const std::string name = path(key);
  if (calls_.unlink(name.c_str()) != 0 && errno != ENOENT) return file_failure("cannot remove", name, errno);
  return sync_folder(calls_, folder_);
}

Result<std::vector<std::string>> FolderStore::list(std::string_view prefix, std::string_view after,
                                                   size_t limit) {
  auto keys = names();
  if (!keys) return keys;
  std::erase_if(*keys, [&](std::string& name) {
    if (!name.ends_with(kSuffix)) return true;
    name = object_key(std::string_view(name).substr(0, name.size() - kSuffix.size()));
    return name.empty() || !name.starts_with(prefix) || name <= after;
  });
  std::ranges::sort(*keys);
  if (keys->size() > limit) keys->resize(limit);
  return keys;
}

}  // namespace symphony
