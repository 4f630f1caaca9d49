// What a file takes to survive a power cut: all of its bytes, a sync, and a sync of the folder that names it.
#pragma once

#include <string>

#include "storage/file_calls.h"
#include "symphony/types.h"

namespace symphony {

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

// kUnavailable, with errno's words behind "what path".
tl::unexpected<Error> file_failure(const std::string& what, const std::string& path, int error);

// `path` is what an error names.
Result<void> write_all(const Descriptor& file, Bytes bytes, const std::string& path);
Result<void> sync_file(const Descriptor& file, const std::string& path);
Result<void> sync_folder(FileCalls& calls, const std::string& folder);

}  // namespace symphony
