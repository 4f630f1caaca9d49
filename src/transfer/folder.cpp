#include "transfer/folder.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/utf8.h"
#include "storage/durable_file.h"
#include "symphony/update.h"

namespace symphony {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kV1 = ".yjs";
constexpr std::string_view kV2 = ".yjs2";
constexpr size_t kNameBytesMax = 240;  // of 255, so that there is room for an ending

bool is_plain(char c, bool first) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x20 && byte != 0x7f && c != '/' && c != '%' && !(first && c == '.');
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string cannot(const char* verb, const fs::path& path) {
  return std::string("cannot ") + verb + " " + path.string() + ": " + std::strerror(errno);
}

Result<Buffer> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  Buffer bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) return fail(Code::kUnavailable, cannot("read", path));
  return bytes;
}

Result<void> write_durably(FileCalls& calls, const fs::path& path, Bytes bytes) {
  const Descriptor file(calls, ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.fd < 0) return fail(Code::kUnavailable, cannot("write", path));
  return write_all(file, bytes, path).and_then([&] { return sync_file(file, path); });
}

Result<Buffer> merged(const std::vector<Buffer>& updates) {
  if (updates.size() == 1) return updates.front();
  const std::vector<Bytes> views(updates.begin(), updates.end());
  return merge_updates(views);
}

}  // namespace

std::string path_of_room(std::string_view room) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const bool utf8 = is_utf8(as_bytes(room));
  std::string path;
  size_t name_begin = 0;
  for (size_t i = 0; i < room.size(); ++i) {
    const char c = room[i];
    const auto byte = static_cast<uint8_t>(c);
    const bool continues = utf8 && (byte & 0xc0) == 0x80;
    if (path.size() - name_begin >= kNameBytesMax && !continues) {
      path += "%/";
      name_begin = path.size();
    }
    if (is_plain(c, path.size() == name_begin) && (byte < 0x80 || utf8)) {
      path += c;
    } else {
      path += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return path;
}

Result<std::string> room_of_path(std::string_view path) {
  std::string room;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      room += path[i];
    } else if (path.substr(i).starts_with("%/")) {
      ++i;
    } else {
      const int high = i + 1 < path.size() ? hex_value(path[i + 1]) : -1;
      const int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(Code::kInvalid,
                    "'" + std::string(path) + "' is no room's file: a % is followed by two hex digits");
      }
      room += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (room.empty()) return fail(Code::kInvalid, "a file without a name is no room");
  return room;
}

Result<FolderSource> FolderSource::open(const fs::path& folder) {
  std::error_code error;
  FolderSource source;
  for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::end(at);
       at.increment(error)) {
    const fs::path& path = at->path();
    if (!at->is_regular_file(error) || (path.extension() != kV1 && path.extension() != kV2)) continue;
    // Either the room's own file, or one of several in the room's folder.
    const fs::path parent = fs::relative(path.parent_path(), folder, error);
    const bool continued = parent == "." || parent.string().ends_with('%');
    const fs::path name = continued ? fs::relative(path, folder, error).replace_extension() : parent;
    auto room = room_of_path(name.generic_string());
    if (!room) return tl::unexpected(room.error());
    source.files_[*room].push_back(path);
  }
  if (error)
    return fail(Code::kUnavailable, "cannot read the folder " + folder.string() + ": " + error.message());
  for (auto& [room, files] : source.files_) std::ranges::sort(files);
  return source;
}

Result<std::vector<std::string>> FolderSource::rooms(std::string_view after, size_t limit) {
  std::vector<std::string> names;
  for (auto at = files_.upper_bound(after); at != files_.end() && names.size() < limit; ++at)
    names.push_back(at->first);
  return names;
}

Result<CarriedRoom> FolderSource::read(const std::string& room) {
  const auto found = files_.find(room);
  if (found == files_.end()) return fail(Code::kNotFound, "the folder has no file of this room");
  CarriedRoom carried;
  for (const fs::path& path : found->second) {
    auto update = read_file(path);
    if (update && path.extension() == kV2) update = convert_update_v2_to_v1(*update);
    if (update) {
      // Refused here, with the file's name, rather than in the middle of a room.
      if (const auto meta = update_meta(*update); !meta) update = tl::unexpected(meta.error());
    }
    if (!update) return fail(update.error().code, path.string() + ": " + update.error().message);
    carried.updates.push_back(std::move(*update));
  }
  return carried;
}

Result<FolderSink> FolderSink::open(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(Code::kUnavailable, "cannot make the folder " + folder.string() + ": " + error.message());
  return FolderSink(folder);
}

Result<void> FolderSink::write(const std::string& room, const std::vector<Buffer>& updates) {
  const auto update = merged(updates);
  if (!update) return tl::unexpected(update.error());
  fs::path path = folder_ / path_of_room(room);
  path += kV1;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    return fail(Code::kUnavailable, "cannot make " + path.parent_path().string() + ": " + error.message());
  fs::path fresh = path;
  fresh += ".new";
  FileCalls calls;
  return write_durably(calls, fresh, *update)
      .and_then([&]() -> Result<void> {
        if (::rename(fresh.c_str(), path.c_str()) != 0)
          return fail(Code::kUnavailable, cannot("write", path));
        return {};
      })
      .and_then([&] { return sync_folder(calls, path.parent_path()); });
}

}  // namespace symphony
