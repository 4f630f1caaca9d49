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
      compaction_retry_(options.store_retry_min, options.store_retry_max) {}

void UpdateLog::start(uint64_t epoch, const LogExtent& stored, bool poisoned) {
  epoch_ = epoch;
  poisoned_ = poisoned;
  snapshot_seq_ = stored.snapshot_seq;
  snapshot_bytes_ = stored.snapshot_bytes;
  durable_seq_ = stored.seq;
  durable_updates_ = stored.updates;
  durable_bytes_ = stored.bytes;
}

uint64_t UpdateLog::append(SharedBuffer update) {
  unstored_bytes_ += update->size();
  unstored_.emplace_back(Slot{.update = std::move(update)});
  if (!stalled_) send(unstored_.back(), appended_seq());
  return appended_seq();
}

void UpdateLog::send(Slot& slot, uint64_t seq) {
  slot.token = next_token_++;
  slot.state = SlotState::kSent;
  effects_.push(Append{slot.token, epoch_, seq, slot.update});
}

UpdateLog::Outcome UpdateLog::on_stored(StoreToken token, const Result<void>& outcome, Time now) {
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
    durable_updates_ += size == 0 ? 0 : 1;
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

UpdateLog::Outcome UpdateLog::on_compacted(StoreToken token, const Result<size_t>& state_bytes, Time now) {
  if (token != compaction_token_) return Outcome::kNothing;
  compaction_token_ = 0;
  if (!state_bytes) {
    note_failure(state_bytes.error());
    ++compaction_failures_;
    if (state_bytes.error().code == Code::kConflict) return Outcome::kLost;
    compaction_retry_at_ = now + compaction_retry_.next(prng_);
    return Outcome::kNothing;
  }
  snapshot_seq_ = covered_seq_;
  snapshot_bytes_ = *state_bytes;
  durable_updates_ -= covered_updates_;
  durable_bytes_ -= covered_bytes_;
  poisoned_ = false;
  compaction_failures_ = 0;
  compaction_retry_.reset();
  if (!stalled_) error_.clear();
  return Outcome::kCompacted;
}

void UpdateLog::note_failure(const Error& error) {
  ++failures_;
  error_ = error.message;
}

void UpdateLog::on_deadline(Time now) {
  if (now >= compaction_retry_at_) compaction_retry_at_ = kNever;
  if (now < retry_at_) return;
  retry_at_ = kNever;
  stalled_ = false;
  uint64_t seq = durable_seq_;
  for (Slot& slot : unstored_) {
    ++seq;
    if (slot.state != SlotState::kStored) send(slot, seq);
  }
}

Time UpdateLog::next_deadline() const { return std::min(retry_at_, compaction_retry_at_); }

bool UpdateLog::worth_compacting() const {
  return durable_updates_ > 0 || durable_seq_ - snapshot_seq_ >= options_.snapshot_log_entries;
}

bool UpdateLog::compaction_possible() const {
  return compaction_token_ == 0 && compaction_retry_at_ == kNever && durable_seq_ > snapshot_seq_;
}

bool UpdateLog::compaction_due() const {
  if (!compaction_possible()) return false;
  if (poisoned_) return true;
  const uint64_t slots = durable_seq_ - snapshot_seq_;
  if (slots < options_.snapshot_log_entries && durable_bytes_ < options_.snapshot_log_bytes) return false;
  return durable_bytes_ * kSnapshotShare >= snapshot_bytes_ ||
         slots >= options_.snapshot_log_entries * kEntriesFactor;
}

void UpdateLog::compact() {
  ASSERT(compaction_possible());
  compaction_token_ = next_token_++;
  covered_seq_ = durable_seq_;
  covered_updates_ = durable_updates_;
  covered_bytes_ = durable_bytes_;
  effects_.push(Compact{compaction_token_, epoch_, covered_seq_});
}

}  // namespace symphony
