// The engine's side of bench/engine/run.mjs, which writes the fixtures with npm yjs and prints both sides.
//
// A fixture folder holds state.bin (a whole document as one update), updates.bin (the same document as the
// updates in which it came, each with a 32-bit little-endian length before it) and vector.bin (a state vector
// from shortly before the end).
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "symphony/doc.h"

namespace {

using symphony::Buffer;
using symphony::Bytes;
using symphony::Doc;

Buffer read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr,
                 "cannot read %s: run bench/engine/run.mjs, which makes the fixtures and calls this\n",
                 path.c_str());
    std::exit(1);
  }
  return Buffer(std::istreambuf_iterator<char>(in), {});
}

struct Fixture {
  Buffer state;
  Buffer vector;
  Buffer log;
  std::vector<Bytes> updates;  // views into log
};

const Fixture& fixture() {
  static const std::unique_ptr<Fixture> loaded = [] {
    const char* folder = std::getenv("SYMPHONY_BENCH_FIXTURE");
    const std::string base = folder ? folder : ".";
    auto f = std::make_unique<Fixture>();
    f->state = read_file(base + "/state.bin");
    f->vector = read_file(base + "/vector.bin");
    f->log = read_file(base + "/updates.bin");
    for (size_t at = 0; at + 4 <= f->log.size();) {
      uint32_t length;
      std::memcpy(&length, f->log.data() + at, 4);
      f->updates.emplace_back(f->log.data() + at + 4, length);
      at += 4 + length;
    }
    return f;
  }();
  return *loaded;
}

Doc loaded() {
  Doc doc;
  if (!doc.apply_update(fixture().state)) std::abort();
  return doc;
}

void decode(benchmark::State& state) {
  fixture();
  for (auto _ : state) {
    Doc doc;
    if (!doc.apply_update(fixture().state)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(doc);
  }
}

void relay(benchmark::State& state) {
  fixture();
  for (auto _ : state) {
    Doc doc;
    for (const Bytes update : fixture().updates) {
      if (!doc.apply_update(update)) state.SkipWithError("refused");
    }
    benchmark::DoNotOptimize(doc);
  }
  state.counters["updates"] = static_cast<double>(fixture().updates.size());
}

void encode(benchmark::State& state) {
  const Doc doc = loaded();
  for (auto _ : state) benchmark::DoNotOptimize(doc.encode_state_as_update());
}

void diff(benchmark::State& state) {
  const Doc doc = loaded();
  for (auto _ : state) benchmark::DoNotOptimize(doc.encode_state_as_update(fixture().vector));
}

// Not a time: the heap that one loaded document takes, as a counter.
void memory(benchmark::State& state) {
  fixture();
  constexpr int kDocs = 20;
  for (auto _ : state) {
    std::vector<Doc> docs;
    docs.reserve(kDocs);
    const auto used = [] {
      const struct mallinfo2 info = mallinfo2();
      return info.uordblks + info.hblkhd;
    };
    const size_t before = used();
    for (int i = 0; i < kDocs; ++i) docs.push_back(loaded());
    state.counters["bytes"] = static_cast<double>(used() - before) / kDocs;
  }
}

BENCHMARK(decode)->Unit(benchmark::kMillisecond);
BENCHMARK(relay)->Unit(benchmark::kMillisecond);
BENCHMARK(encode)->Unit(benchmark::kMillisecond);
BENCHMARK(diff)->Unit(benchmark::kMillisecond);
BENCHMARK(memory)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
