#include "server/compactor.h"

#include "base/assert.h"
#include "room/restore.h"
#include "server/log.h"

namespace symphony {
namespace {

// Compactions between two looks for garbage, and places that one looks at.
constexpr uint64_t kSweepEvery = 64;

}  // namespace

Result<Compacted> Compactor::compact(const std::string& room, uint64_t epoch, uint64_t seq) {
  pause();
  const auto stored = store_.load(room);
  if (!stored) return tl::unexpected(stored.error());
  const auto restored = restore_document(room, *stored, options_.doc, seq);
  if (!restored) return tl::unexpected(restored.error());
  const auto state = restored->doc.encode_state_as_update();
  ASSERT(state);  // only a state vector could be refused
  auto put = store_.put_snapshot({room, epoch, seq, *state, restored->poison});
  if (!put) return tl::unexpected(put.error());
  for (const Poison& poison : restored->poison) {
    log_line(LogLevel::kError, "an update that the engine refuses was put into quarantine: " + poison.reason +
                                   " room=" + in_quotes(room) + " seq=" + std::to_string(poison.seq));
  }
  if (++compacted_ % kSweepEvery == 0) sweep();
  if (options_.bytes_per_second != 0) {
    const double seconds =
        static_cast<double>(state->size()) / static_cast<double>(options_.bytes_per_second);
    next_ = std::chrono::steady_clock::now() +
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }
  return Compacted{state->size(), restored->poison.size()};
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
