#include "server/static_files.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <utility>

#include "server/room_address.h"

namespace symphony {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kContentTypes = {{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".xml", "application/xml"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".ttf", "font/ttf"},
    {".otf", "font/otf"},
    {".wasm", "application/wasm"},
    {".pdf", "application/pdf"},
}};

// FNV-1a: enough to tell one build of a file from another.
std::string etag_of(Bytes bytes) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3ULL;
  char text[32];
  std::snprintf(text, sizeof text, "\"%016llx\"", static_cast<unsigned long long>(hash));
  return text;
}

Result<Buffer> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  Buffer bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) return fail(Code::kUnavailable, "cannot read " + path.string());
  return bytes;
}

// Vite puts a hash of the content into the names of what it writes to assets/: such a file never changes.
std::string_view cache_control_of(std::string_view path) {
  return path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

std::string_view content_type_of(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    for (const auto& [ending, type] : kContentTypes) {
      if (name.substr(dot) == ending) return type;
    }
  }
  return "application/octet-stream";
}

Result<StaticFiles> StaticFiles::read(const fs::path& folder, const StaticLimits& limits) {
  StaticFiles found;
  size_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->path().filename().string().starts_with('.')) {
      at.disable_recursion_pending();
      continue;
    }
    // Links are followed to files, not into folders: a folder link could make a loop.
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    auto body = read_file(at->path());
    if (!body) return tl::unexpected(body.error());
    bytes += body->size();
    if (found.files_.size() >= limits.files_max || bytes > limits.bytes_max) {
      return fail(Code::kLimit, "the folder " + folder.string() +
                                    " holds more than a web build should: point --www at the built pages");
    }
    const std::string path = "/" + at->path().lexically_relative(folder).generic_string();
    File file;
    file.etag = etag_of(*body);
    file.headers =
        "ETag: " + file.etag + "\r\nCache-Control: " + std::string(cache_control_of(path)) + "\r\n";
    file.content_type = content_type_of(path);
    file.body = share(std::move(*body));
    found.files_.emplace(path, std::move(file));
  }
  if (error)
    return fail(Code::kUnavailable, "cannot read the folder " + folder.string() + ": " + error.message());
  return found;
}

HttpResponse StaticFiles::respond(std::string_view target, std::string_view if_none_match) const {
  const auto path = percent_decode(path_of(target));
  if (!path || !target.starts_with('/')) return text_response(400, "the path of this request is malformed");
  auto found = files_.find(path->ends_with('/') ? *path + "index.html" : *path);
  if (found == files_.end()) {
    if (!path->ends_with('/') && files_.contains(*path + "/index.html")) {
      HttpResponse moved = text_response(308, "this page's address ends with a slash");
      // Relative, so that no path can name another host.
      const std::string_view raw = path_of(target);
      moved.headers += "Location: ./" + std::string(raw.substr(raw.rfind('/') + 1)) + "/\r\n";
      return moved;
    }
    return text_response(404, "there is nothing at this address");
  }
  const File& file = found->second;
  HttpResponse response;
  response.headers = file.headers;
  if (matches(if_none_match, file.etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = file.content_type;
  response.body = file.body;
  return response;
}

}  // namespace symphony
