// Objects as files of one folder.
//
// The file of key "a/b" is "a.b.object". It holds what object_format.h says.
//
// An object is written to a temporary file (".new-*"), synced, linked to its name, which fails if there is
// one, and the folder is synced. A crash leaves at most a temporary file: no call sees it, and opening the
// folder removes those that are older than an hour, which no living writer still needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/blob/object_format.h"
#include "storage/blob/object_store.h"
#include "storage/durable_file.h"

namespace symphony {

struct FolderOptions {
  uint64_t object_bytes_max = kObjectBytesMax;
};

class FolderStore final : public ObjectStore {
 public:
  // `folder` must exist and be writable. `calls` must outlive the store. kUnavailable if the folder cannot be
  // read.
  static Result<std::unique_ptr<FolderStore>> open(std::string folder, FileCalls& calls,
                                                   const FolderOptions& options = {});

  Result<void> put_new(std::string_view key, Bytes bytes) override;
  Result<Buffer> get(std::string_view key) override;
  Result<void> remove(std::string_view key) override;

  // Reads the whole folder, whatever the prefix.
  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after,
                                        size_t limit) override;

 private:
  FolderStore(std::string folder, FileCalls& calls, const FolderOptions& options)
      : folder_(std::move(folder)), calls_(calls), options_(options) {}

  std::string path(std::string_view key) const;
  Result<std::vector<std::string>> names() const;
  Result<void> write_temporary(const Descriptor& file, std::string_view key, Bytes bytes,
                               const std::string& path);

  std::string folder_;
  FileCalls& calls_;
  FolderOptions options_;
};

}  // namespace symphony
