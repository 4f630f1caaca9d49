// The case study's load on rooms alone: rooms of four, each user one update and five presence states a
// second, and, as y-websocket providers do, every state that arrives repeated to the server. Without sockets
// and storage: what is left of a core's second is what the server has for them.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "base/varint.h"
#include "crdt/awareness/awareness_codec.h"
#include "protocol/sync.h"
#include "room/room.h"

namespace symphony {
namespace {

constexpr size_t kUsers = 4;
constexpr int kPresenceRate = 5;
constexpr Duration kFrame = std::chrono::milliseconds(25);
constexpr int kFrames = 40;  // in a second

Buffer update_message(uint64_t client, uint64_t clock, std::string_view text) {
  Buffer update;
  Writer writer(update);
  for (const uint64_t field : {uint64_t{1}, uint64_t{1}, client, clock}) writer.var_uint(field);
  if (clock == 0) {
    writer.u8(4);
    writer.var_uint(1);
    writer.var_string("text");
  } else {
    writer.u8(0x84);
    writer.var_uint(client);
    writer.var_uint(clock - 1);
  }
  writer.var_string(text);
  writer.var_uint(0);
  Buffer out;
  write_message(out, MessageType::kUpdate, update);
  return out;
}

Buffer presence_message(uint64_t client, uint64_t clock) {
  std::string state = R"({"user":{"name":"Ada Lovelace","color":"#30bced"},"cursor":{"x":0.52,"y":0.)" +
                      std::to_string(clock) + "}}";
  Buffer payload;
  encode_awareness(payload, {{client, clock, as_bytes(state)}});
  Buffer out;
  write_message(out, MessageType::kAwareness, payload);
  return out;
}

const RoomOptions kOptions;

struct Session {
  Session(uint64_t seed, Time now) : room("r" + std::to_string(seed), kOptions, seed) {
    room.on_loaded({.epoch = 1, .room = Restored{Doc(), {}, {}}}, now);
    for (uint64_t user = 0; user < kUsers; ++user) {
      const PeerId peer = user + 1;
      room.on_open(peer, {}, now);
      const Buffer step1 = {0, 0, 1, 0};
      const Buffer step2 = {0, 1, 2, 0, 0};
      (void)room.on_message(peer, step1, now);
      (void)room.on_message(peer, presence_message(100 + user, 1), now);
      (void)room.on_message(peer, step2, now);
      awareness_clock[user] = 2;
    }
    drain(now, nullptr);
  }

  // Carries out the effects; what peers would repeat goes to `repeated`.
  void drain(Time now, std::vector<std::pair<PeerId, SharedBuffer>>* repeated) {
    while (auto effect = room.poll()) {
      if (auto* send = std::get_if<Send>(&*effect)) {
        ++frames;
        bytes += send->frame->size();
        if (repeated != nullptr && (*send->frame)[(*send->frame)[1] < 126 ? 2 : 4] == 1) {
          repeated->emplace_back(send->peer, std::move(send->frame));
        }
      } else if (auto* append = std::get_if<Append>(&*effect)) {
        tokens.push_back(append->token);
      } else if (auto* compact = std::get_if<Compact>(&*effect)) {
        compactions.push_back(compact->token);
      }
    }
    (void)now;
  }

  void answer_store(Time now) {
    for (const StoreToken token : tokens) room.on_stored(token, {}, now);
    tokens.clear();
    for (const StoreToken token : compactions) room.on_compacted(token, 10'000, now);
    compactions.clear();
  }

  Room room;
  uint64_t clock[kUsers] = {};
  uint64_t awareness_clock[kUsers] = {};
  std::vector<StoreToken> tokens;
  std::vector<StoreToken> compactions;
  size_t frames = 0;
  size_t bytes = 0;
};

void BM_CaseStudySecond(benchmark::State& state) {
  const auto rooms = static_cast<size_t>(state.range(0));
  const bool repeat = state.range(1) != 0;
  Time now{std::chrono::hours(1)};
  std::vector<std::unique_ptr<Session>> sessions;
  for (size_t i = 0; i < rooms; ++i) sessions.push_back(std::make_unique<Session>(i, now));
  std::vector<std::pair<PeerId, SharedBuffer>> repeated;

  for (auto _ : state) {
    for (int frame = 0; frame < kFrames; ++frame) {
      now += kFrame;
      for (size_t i = 0; i < rooms; ++i) {
        Session& session = *sessions[i];
        for (size_t user = 0; user < kUsers; ++user) {
          const uint64_t client = 100 + user;
          const size_t phase = (static_cast<size_t>(frame) + i * 7 + user * 11) % kFrames;
          if (phase == 0) {
            const std::string text = "a dozen char";
            (void)session.room.on_message(user + 1, update_message(client, session.clock[user], text), now);
            session.clock[user] += text.size();
          }
          if (phase % (kFrames / kPresenceRate) == 3) {
            const uint64_t clock = ++session.awareness_clock[user];
            (void)session.room.on_message(user + 1, presence_message(client, clock), now);
          }
        }
        if (session.room.next_deadline() <= now) session.room.on_deadline(now);
        session.drain(now, repeat ? &repeated : nullptr);
        for (const auto& [peer, sent] : repeated) {
          const size_t header = (*sent)[1] < 126 ? 2 : 4;
          (void)session.room.on_message(peer, Bytes(*sent).subspan(header), now);
        }
        repeated.clear();
        session.answer_store(now);
        session.drain(now, nullptr);
      }
    }
  }

  size_t frames = 0;
  for (const auto& session : sessions) frames += session->frames;
  const double seconds = static_cast<double>(state.iterations());
  const auto users = static_cast<double>(rooms * kUsers);
  state.counters["users"] = users;
  state.counters["frames_per_user_s"] = static_cast<double>(frames) / seconds / users;
  state.counters["core_share"] =
      benchmark::Counter(seconds, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_CaseStudySecond)
    ->ArgNames({"rooms", "repeat"})
    ->Args({10, 1})
    ->Args({500, 0})
    ->Args({500, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace symphony
