#include "storage/durable_file.h"

#include <cerrno>
#include <system_error>

namespace symphony {

tl::unexpected<Error> file_failure(const std::string& what, const std::string& path, int error) {
  return fail(Code::kUnavailable, what + " " + path + ": " + std::generic_category().message(error));
}

Result<void> write_all(const Descriptor& file, Bytes bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = file.calls.write(file.fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_failure("cannot write", path, written < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

Result<void> sync_file(const Descriptor& file, const std::string& path) {
  if (file.calls.fsync(file.fd) != 0) return file_failure("cannot sync", path, errno);
  return {};
}

Result<void> sync_folder(FileCalls& calls, const std::string& folder) {
  const Descriptor file(calls, calls.open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.fd < 0 || calls.fsync(file.fd) != 0) return file_failure("cannot sync the folder", folder, errno);
  return {};
}

}  // namespace symphony
