// What the machine needs for the bare minimum of each operation: the floor under every engine's figure.
//
//   engines_floor OPERATION FOLDER BUDGET_MS
//
//   decode          reading every struct of the state once, keeping nothing
//   encode          copying the bytes that come out
//   relay, merge    reading every struct of every update once, keeping nothing
//   edit            the same edits in a plain text or list: chunks of a few hundred, no CRDT
//   memory          the bytes of the state
//
// It checks nothing and knows the contents that the fixtures have: for measuring, not for reading a peer's
// bytes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "fixture.h"
#include "measure.h"

namespace {

using engines::Bytes;
using engines::Edit;
using engines::measure;

// Walks an update v1 and adds up the lengths of its structs, which keeps the compiler from leaving anything
// out.
class Scan {
 public:
  explicit Scan(Bytes update) : at_(update.data()) {
    for (uint64_t clients = number(); clients > 0; --clients) {
      uint64_t structs = number();
      number();  // client
      number();  // clock
      for (; structs > 0; --structs) one_struct();
    }
    for (uint64_t clients = number(); clients > 0; --clients) {
      number();  // client
      for (uint64_t ranges = number(); ranges > 0; --ranges) {
        number();
        sum_ += number();
      }
    }
  }
  uint64_t sum() const { return sum_; }

 private:
  uint64_t number() {
    uint64_t value = *at_ & 127;
    for (int shift = 7; *at_++ & 128; shift += 7) value |= static_cast<uint64_t>(*at_ & 127) << shift;
    return value;
  }
  void skip_counted() {
    const uint64_t length = number();
    at_ += length;
    sum_ += length;
  }
  void any() {
    switch (*at_++) {
      case 125:
        number();
        break;
      case 124:
        at_ += 4;
        break;
      case 123:
      case 122:
        at_ += 8;
        break;
      case 119:
      case 116:
        skip_counted();
        break;
      case 118:
        for (uint64_t count = number(); count > 0; --count) {
          skip_counted();
          any();
        }
        break;
      case 117:
        for (uint64_t count = number(); count > 0; --count) any();
        break;
      default:
        break;
    }
  }
  void one_struct() {
    const uint8_t info = *at_++;
    if ((info & 31) == 0 || (info & 31) == 10) {  // GC, Skip
      sum_ += number();
      return;
    }
    if (info & 0x80) sum_ += number() + number();
    if (info & 0x40) sum_ += number() + number();
    if ((info & 0xc0) == 0) {
      if (number() == 1) {
        skip_counted();
      } else {
        sum_ += number() + number();
      }
      if (info & 0x20) skip_counted();
    }
    switch (info & 31) {
      case 1:
        sum_ += number();
        break;  // deleted
      case 4:
        skip_counted();
        break;  // string
      case 8:   // any
        for (uint64_t count = number(); count > 0; --count) any();
        break;
      default:
        std::fprintf(stderr, "floor: content %d is not in the fixtures\n", info & 31);
        std::exit(1);
    }
  }

  const uint8_t* at_;
  uint64_t sum_ = 0;
};

// A sequence in chunks: an edit finds its chunk by adding up lengths, then moves what is behind it in the
// chunk.
template <class Element>
class Chunks {
 public:
  void insert(size_t position, const Element* elements, size_t count) {
    auto [chunk, offset] = find(position);
    std::vector<Element>& target = chunks_[chunk];
    target.insert(target.begin() + static_cast<ptrdiff_t>(offset), elements, elements + count);
    if (target.size() > kMax) split(chunk);
  }
  void remove(size_t position, size_t count) {
    while (count > 0) {
      auto [chunk, offset] = find(position);
      std::vector<Element>& target = chunks_[chunk];
      if (offset == target.size()) {
        if (++chunk == chunks_.size()) return;
        offset = 0;
      }
      const size_t here = std::min(count, chunks_[chunk].size() - offset);
      const auto begin = chunks_[chunk].begin() + static_cast<ptrdiff_t>(offset);
      chunks_[chunk].erase(begin, begin + static_cast<ptrdiff_t>(here));
      if (chunks_[chunk].empty() && chunks_.size() > 1) {
        chunks_.erase(chunks_.begin() + static_cast<ptrdiff_t>(chunk));
      }
      count -= here;
    }
  }
  size_t chunks() const { return chunks_.size(); }

 private:
  static constexpr size_t kMax = 1024;

  std::pair<size_t, size_t> find(size_t position) const {
    size_t chunk = 0;
    while (chunk + 1 < chunks_.size() && position > chunks_[chunk].size()) {
      position -= chunks_[chunk++].size();
    }
    return {chunk, std::min(position, chunks_[chunk].size())};
  }
  void split(size_t chunk) {
    const std::vector<Element> whole = std::move(chunks_[chunk]);
    std::vector<std::vector<Element>> parts;
    for (size_t at = 0; at < whole.size(); at += kMax / 2) {
      const size_t end = std::min(whole.size(), at + kMax / 2);
      parts.emplace_back(whole.begin() + static_cast<ptrdiff_t>(at),
                         whole.begin() + static_cast<ptrdiff_t>(end));
    }
    chunks_[chunk] = std::move(parts[0]);
    chunks_.insert(chunks_.begin() + static_cast<ptrdiff_t>(chunk) + 1,
                   std::make_move_iterator(parts.begin() + 1), std::make_move_iterator(parts.end()));
  }

  std::vector<std::vector<Element>> chunks_{1};
};

size_t play(const engines::Script& script) {
  Chunks<char> text;
  Chunks<uint32_t> array;
  std::map<std::string_view, std::string_view> map;
  for (const Edit& edit : script.edits) {
    switch (edit.kind) {
      case Edit::Kind::kText:
        text.remove(edit.position, edit.deleted);
        text.insert(edit.position, edit.text.data(), edit.text.size());
        break;
      case Edit::Kind::kArray:
        array.insert(edit.position, edit.values.data(), edit.values.size());
        break;
      case Edit::Kind::kMap:
        map[edit.key] = edit.text;
        break;
    }
  }
  return text.chunks() + array.chunks() + map.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: engines_floor OPERATION FOLDER BUDGET_MS\n");
    return 2;
  }
  const std::string operation = argv[1];
  const std::string folder = argv[2];
  const engines::Repeat repeat{.budget_ms = std::atof(argv[3])};
  const std::string yjs = folder + "/yjs/";

  if (operation == "decode_v1") {
    const auto state = engines::read_file(yjs + "state.v1");
    print_figures(measure(repeat, [&] { return Scan(state).sum(); }));
  } else if (operation == "encode_v1" || operation == "encode_again" || operation == "encode_v2") {
    const auto state = engines::read_file(yjs + (operation == "encode_v2" ? "state.v2" : "state.v1"));
    print_figures(measure(repeat, [&] {
      const std::vector<uint8_t> copy = state;
      return copy.size();
    }));
  } else if (operation == "relay" || operation == "merge_1000" || operation == "merge_4000" ||
             operation == "merge_all") {
    if (!engines::exists(yjs + "updates.bin")) {
      engines::print_skip("no single updates");
      return 0;
    }
    const auto log = engines::read_updates(yjs + "updates.bin");
    const size_t wanted = operation == "merge_1000"   ? 1000
                          : operation == "merge_4000" ? 4000
                                                      : log.updates.size();
    const size_t count = std::min(wanted, log.updates.size());
    print_figures(measure(repeat, [&] {
      uint64_t sum = 0;
      for (size_t i = 0; i < count; ++i) sum += Scan(log.updates[i]).sum();
      return sum;
    }));
  } else if (operation == "edit" && engines::exists(folder + "/script.bin")) {
    const auto script = engines::read_script(folder + "/script.bin");
    print_figures(measure(repeat, [&] { return play(script); }));
  } else if (operation == "memory") {
    const double bytes = static_cast<double>(engines::read_file(yjs + "state.v1").size());
    engines::print_memory(1, bytes, bytes);
  } else {
    engines::print_skip("no bare counterpart");
  }
  return 0;
}
