// Appends a second in batches of 1 to 1000 rooms, beside two floors of the same run: the disk's (writing a
// page and waiting for fdatasync, which a commit cannot beat) and Postgres's (a prepared INSERT of the same
// rows into a table of the same shape, with nothing asked).
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include "storage/postgres/postgres_testing.h"

namespace symphony {
namespace {

Result<void> put_one(Store& store, const SnapshotRequest& request) {
  return store.put_snapshots({&request, 1}).front();
}

constexpr size_t kUpdateBytes = 40;  // a keystroke or two

std::vector<std::string> names_of(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("a room with a name " + std::to_string(i));
  return names;
}

void write_and_sync(benchmark::State& state) {
  const TemporaryFolder folder;
  const int file = ::open(folder.file("floor").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const Buffer page(8192, 1);
  off_t at = 0;
  for (auto _ : state) {
    if (pwrite(file, page.data(), page.size(), at) != static_cast<ssize_t>(page.size())) std::abort();
    if (fdatasync(file) != 0) std::abort();
    at = (at + 8192) % (16 << 20);  // over the same 16 MiB, like a WAL
  }
  ::close(file);
}
BENCHMARK(write_and_sync)->UseRealTime()->Unit(benchmark::kMicrosecond);

void plain_insert(benchmark::State& state) {
  TestDatabase database;
  database.alter_schema("CREATE TABLE public.floor (LIKE symphony.slot INCLUDING ALL)");
  auto connection = postgres::Connection::open({.conninfo = database.conninfo()}).value();
  constexpr postgres::Statement kInsert{
      "insert",
      "INSERT INTO public.floor (room, seq, epoch, checksum, update)"
      " SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])"};
  const auto names = names_of(static_cast<size_t>(state.range(0)));
  const Buffer update(kUpdateBytes, 7);
  std::vector<Bytes> rooms;
  for (const std::string& name : names) rooms.push_back(as_bytes(name));
  const std::vector<Bytes> updates(names.size(), update);
  const std::vector<int64_t> same(names.size(), 7);
  int64_t seq = 0;
  for (auto _ : state) {
    const std::vector<int64_t> seqs(names.size(), ++seq);
    postgres::Parameters with;
    with.add_blobs(rooms).add(seqs).add(same).add(same).add_blobs(updates);
    if (!connection->run(kInsert, with)) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void append(benchmark::State& state) {
  TestDatabase database;
  const auto store = database.open({"bench", "", std::chrono::seconds(10)});
  const auto names = names_of(static_cast<size_t>(state.range(0)));
  const Buffer update(kUpdateBytes, 7);
  std::vector<AppendRequest> batch;
  for (const std::string& name : names) {
    const Claim claim = store->take(name).value();
    batch.push_back({name, claim.epoch, claim.stored.log.back().seq, update});
  }
  for (auto _ : state) {
    for (AppendRequest& request : batch) ++request.seq;
    for (const auto& result : store->append(batch)) {
      if (!result) std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void batches(benchmark::internal::Benchmark* bench) {
  bench->ArgName("rooms")->Arg(1)->Arg(16)->Arg(256)->Arg(1000)->UseRealTime()->Unit(benchmark::kMicrosecond);
}
BENCHMARK(plain_insert)->Apply(batches);
BENCHMARK(append)->Apply(batches);

// Taking a room with a log of 100 updates and a snapshot, in the database or in an object.
void take(benchmark::State& state) {
  TestDatabase database;
  const auto store = database.open({"bench", "", std::chrono::seconds(10)});
  const Buffer update(kUpdateBytes, 7), snapshot(static_cast<size_t>(state.range(0)), 3);
  Claim claim = store->take("room").value();
  for (uint64_t seq = 2; seq <= 101; ++seq) {
    const AppendRequest request{"room", claim.epoch, seq, update};
    if (!store->append({&request, 1})[0]) std::abort();
    if (seq == 2 && !put_one(*store, {"room", claim.epoch, 2, snapshot, {}})) std::abort();
  }
  for (auto _ : state) benchmark::DoNotOptimize(store->take("room").value());
}
BENCHMARK(take)
    ->ArgName("snapshot_bytes")
    ->Arg(10'000)
    ->Arg(10'000'000)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(200);  // each leaves a fence

}  // namespace
}  // namespace symphony
