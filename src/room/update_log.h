// A room's side of its stored log: which slots are taken, which are durable, and when a snapshot is due.
//
//      1 ............ snapshot ............ durable ............ appended
//      '-- replaced --'  '-- log, stored --'  '-- unstored: sent, failed or waiting --'
//
// Slots become durable strictly in order: what is acknowledged never stands behind a gap. All unstored slots
// are on their way at once (the store commits them together); when one fails, those after it wait, and all
// are sent again in order after a backoff. A refusal because another epoch has begun means that the room is
// lost: nothing more is written.
//
// Slots hold updates or fences (store.h). Only updates make a snapshot worth its cost, but fences add up as
// well: one for each time that the room is taken.
#pragma once

#include <string>

#include "base/prng.h"
#include "base/shared_buffer.h"
#include "base/time.h"
#include "base/vector_queue.h"
#include "room/backoff.h"
#include "room/effects.h"
#include "room/restore.h"
#include "room/room.h"

namespace symphony {

class UpdateLog {
 public:
  // The references outlive the log.
  UpdateLog(const RoomOptions& options, EffectQueue& effects, Prng& prng);

  // What was loaded by the owner of `epoch`: all of it is durable. `poisoned`: a compaction is due at once.
  void start(uint64_t epoch, const LogExtent& stored, bool poisoned);

  // Takes the next slot for `update`, or for a fence if it is empty, and sends it to the store. The slot's
  // number.
  uint64_t append(SharedBuffer update);

  enum class Outcome { kNothing, kDurable, kCompacted, kLost };

  // kDurable: durable_seq() has advanced. kLost: somebody else owns the room.
  Outcome on_stored(StoreToken token, const Result<void>& outcome, Time now);

  // kCompacted: a snapshot of so many bytes replaces what compact() asked for.
  Outcome on_compacted(StoreToken token, const Result<size_t>& state_bytes, Time now);

  void on_deadline(Time now);
  Time next_deadline() const;

  // Whether a snapshot would spare the next load anything.
  bool worth_compacting() const;

  // Whether a snapshot may be asked for now: something is durable, none is on its way, and none failed a
  // moment ago.
  bool compaction_possible() const;

  // Possible, and the log is long enough to be worth it while the room is in use.
  bool compaction_due() const;

  // Asks for a snapshot of everything durable.
  void compact();

  // Gives back memory that nothing needs now.
  void trim() { unstored_.trim(); }

  uint64_t durable_seq() const { return durable_seq_; }
  uint64_t appended_seq() const { return durable_seq_ + unstored_.size(); }
  bool all_durable() const { return unstored_.empty(); }
  size_t unstored_updates() const { return unstored_.size(); }
  size_t unstored_bytes() const { return unstored_bytes_; }
  uint64_t updates() const { return durable_updates_ + unstored_.size(); }  // since the last snapshot
  uint64_t bytes() const { return durable_bytes_ + unstored_bytes_; }
  bool compaction_in_flight() const { return compaction_token_ != 0; }
  uint64_t compaction_failures() const { return compaction_failures_; }  // since the last success
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
  void note_failure(const Error& error);

  const RoomOptions& options_;
  EffectQueue& effects_;
  Prng& prng_;

  VectorQueue<Slot> unstored_;  // slots durable_seq_ + 1, + 2, ...
  size_t unstored_bytes_ = 0;
  uint64_t epoch_ = 0;
  uint64_t durable_seq_ = 0;
  // Of the slots that a snapshot would replace.
  uint64_t durable_updates_ = 0;
  uint64_t durable_bytes_ = 0;
  bool stalled_ = false;  // a slot failed: new ones wait for the retry
  Time retry_at_ = kNever;
  Backoff retry_;

  uint64_t snapshot_seq_ = 0;
  size_t snapshot_bytes_ = 0;
  bool poisoned_ = false;            // what was left out while loading waits for its quarantine
  StoreToken compaction_token_ = 0;  // 0: none in flight
  // What the compaction in flight covers.
  uint64_t covered_seq_ = 0;
  uint64_t covered_updates_ = 0;
  uint64_t covered_bytes_ = 0;
  Time compaction_retry_at_ = kNever;  // kNever: none has to wait
  Backoff compaction_retry_;
  uint64_t compaction_failures_ = 0;

  StoreToken next_token_ = 1;
  uint64_t failures_ = 0;
  std::string error_;
};

}  // namespace symphony
