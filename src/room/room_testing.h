// What the room's tests share: updates as a Yjs client would write them, and a room with its effects sorted
// out.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/varint.h"
#include "crdt/awareness/awareness_codec.h"
#include "protocol/sync.h"
#include "protocol/websocket.h"
#include "room/room.h"

namespace symphony::testing {

inline constexpr Time kStart{std::chrono::hours(1)};
inline constexpr uint64_t kEpoch = 7;  // that the stage's room gets

// Client `client` appends `text` to the root text "t", behind its own last character (clock: how many it
// has).
inline Buffer text_update(uint64_t client, uint64_t clock, std::string_view text) {
  Buffer out;
  Writer writer(out);
  writer.var_uint(1);  // clients
  writer.var_uint(1);  // structs
  writer.var_uint(client);
  writer.var_uint(clock);
  constexpr uint8_t kString = 4;
  if (clock == 0) {
    writer.u8(kString);
    writer.var_uint(1);  // the parent is a root
    writer.var_string("t");
  } else {
    writer.u8(kString | 0x80);  // has an origin
    writer.var_uint(client);
    writer.var_uint(clock - 1);
  }
  writer.var_string(text);
  writer.var_uint(0);  // no deletes
  return out;
}

inline Buffer message(MessageType type, Bytes payload) {
  Buffer out;
  write_message(out, type, payload);
  return out;
}

inline Buffer update_message(uint64_t client, uint64_t clock, std::string_view text) {
  return message(MessageType::kUpdate, text_update(client, clock, text));
}

inline Buffer awareness_message(const std::vector<AwarenessEntry>& entries) {
  Buffer payload;
  encode_awareness(payload, entries);
  return message(MessageType::kAwareness, payload);
}

inline Buffer awareness_message(uint64_t client, uint64_t clock, std::string_view state) {
  return awareness_message({{client, clock, as_bytes(state)}});
}

// The payload of the one binary WebSocket message that a frame must be.
inline Buffer unframed(Bytes frame) {
  ws::FrameParser parser({.from_client = false, .message_bytes_max = 1u << 30});
  parser.feed(frame);
  const auto read = parser.next();
  EXPECT_TRUE(read && *read && (*read)->opcode == ws::Opcode::kBinary);
  Buffer payload((*read)->payload.begin(), (*read)->payload.end());
  EXPECT_EQ(parser.buffered_bytes(), 0u);
  return payload;
}

// One received message in short: "step1", "step2", "update", "awareness 1@2=state ...", "keep-alive",
// "durable 3", "denied"; and that it is alone in its frame.
inline std::string describe(Bytes frame) {
  const Buffer payload = unframed(frame);
  MessageReader reader(payload);
  const auto read = reader.next();
  EXPECT_TRUE(read && *read && reader.at_end());
  switch ((*read)->type) {
    case MessageType::kSyncStep1:
      return "step1";
    case MessageType::kSyncStep2:
      return "step2";
    case MessageType::kUpdate:
      return "update";
    case MessageType::kPermissionDenied:
      return "denied";
    case MessageType::kDurable:
      return "durable " + std::to_string((*read)->count);
    case MessageType::kAwareness: {
      std::vector<AwarenessEntry> entries;
      EXPECT_TRUE(decode_awareness((*read)->payload, entries));
      if (entries.empty()) return "keep-alive";
      std::string text = "awareness";
      for (const AwarenessEntry& entry : entries) {
        text += " " + std::to_string(entry.client) + "@" + std::to_string(entry.clock) + "=" +
                std::string(entry.state.begin(), entry.state.end());
      }
      return text;
    }
    default:
      return "?";
  }
}

// A room, its effects sorted by kind, and a clock.
class Stage {
 public:
  explicit Stage(const RoomOptions& with = {}, uint64_t seed = 1)
      : room_options(with), room("r", room_options, seed) {
    drain();
  }

  void drain() {
    while (auto effect = room.poll()) {
      EXPECT_TRUE(!gone || std::holds_alternative<Close>(*effect)) << "an effect after Gone";
      if (auto* send = std::get_if<Send>(&*effect)) {
        sent[send->peer].push_back(send->frame);
      } else if (auto* close = std::get_if<Close>(&*effect)) {
        EXPECT_FALSE(close->reason.empty());
        closed[close->peer] = close->code;
      } else if (auto* load = std::get_if<Load>(&*effect)) {
        loaded_epoch = load->epoch;
        ++loads;
      } else if (auto* append = std::get_if<Append>(&*effect)) {
        EXPECT_EQ(append->epoch, kEpoch);
        appends.push_back(*append);
      } else if (auto* compact = std::get_if<Compact>(&*effect)) {
        EXPECT_EQ(compact->epoch, kEpoch);
        compactions.push_back(*compact);
      } else {
        gone = true;
      }
    }
    EXPECT_EQ(room.check_invariants(), "");
  }

  void open(PeerId peer, const PeerOptions& options = {}) {
    room.on_open(peer, options, now);
    drain();
  }
  void close(PeerId peer) {
    room.on_close(peer, now);
    drain();
  }
  Result<void> say(PeerId peer, Bytes frame) {
    auto ok = room.on_message(peer, frame, now);
    drain();
    return ok;
  }
  void load(const StoredRoom& stored = {}) {
    answer_load({.epoch = kEpoch, .room = restore_document("r", stored, {})});
  }
  void answer_load(Loaded loaded) {
    room.on_loaded(std::move(loaded), now);
    drain();
  }
  void answer_append(Result<void> outcome = {}) {
    ASSERT_FALSE(appends.empty());
    const Append append = appends.front();
    appends.pop_front();
    if (outcome) durable.push_back(append);
    room.on_stored(append.token, outcome, now);
    drain();
  }
  void answer_appends(const Result<void>& outcome = {}) {
    for (size_t n = appends.size(); n > 0; --n) answer_append(outcome);
  }
  void answer_compaction(Result<size_t> state_bytes = 100) {
    ASSERT_FALSE(compactions.empty());
    const Compact compact = compactions.front();
    compactions.pop_front();
    room.on_compacted(compact.token, std::move(state_bytes), now);
    drain();
  }
  // Moves the clock through every deadline on the way.
  void pass(Duration time) {
    const Time until = now + time;
    while (room.next_deadline() <= until) {
      now = std::max(now, room.next_deadline());
      room.on_deadline(now);
      drain();
      ASSERT_GT(room.next_deadline(), now) << "a deadline that stays due would spin";
    }
    now = until;
  }

  // What `peer` was sent since the last call, in short.
  std::vector<std::string> heard(PeerId peer) {
    std::vector<std::string> texts;
    for (const SharedBuffer& frame : sent[peer]) texts.push_back(describe(*frame));
    sent[peer].clear();
    return texts;
  }

  const RoomOptions room_options;
  Room room;
  Time now = kStart;
  std::map<PeerId, std::vector<SharedBuffer>> sent;
  std::map<PeerId, uint16_t> closed;
  std::deque<Append> appends;
  std::deque<Compact> compactions;
  std::vector<Append> durable;  // answered well, in order
  int loads = 0;
  uint64_t loaded_epoch = 0;  // which the newest Load named
  bool gone = false;
};

using Heard = std::vector<std::string>;

inline const Buffer kStep1 = {0, 0, 1, 0};  // of an empty document
inline const Buffer kEmptyStep2 = {0, 1, 2, 0, 0};

// A room that has loaded nothing and is live.
class RoomTest : public ::testing::Test {
 protected:
  RoomTest() { stage.load(); }

  // A peer that has been greeted and has synced.
  void join(PeerId peer, const PeerOptions& options = {}) {
    stage.open(peer, options);
    ASSERT_TRUE(stage.say(peer, kStep1));
    ASSERT_TRUE(stage.say(peer, kEmptyStep2));
    stage.heard(peer);
  }

  std::string text_of(const SharedBuffer& frame) {
    const Buffer payload = unframed(*frame);
    MessageReader reader(payload);
    Doc doc;
    EXPECT_TRUE(doc.apply_update((*reader.next())->payload));
    return doc.to_text("t");
  }

  Stage stage;
};

}  // namespace symphony::testing
