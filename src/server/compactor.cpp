#include "server/compactor.h"

#include "base/assert.h"
#include "room/restore.h"
#include "server/log.h"

namespace symphony {
namespace {

// Compactions between two looks for garbage, and places that one looks at.
constexpr uint64_t kSweepEvery = 64;

Duration since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
}

}  // namespace

bool Compactor::add(Compaction compaction) {
  if (batch_.empty()) pause();
  const Clock::time_point begun = Clock::now();
  auto rebuilt = rebuild(compaction);
  if (!rebuilt) {
    compaction.done(tl::unexpected(rebuilt.error()), since(begun));
    return true;
  }
  rebuilt->begun = begun;
  rebuilt->compaction = std::move(compaction);
  batch_state_bytes_ += rebuilt->state.size();
  batch_.push_back(std::move(*rebuilt));
  return batch_.size() < options_.batch_rooms && batch_state_bytes_ < options_.batch_bytes;
}

Result<Compactor::Rebuilt> Compactor::rebuild(const Compaction& compaction) {
  auto stored = store_.load(*compaction.room);
  if (!stored) return tl::unexpected(stored.error());
  auto restored = restore_document(*compaction.room, std::move(*stored), options_.doc, compaction.seq);
  if (!restored) return tl::unexpected(restored.error());
  auto state = restored->doc.encode_state_as_update();
  ASSERT(state);  // only a state vector could be refused
  return Rebuilt{{}, {}, std::move(*state), std::move(restored->poison)};
}

void Compactor::flush() {
  if (batch_.empty()) return;
  std::vector<SnapshotRequest> requests;
  requests.reserve(batch_.size());
  for (const Rebuilt& each : batch_) {
    const Compaction& asked = each.compaction;
    requests.push_back({*asked.room, asked.epoch, asked.seq, each.state, each.poison});
  }
  const std::vector<Result<void>> results = store_.put_snapshots(requests);
  if (options_.bytes_per_second != 0) {
    const double seconds =
        static_cast<double>(batch_state_bytes_) / static_cast<double>(options_.bytes_per_second);
    next_ =
        batch_.front().begun + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }
  const uint64_t sweeps = compacted_ / kSweepEvery;
  compacted_ += batch_.size();
  batch_state_bytes_ = 0;
  for (size_t i = 0; Rebuilt & each : std::exchange(batch_, {})) {
    const Result<void>& put = results[i++];
    for (const Poison& poison : each.poison) {
      if (!put) break;
      log_line(LogLevel::kError,
               "an update that the engine refuses was put into quarantine: " + poison.reason +
                   " room=" + in_quotes(*each.compaction.room) + " seq=" + std::to_string(poison.seq));
    }
    each.compaction.done(put.map([&] {
      return Compacted{each.state.size(), each.poison.size()};
    }),
                         since(each.begun));
  }
  if (compacted_ / kSweepEvery != sweeps) sweep();
}

// What crashes left is little and hurts nobody: a glance now and then finds it in the end.
void Compactor::sweep() {
  const auto removed = store_.sweep(kSweepEvery);
  if (!removed) log_line(LogLevel::kWarning, "looking for garbage failed: " + removed.error().message);
}

void Compactor::hurry() {
  const std::lock_guard lock(mutex_);
  hurry_ = true;
  hurried_.notify_all();
}

void Compactor::pause() {
  std::unique_lock lock(mutex_);
  hurried_.wait_until(lock, next_, [this] { return hurry_; });
}

}  // namespace symphony
