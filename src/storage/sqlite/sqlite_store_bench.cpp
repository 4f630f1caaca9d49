// Appends a second in batches of 1, 16 and 256 rooms, beside the floor under all of them: writing as many
// bytes to a file of the same folder and waiting for fdatasync. And what a large snapshot costs those beside
// it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

Result<void> put_one(Store& store, const SnapshotRequest& request) {
  return store.put_snapshots({&request, 1}).front();
}

constexpr size_t kUpdateBytes = 40;  // a keystroke or two

void write_and_sync(benchmark::State& state) {
  const TemporaryFolder folder;
  const int file = ::open(folder.file("floor").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const Buffer page(4096, 1);
  const auto pages = static_cast<off_t>(state.range(0));
  off_t at = 0;
  for (auto _ : state) {
    for (off_t i = 0; i < pages; ++i) {
      if (pwrite(file, page.data(), page.size(), at) != static_cast<ssize_t>(page.size())) std::abort();
      at = (at + 4096) % (16 << 20);  // over the same 16 MiB, like a WAL
    }
    if (fdatasync(file) != 0) std::abort();
  }
  ::close(file);
}
BENCHMARK(write_and_sync)->ArgName("pages")->Arg(1)->Arg(3)->UseRealTime()->Unit(benchmark::kMicrosecond);

void append(benchmark::State& state) {
  const TemporaryFolder folder;
  auto store = SqliteStore::open({.path = folder.file("rooms.db")}).value();
  const auto batch_size = static_cast<size_t>(state.range(0));
  const Buffer update(kUpdateBytes, 7);
  std::vector<std::string> names;
  std::vector<AppendRequest> batch;
  for (size_t i = 0; i < batch_size; ++i) names.push_back("room " + std::to_string(i));
  for (const std::string& name : names) batch.push_back({name, store->take(name).value().epoch, 1, update});
  for (auto _ : state) {
    for (AppendRequest& request : batch) ++request.seq;
    for (const auto& result : store->append(batch)) {
      if (!result) std::abort();
    }
    if (batch[0].seq % 500 == 0) {  // what a room does by default; a small state
      for (const AppendRequest& request : batch) {
        if (!put_one(*store, {request.room, request.epoch, request.seq, Buffer(10'000, 1), {}})) std::abort();
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(append)->ArgName("rooms")->Arg(1)->Arg(16)->Arg(256)->UseRealTime()->Unit(benchmark::kMicrosecond);

// Opening a room with a snapshot and a full log.
void load(benchmark::State& state) {
  const TemporaryFolder folder;
  auto store = SqliteStore::open({.path = folder.file("rooms.db")}).value();
  const Buffer update(kUpdateBytes, 7), snapshot(static_cast<size_t>(state.range(0)), 3);
  const uint64_t epoch = store->take("room").value().epoch;
  if (!put_one(*store, {"room", epoch, 1, snapshot, {}})) std::abort();
  for (uint64_t seq = 2; seq <= 501; ++seq) {
    const AppendRequest request{"room", epoch, seq, update};
    if (!store->append({&request, 1})[0]) std::abort();
  }
  for (auto _ : state) benchmark::DoNotOptimize(store->load("room").value());
  state.SetBytesProcessed(state.iterations() * (state.range(0) + 500 * static_cast<int64_t>(kUpdateBytes)));
}
BENCHMARK(load)->ArgName("snapshot_bytes")->Arg(10'000)->Arg(10'000'000)->Unit(benchmark::kMicrosecond);

// How long appends wait while a snapshot is written that replaces one of the same size. The time is the
// snapshot's.
void append_beside_a_snapshot(benchmark::State& state) {
  const TemporaryFolder folder;
  auto store = SqliteStore::open({.path = folder.file("rooms.db")}).value();
  const Buffer update(kUpdateBytes, 7), snapshot(static_cast<size_t>(state.range(0)), 3);
  const uint64_t large = store->take("large").value().epoch, small = store->take("small").value().epoch;
  if (!put_one(*store, {"large", large, 1, snapshot, {}})) std::abort();
  std::vector<double> waits_ms;
  uint64_t seq = 1;
  for (auto _ : state) {
    std::atomic<bool> ended = false;
    std::thread writer([&] {
      if (!put_one(*store, {"large", large, 1, snapshot, {}})) std::abort();
      ended = true;
    });
    while (!ended) {
      const auto started = std::chrono::steady_clock::now();
      const AppendRequest request{"small", small, ++seq, update};
      if (!store->append({&request, 1})[0]) std::abort();
      const std::chrono::duration<double, std::milli> wait = std::chrono::steady_clock::now() - started;
      waits_ms.push_back(wait.count());
    }
    writer.join();
  }
  std::ranges::sort(waits_ms);
  state.counters["appends"] = static_cast<double>(waits_ms.size());
  state.counters["wait_ms_p50"] = waits_ms[waits_ms.size() / 2];
  state.counters["wait_ms_p99"] = waits_ms[waits_ms.size() * 99 / 100];
  state.counters["wait_ms_max"] = waits_ms.back();
}
BENCHMARK(append_beside_a_snapshot)
    ->ArgName("snapshot_bytes")
    ->Arg(10'000)
    ->Arg(100'000'000)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace symphony
