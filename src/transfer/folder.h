// A folder of Yjs updates: what `symphony export` writes, and what people bring from other servers.
//
//   notes%2Fmonday.yjs      the room "notes/monday", one v1 update: its whole document
//   plan.yjs2               the room "plan", one v2 update
//   draft/0001.yjs ...      the room "draft", any number of updates, in any order and either format
//
// In a file's name the bytes / and %, control characters, a dot at the beginning, and what is not UTF-8 are
// written as %XX. What is longer than a file's name may be goes on in a folder whose name ends in '%':
// "long%/rest.yjs" is the room "longrest".
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "transfer/transfer.h"

namespace symphony {

// The path of a room's file below the folder, without its ending; and the room of such a path. kInvalid if it
// is none.
std::string path_of_room(std::string_view room);
Result<std::string> room_of_path(std::string_view path);

class FolderSource final : public RoomSource {
 public:
  // Reads the names of all files. The error is one line that says what is wrong with the folder; files with
  // other endings are ignored.
  static Result<FolderSource> open(const std::filesystem::path& folder);

  Result<std::vector<std::string>> rooms(std::string_view after, size_t limit) override;
  Result<CarriedRoom> read(const std::string& room) override;

 private:
  std::map<std::string, std::vector<std::filesystem::path>, std::less<>> files_;
};

// One file a room, written beside its place and renamed, so that a crash leaves the old one or the new one.
class FolderSink final : public RoomSink {
 public:
  // Makes the folder if it is not there.
  static Result<FolderSink> open(const std::filesystem::path& folder);
  Result<void> write(const std::string& room, const std::vector<Buffer>& updates) override;

 private:
  explicit FolderSink(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

}  // namespace symphony
