// A folder of files for the browser, read into memory once: serving never touches the disk, and a request can
// name nothing but what was found then.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "server/http.h"

namespace symphony {

struct StaticLimits {
  size_t files_max = 10'000;
  size_t bytes_max = 256u << 20;  // all files together; they stay in memory
};

class StaticFiles {
 public:
  StaticFiles() = default;

  // Reads regular files below `folder`; names that begin with a dot are left out. The error says what to do.
  static Result<StaticFiles> read(const std::filesystem::path& folder, const StaticLimits& limits = {});

  bool empty() const { return files_.empty(); }
  size_t size() const { return files_.size(); }

  // The answer to GET `target`: the file, "not modified", a redirect that adds a folder's slash, or 404.
  HttpResponse respond(std::string_view target, std::string_view if_none_match) const;

 private:
  struct File {
    SharedBuffer body;
    std::string_view content_type;
    std::string headers;  // ETag and Cache-Control
    std::string etag;
  };
  std::map<std::string, File, std::less<>> files_;  // by path, "/index.html"
};

// By the name's ending; application/octet-stream if it is not known.
std::string_view content_type_of(std::string_view name);

}  // namespace symphony
