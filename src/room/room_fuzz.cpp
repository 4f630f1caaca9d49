// A room under hostile messages and any order of events. Properties: its invariants hold after every event,
// nothing is sent before it has loaded but keep-alives, slots are asked for in order, nothing comes after
// Gone, and the same events give the same effects.
#include <deque>
#include <set>

#include "base/assert.h"
#include "base/prng.h"
#include "base/varint.h"
#include "protocol/sync.h"
#include "room/room.h"

namespace {

using namespace symphony;

constexpr PeerId kPeers = 4;

uint64_t run(Bytes script) {
  RoomOptions options;
  options.snapshot_log_entries = 4;
  options.loading_bytes_max = 2000;
  options.unstored_bytes_max = 2000;
  options.presence_clients_per_peer_max = 4;
  options.presence_state_bytes_max = 100;
  Room room("r", options, 1);
  Time now{std::chrono::hours(1)};
  Reader reader(script);
  std::set<PeerId> open;
  std::deque<Effect> store;
  uint64_t trace = 0;
  uint64_t slot_max = 0;
  bool gone = false;

  const auto note = [&](uint64_t value) { trace = Prng::mix(trace ^ value); };
  const auto drain = [&] {
    ASSERT(room.check_invariants().empty());
    const bool loading = room.stats().state == RoomState::kLoading;
    while (auto effect = room.poll()) {
      ASSERT(!gone || std::holds_alternative<Close>(*effect));
      note(effect->index());
      if (auto* send = std::get_if<Send>(&*effect)) {
        ASSERT(open.count(send->peer) > 0);
        ASSERT(!loading || send->frame == keep_alive_frame());
        for (const uint8_t byte : *send->frame) note(byte);
      } else if (auto* close = std::get_if<Close>(&*effect)) {
        open.erase(close->peer);
      } else if (std::holds_alternative<Gone>(*effect)) {
        gone = true;
      } else {
        if (auto* append = std::get_if<Append>(&*effect)) {
          ASSERT(append->seq <= slot_max + 1);
          slot_max = std::max(slot_max, append->seq);
        }
        store.push_back(std::move(*effect));
      }
    }
  };
  drain();

  PeerId next_peer = 1;
  while (!reader.at_end() && !gone) {
    const uint8_t op = reader.read_u8();
    const PeerId peer = next_peer > kPeers ? next_peer - 1 - op / 16 % kPeers : 1 + op / 16 % kPeers;
    switch (op % 8) {
      case 0:
        open.insert(next_peer);
        room.on_open(next_peer++, {.read_only = op > 240, .acks = op > 100, .echo = op % 32 == 0}, now);
        break;
      case 1:
        room.on_close(peer, now);
        open.erase(peer);
        break;
      case 2:
      case 3:
      case 4:
        if (const auto ok = room.on_message(
                peer, reader.read_bytes(std::min<uint64_t>(reader.read_u8(), reader.remaining())), now);
            !ok) {
          ASSERT(!ok.error().message.empty());
          drain();  // messages before the bad one in its frame were answered
          room.on_close(peer, now);
          open.erase(peer);
        }
        break;
      case 5:
        if (store.empty()) break;
        if (std::holds_alternative<Load>(store.front())) {
          Loaded loaded;
          loaded.epoch = op > 180 ? 0 : 1;
          if (op > 250) loaded.holder = "elsewhere";
          if (op < 200) loaded.room = Restored{Doc(), {}, {}};
          room.on_loaded(std::move(loaded), now);
        } else {
          const auto failure = fail(op > 250 ? Code::kConflict : Code::kUnavailable, "no");
          if (const auto* append = std::get_if<Append>(&store.front())) {
            room.on_stored(append->token, op < 200 ? Result<void>() : failure, now);
          } else {
            const StoreToken token = std::get<Compact>(store.front()).token;
            room.on_compacted(token, op < 200 ? Result<size_t>(op) : failure, now);
          }
        }
        store.pop_front();
        break;
      case 6:
        room.on_backlog(peer, op >= 128, now);
        break;
      case 7:
        if (op == 255) room.on_drain(now);
        if (op == 247) room.on_lease_lapsed(now);
        now = std::max(now, std::min(room.next_deadline(), now + std::chrono::milliseconds(op * op)));
        room.on_deadline(now);
        break;
    }
    drain();
  }
  return trace;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const uint64_t trace = run({data, size});
  ASSERT(trace == run({data, size}));
  return 0;
}
