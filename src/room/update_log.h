// A room's side of its stored log: which slots are taken, which are durable, and when a snapshot is due.
//
//      1 ............ snapshot ............ durable ............ appended
//      '-- replaced --'  '-- log, stored --'  '-- unstored: sent, failed or waiting --'
//
// Slots become durable strictly in order: what is acknowledged never stands behind a gap. All unstored slots
// are on their way at once (the store commits them together); when one fails, those after it wait, and all
// are sent again in order after a backoff. A slot that somebody else took means that the room is lost:
// nothing more is written.
#pragma once

#include <deque>
#include <string>

#include "base/prng.h"
#include "base/shared_buffer.h"
#include "base/time.h"
#include "room/backoff.h"
#include "room/effects.h"
#include "room/room.h"

namespace symphony {

class UpdateLog {
 public:
  // The references outlive the log.
  UpdateLog(const RoomOptions& options, EffectQueue& effects, Prng& prng);

  // What was loaded: all of it is durable.
  void start(const StoredRoom& stored);

  // Takes the next slot for `update` and sends it to the store. The slot's number.
  uint64_t append(SharedBuffer update);

  enum class Outcome { kNothing, kDurable, kSnapshot, kLost };

  // kDurable: durable_seq() has advanced. kSnapshot: a snapshot was stored. kLost: somebody else owns the
  // room.
  Outcome on_stored(StoreToken token, const Result<void>& outcome, Time now);

  void on_deadline(Time now);
  Time next_deadline() const;

  // Whether the log is long enough to be worth a snapshot, none is on its way, and none failed a moment ago.
  bool snapshot_due() const;

  // Whether a snapshot may be sent now, however short the log.
  bool snapshot_possible() const;

  // Sends `state` as the snapshot of everything durable. It may hold more than that; never less.
  void snapshot(SharedBuffer state);

  uint64_t durable_seq() const { return durable_seq_; }
  uint64_t appended_seq() const { return durable_seq_ + unstored_.size(); }
  bool all_durable() const { return unstored_.empty(); }
  size_t unstored_updates() const { return unstored_.size(); }
  size_t unstored_bytes() const { return unstored_bytes_; }
  uint64_t entries() const { return appended_seq() - snapshot_seq_; }
  uint64_t bytes() const { return durable_bytes_ + unstored_bytes_; }
  bool snapshot_in_flight() const { return snapshot_token_ != 0; }
  uint64_t snapshot_failures() const { return snapshot_failures_; }  // since the last success
  uint64_t failures() const { return failures_; }
  const std::string& error() const { return error_; }  // of the newest failure; empty after a success

 private:
  enum class SlotState : uint8_t { kWaiting, kSent, kStored, kFailed };
  struct Slot {
    StoreToken token = 0;
    SlotState state = SlotState::kWaiting;
    Code failure = Code::kInternal;
    SharedBuffer update;
  };

  void send(Slot& slot, uint64_t seq);
  Outcome on_snapshot_stored(const Result<void>& outcome, Time now);
  void note_failure(const Error& error);

  const RoomOptions& options_;
  EffectQueue& effects_;
  Prng& prng_;

  std::deque<Slot> unstored_;  // slots durable_seq_ + 1, + 2, ...
  size_t unstored_bytes_ = 0;
  uint64_t durable_seq_ = 0;
  uint64_t durable_bytes_ = 0;  // of the slots that a snapshot would replace
  bool stalled_ = false;        // a slot failed: new ones wait for the retry
  Time retry_at_ = kNever;
  Backoff retry_;

  uint64_t snapshot_seq_ = 0;
  size_t snapshot_bytes_ = 0;
  StoreToken snapshot_token_ = 0;  // 0: none in flight
  uint64_t sent_snapshot_seq_ = 0;
  size_t sent_snapshot_bytes_ = 0;
  uint64_t covered_bytes_ = 0;       // log bytes that the snapshot in flight replaces
  Time snapshot_retry_at_ = kNever;  // kNever: no snapshot has to wait
  Backoff snapshot_retry_;
  uint64_t snapshot_failures_ = 0;

  StoreToken next_token_ = 1;
  uint64_t failures_ = 0;
  std::string error_;
};

}  // namespace symphony
