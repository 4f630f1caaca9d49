#include "room/restore.h"

#include <utility>

namespace symphony {
namespace {

std::string cannot_load(const std::string& room) { return "room " + room + " cannot be loaded: "; }

std::string slot_name(uint64_t seq) { return "slot " + std::to_string(seq); }

}  // namespace

Result<Restored> restore_document(const std::string& room, StoredRoom stored, const DocOptions& options,
                                  uint64_t up_to) {
  Restored out{Doc(options), {}, {}};
  out.log.snapshot_seq = out.log.seq = stored.snapshot_seq;
  out.log.snapshot_bytes = stored.snapshot.size();
  if (!stored.snapshot.empty()) {
    if (const auto applied = out.doc.restore(stored.snapshot); !applied) {
      return fail(Code::kCorrupt, cannot_load(room) + "its snapshot at " + slot_name(stored.snapshot_seq) +
                                      " is refused: " + applied.error().message);
    }
    Buffer().swap(stored.snapshot);
  }
  for (LogEntry& entry : stored.log) {
    if (entry.seq > up_to) break;
    if (entry.seq != ++out.log.seq)
      return fail(Code::kCorrupt, cannot_load(room) + slot_name(out.log.seq) + " is missing");
    if (entry.update.empty()) continue;
    ++out.log.updates;
    out.log.bytes += entry.update.size();
    const auto applied = out.doc.restore(entry.update);
    Buffer().swap(entry.update);
    if (applied) continue;
    // A limit is the operator's, who may raise it: that is no reason to put an update aside.
    if (applied.error().code != Code::kInvalid) {
      return fail(applied.error().code,
                  cannot_load(room) + slot_name(entry.seq) + " is refused: " + applied.error().message);
    }
    out.poison.push_back({entry.seq, applied.error().message});
  }
  return out;
}

Loaded load_room(Store& store, const std::string& room, uint64_t epoch, bool cautious,
                 const DocOptions& options) {
  Result<Claim> claim;
  if (epoch != 0 || cautious)
    claim = store.load(room).map([&](StoredRoom&& stored) { return Claim{epoch, {}, std::move(stored)}; });
  if (epoch == 0 && claim) claim = store.take(room);
  Loaded loaded;
  loaded.epoch = claim ? claim->epoch : epoch;
  if (!claim) {
    loaded.room = tl::unexpected(claim.error());
  } else if (claim->epoch == 0) {
    loaded.holder = claim->holder;
  } else {
    loaded.room = restore_document(room, std::move(claim->stored), options);
  }
  return loaded;
}

}  // namespace symphony
