#include "room/update_log.h"

#include <algorithm>

#include "base/assert.h"

namespace symphony {
namespace {

// A snapshot costs as much as the document is large. It waits until the log is worth that: an eighth of the
// last snapshot in bytes, or this many times the usual number of entries.
constexpr uint64_t kSnapshotShare = 8;
constexpr uint64_t kEntriesFactor = 16;

}  // namespace

UpdateLog::UpdateLog(const RoomOptions& options, EffectQueue& effects, Prng& prng)
    : options_(options),
      effects_(effects),
      prng_(prng),
      retry_(options.store_retry_min, options.store_retry_max),
      snapshot_retry_(options.store_retry_min, options.store_retry_max) {}

void UpdateLog::start(const StoredRoom& stored) {
  snapshot_seq_ = stored.snapshot_seq;
  snapshot_bytes_ = stored.snapshot.size();
  durable_seq_ = stored.log.empty() ? stored.snapshot_seq : stored.log.back().seq;
  durable_bytes_ = 0;
  for (const LogEntry& entry : stored.log) durable_bytes_ += entry.update.size();
}

uint64_t UpdateLog::append(SharedBuffer update) {
  unstored_bytes_ += update->size();
  unstored_.push_back({.update = std::move(update)});
  if (!stalled_) send(unstored_.back(), appended_seq());
  return appended_seq();
}

void UpdateLog::send(Slot& slot, uint64_t seq) {
  slot.token = next_token_++;
  slot.state = SlotState::kSent;
  effects_.push(Append{slot.token, seq, slot.update});
}

UpdateLog::Outcome UpdateLog::on_stored(StoreToken token, const Result<void>& outcome, Time now) {
  if (token == snapshot_token_) return on_snapshot_stored(outcome, now);
  const auto slot = std::ranges::find(unstored_, token, &Slot::token);
  if (slot == unstored_.end() || slot->state != SlotState::kSent) return Outcome::kNothing;
  if (outcome) {
    slot->state = SlotState::kStored;
  } else {
    slot->state = SlotState::kFailed;
    slot->failure = outcome.error().code;
    stalled_ = true;
    note_failure(outcome.error());
  }

  const uint64_t durable_before = durable_seq_;
  while (!unstored_.empty() && unstored_.front().state == SlotState::kStored) {
    const size_t size = unstored_.front().update->size();
    unstored_bytes_ -= size;
    durable_bytes_ += size;
    ++durable_seq_;
    unstored_.pop_front();
  }
  const bool advanced = durable_seq_ != durable_before;
  if (advanced && !stalled_) {
    retry_.reset();
    error_.clear();
  }

  // Only the first slot's conflict tells the truth: a later one also conflicts because the first left a gap.
  if (!unstored_.empty() && unstored_.front().state == SlotState::kFailed &&
      unstored_.front().failure == Code::kConflict) {
    return Outcome::kLost;
  }
  if (stalled_ && std::ranges::find(unstored_, SlotState::kSent, &Slot::state) == unstored_.end()) {
    retry_at_ = now + retry_.next(prng_);
  }
  return advanced ? Outcome::kDurable : Outcome::kNothing;
}

UpdateLog::Outcome UpdateLog::on_snapshot_stored(const Result<void>& outcome, Time now) {
  snapshot_token_ = 0;
  if (!outcome) {
    note_failure(outcome.error());
    ++snapshot_failures_;
    if (outcome.error().code == Code::kConflict) return Outcome::kLost;
    snapshot_retry_at_ = now + snapshot_retry_.next(prng_);
    return Outcome::kNothing;
  }
  snapshot_seq_ = sent_snapshot_seq_;
  snapshot_bytes_ = sent_snapshot_bytes_;
  durable_bytes_ -= covered_bytes_;
  snapshot_failures_ = 0;
  snapshot_retry_.reset();
  if (!stalled_) error_.clear();
  return Outcome::kSnapshot;
}

void UpdateLog::note_failure(const Error& error) {
  ++failures_;
  error_ = error.message;
}

void UpdateLog::on_deadline(Time now) {
  if (now >= snapshot_retry_at_) snapshot_retry_at_ = kNever;
  if (now < retry_at_) return;
  retry_at_ = kNever;
  stalled_ = false;
  uint64_t seq = durable_seq_;
  for (Slot& slot : unstored_) {
    ++seq;
    if (slot.state != SlotState::kStored) send(slot, seq);
  }
}

Time UpdateLog::next_deadline() const { return std::min(retry_at_, snapshot_retry_at_); }

bool UpdateLog::snapshot_possible() const {
  return snapshot_token_ == 0 && snapshot_retry_at_ == kNever && durable_seq_ > snapshot_seq_;
}

bool UpdateLog::snapshot_due() const {
  if (!snapshot_possible()) return false;
  const uint64_t entries = durable_seq_ - snapshot_seq_;
  if (entries < options_.snapshot_log_entries && durable_bytes_ < options_.snapshot_log_bytes) return false;
  return durable_bytes_ * kSnapshotShare >= snapshot_bytes_ ||
         entries >= options_.snapshot_log_entries * kEntriesFactor;
}

void UpdateLog::snapshot(SharedBuffer state) {
  ASSERT(snapshot_token_ == 0 && durable_seq_ > snapshot_seq_);
  snapshot_token_ = next_token_++;
  sent_snapshot_seq_ = durable_seq_;
  sent_snapshot_bytes_ = state->size();
  covered_bytes_ = durable_bytes_;
  effects_.push(Snapshot{snapshot_token_, sent_snapshot_seq_, std::move(state)});
}

}  // namespace symphony
