// What fixtures.mjs has written, for the programs that are no JavaScript. The file formats are described
// there.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace engines {

using Bytes = std::span<const uint8_t>;

// The whole file; ends the program with one line when it cannot be read. `exists` tells beforehand.
std::vector<uint8_t> read_file(const std::string& path);
bool exists(const std::string& path);

// updates.bin: the bytes, and a view of each update in them.
struct UpdateLog {
  std::vector<uint8_t> bytes;
  std::vector<Bytes> updates;
};
UpdateLog read_updates(const std::string& path);

// One edit of script.bin. Views point into Script::bytes.
struct Edit {
  enum class Kind : uint8_t { kText = 1, kArray = 2, kMap = 3 };
  Kind kind = Kind::kText;
  bool last = true;              // of its transaction
  uint32_t position = 0;         // text, array
  uint32_t deleted = 0;          // text: UTF-16 units
  std::string_view text;         // text: what is inserted; map: the value
  std::string_view key;          // map
  std::vector<uint32_t> values;  // array
};
struct Script {
  std::vector<uint8_t> bytes;
  uint32_t client = 0;  // who edits
  std::vector<Edit> edits;
};
Script read_script(const std::string& path);

}  // namespace engines
