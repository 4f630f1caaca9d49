#include "recording.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

namespace symphony::bench {

namespace {

// Little-endian numbers; a read past the end sets `failed` and gives zero.
struct Cursor {
  Bytes rest;
  bool failed = false;

  template <class T>
  T number() {
    T value = 0;
    const Bytes bytes = take(sizeof(T));
    if (!failed) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  Bytes take(size_t count) {
    if (count > rest.size()) {
      failed = true;
      return {};
    }
    const Bytes out = rest.first(count);
    rest = rest.subspan(count);
    return out;
  }

  Buffer buffer() {
    const Bytes bytes = take(number<uint32_t>());
    return {bytes.begin(), bytes.end()};
  }
};

}  // namespace

size_t Recording::find(size_t person, uint32_t clock) const {
  const auto& updates = people[person].updates;
  const auto after =
      std::upper_bound(updates.begin(), updates.end(), clock,
                       [](uint32_t value, const RecordedUpdate& one) { return value < one.clock; });
  return after == updates.begin() ? updates.size() : static_cast<size_t>(after - updates.begin()) - 1;
}

Result<Recording> load_recording(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kNotFound, "cannot open the recording " + path);
  const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
  Cursor in{Bytes(reinterpret_cast<const uint8_t*>(content.data()), content.size())};
  const uint32_t people = in.number<uint32_t>();
  const uint32_t ticks = in.number<uint32_t>();
  Recording out;
  out.opened = in.buffer();
  for (uint32_t person = 0; person < people && !in.failed; ++person) {
    RecordedPerson& one = out.people.emplace_back();
    one.client = in.number<uint64_t>();
    for (uint32_t tick = 0; tick < ticks && !in.failed; ++tick) {
      RecordedUpdate& update = one.updates.emplace_back();
      update.clock = in.number<uint32_t>();
      update.length = in.number<uint32_t>();
      update.bytes = in.buffer();
    }
  }
  if (in.failed || !in.rest.empty() || out.people.empty())
    return fail(Code::kCorrupt, path + " is no recording");
  return out;
}

}  // namespace symphony::bench
