#include "fixture.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

namespace engines {
namespace {

[[noreturn]] void give_up(const std::string& path, const char* why) {
  std::fprintf(stderr, "%s: %s (bench/engines/run.mjs writes the fixtures and calls this program)\n",
               path.c_str(), why);
  std::exit(1);
}

// Takes fields off the front of a file's bytes.
class Reader {
 public:
  Reader(Bytes bytes, const std::string& path) : rest_(bytes), path_(path) {}

  bool at_end() const { return rest_.empty(); }
  uint8_t byte() { return take(1)[0]; }
  uint32_t number() {
    uint32_t value;
    std::memcpy(&value, take(4).data(), 4);
    return value;
  }
  Bytes counted() { return take(number()); }
  std::string_view counted_text() {
    const Bytes bytes = counted();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  Bytes take(size_t count) {
    if (count > rest_.size()) give_up(path_, "ends in the middle of a record");
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  Bytes rest_;
  const std::string& path_;
};

}  // namespace

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) give_up(path, "cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

bool exists(const std::string& path) { return std::ifstream(path, std::ios::binary).good(); }

UpdateLog read_updates(const std::string& path) {
  UpdateLog log{read_file(path), {}};
  Reader reader(log.bytes, path);
  while (!reader.at_end()) log.updates.push_back(reader.counted());
  return log;
}

Script read_script(const std::string& path) {
  Script script{.bytes = read_file(path), .client = 0, .edits = {}};
  Reader reader(script.bytes, path);
  script.client = reader.number();
  while (!reader.at_end()) {
    const uint8_t head = reader.byte();
    Edit edit;
    edit.kind = static_cast<Edit::Kind>(head & 127);
    edit.last = (head & 128) == 0;
    switch (edit.kind) {
      case Edit::Kind::kText:
        edit.position = reader.number();
        edit.deleted = reader.number();
        edit.text = reader.counted_text();
        break;
      case Edit::Kind::kArray:
        edit.position = reader.number();
        for (uint32_t count = reader.number(); count > 0; --count) edit.values.push_back(reader.number());
        break;
      case Edit::Kind::kMap:
        edit.key = reader.counted_text();
        edit.text = reader.counted_text();
        break;
      default:
        give_up(path, "has an edit of an unknown kind");
    }
    script.edits.push_back(std::move(edit));
  }
  return script;
}

}  // namespace engines
