// A room, five clients, and a store that fails, forgets to answer and answers wrongly: one seed drives all.
#pragma once

#include <array>
#include <deque>
#include <set>

#include "base/prng.h"
#include "room/restore.h"
#include "room/room_testing.h"

namespace symphony::testing {

inline constexpr size_t kClients = 5;

// One room's storage as the Store contract has it.
struct FakeStore {
  uint64_t epoch = 0;
  uint64_t snapshot_seq = 0;
  Buffer snapshot;
  std::map<uint64_t, LogEntry> log;

  uint64_t newest() const { return log.empty() ? snapshot_seq : log.rbegin()->first; }

  Claim take() {
    ++epoch;
    log[newest() + 1] = {newest() + 1, epoch, {}};
    return {epoch, {}, load()};
  }
  Result<void> append(const Append& append) {
    if (append.epoch != epoch) return fail(Code::kConflict, "another epoch has begun");
    const auto there = log.find(append.seq);
    if (there != log.end() && there->second.epoch == epoch && there->second.update == *append.update)
      return {};
    if (append.seq != newest() + 1) return fail(Code::kConflict, "taken, or a gap");
    log[append.seq] = {append.seq, append.epoch, *append.update};
    return {};
  }
  Result<size_t> compact(const Compact& compact) {
    if (compact.epoch != epoch) return fail(Code::kConflict, "another epoch has begun");
    if (compact.seq > newest() || compact.seq < snapshot_seq) return fail(Code::kConflict, "never stored");
    const auto restored = restore_document("r", load(), {}, compact.seq);
    EXPECT_TRUE(restored && restored->poison.empty());
    snapshot = *restored->doc.encode_state_as_update();
    snapshot_seq = compact.seq;
    log.erase(log.begin(), log.upper_bound(compact.seq));
    return snapshot.size();
  }
  StoredRoom load() const {
    StoredRoom stored{snapshot_seq, snapshot, {}};
    for (const auto& [seq, entry] : log) stored.log.push_back(entry);
    return stored;
  }
  Doc document() const { return std::move(restore_document("r", load(), {})->doc); }
};

// How many characters of `client` a document has.
inline uint64_t clock_of(const Doc& doc, uint64_t client) {
  const Buffer vector = doc.encode_state_vector();
  Reader reader(vector);
  for (uint64_t n = reader.read_var_uint(); n > 0; --n) {
    const uint64_t id = reader.read_var_uint();
    const uint64_t clock = reader.read_var_uint();
    if (id == client) return clock;
  }
  return 0;
}

struct Sent {
  Buffer update;
  uint64_t clock;  // the sender's, with this update
};

// A provider with its document, as y-websocket behaves.
struct Client {
  uint64_t id = 0;
  Doc doc;
  uint64_t clock = 0;  // characters written
  uint64_t awareness_clock = 0;
  std::map<uint64_t, std::string> others;  // who it sees
  PeerId peer = 0;                         // 0: not connected
  std::deque<Buffer> outbox;               // on the way to the room
  std::deque<SharedBuffer> inbox;          // on the way from it
  std::vector<Sent> sent;                  // the document messages of this connection
  uint64_t promised = 0;                   // of them, how many the room called durable
  uint64_t acknowledged = 0;               // characters
  bool lags = false;
};

class World {
 public:
  explicit World(uint64_t seed) : prng_(seed) {
    for (size_t i = 0; i < kClients; ++i) clients_[i].id = 1000 + i;
    start_room();
  }

  void step() {
    Client& client = clients_[prng_.below(kClients)];
    switch (prng_.below(24)) {
      case 0:
        if (client.peer == 0) connect(client);
        break;
      case 1:
        if (prng_.below(4) == 0) disconnect(client);
        break;
      case 2:
      case 3:
      case 4:
        edit(client);
        break;
      case 5:
        say_presence(client);
        break;
      case 6:
      case 7:
      case 8:
        deliver_to_room(client, 3);
        break;
      case 9:
      case 10:
      case 11:
        deliver_to_client(client, 1 + prng_.below(4));
        break;
      case 12:
      case 13:
      case 14:
      case 15:
        answer_store(false);
        break;
      case 16:
        answer_store(true);
        break;
      case 17:
        lag(client, !client.lags);
        break;
      case 18:
        if (prng_.below(200) == 0) kill();
        break;
      case 19:
        if (prng_.below(200) == 0) room_->on_drain(now_);
        break;
      case 21:
        if (prng_.below(100) == 0) store_.take();  // somebody else does
        break;
      case 22:
        if (prng_.below(20) == 0) room_->on_lease_lapsed(now_);
        break;
      case 20:
        if (prng_.below(60) == 0) pass(std::chrono::seconds(40));
        break;
      default:
        pass(Duration(static_cast<int64_t>(prng_.below(60'000))));
    }
    collect();
  }

  // Everything works from here on, and everybody comes.
  void heal() {
    for (int round = 0; round < 200; ++round) {
      for (Client& client : clients_) {
        if (client.peer == 0) connect(client);
        if (client.lags) lag(client, false);
        if (round % 50 == 49) say_presence(client);  // as clients renew it
        deliver_to_room(client, 100);
        deliver_to_client(client, 100);
      }
      collect();
      while (!store_queue_.empty()) {
        answer_store(false);
        collect();
      }
      pass(std::chrono::milliseconds(200));
    }
  }

  void check_end() {
    const Doc stored = store_.document();
    const Buffer state = *stored.encode_state_as_update();
    for (const Client& client : clients_) {
      EXPECT_EQ(*client.doc.encode_state_as_update(), state) << client.id;
      EXPECT_EQ(clock_of(stored, client.id), client.clock) << "an edit is missing";
      EXPECT_EQ(client.acknowledged, client.clock) << "an edit was never acknowledged";
      std::set<uint64_t> seen;
      for (const auto& [id, text] : client.others) seen.insert(id);
      EXPECT_EQ(seen.size(), kClients - 1) << client.id << " does not see everybody";
    }
    EXPECT_EQ(room_->stats().presence_clients, kClients);
    EXPECT_EQ(room_->stats().unstored_updates, 0u);
  }

  uint64_t trace() const { return trace_; }
  int rooms() const { return rooms_; }
  uint64_t acknowledgements() const { return acknowledgements_; }
  int compactions() const { return compactions_; }

 private:
  void start_room() {
    room_ = std::make_unique<Room>("r", options_, prng_.next());
    ++rooms_;
    collect();
  }

  void kill() {
    // Of what is on its way to the store, some arrives.
    for (size_t n = prng_.below(store_queue_.size() + 1); n > 0; --n) {
      arrive(store_queue_.front());
      store_queue_.pop_front();
    }
    store_queue_.clear();
    for (Client& client : clients_) reset(client);
    start_room();
  }

  // Carried out by the store, and nobody hears of it.
  void arrive(const Effect& request) {
    if (std::holds_alternative<Load>(request)) store_.take();
    if (const auto* append = std::get_if<Append>(&request)) static_cast<void>(store_.append(*append));
    if (const auto* compact = std::get_if<Compact>(&request)) static_cast<void>(store_.compact(*compact));
  }

  void reset(Client& client) {
    client.peer = 0;
    client.lags = false;
    client.outbox.clear();
    client.inbox.clear();
    client.sent.clear();
    client.promised = 0;
    client.others.clear();
  }

  void connect(Client& client) {
    client.peer = next_peer_++;
    room_->on_open(client.peer, {.acks = true, .echo = client.id % 2 == 0}, now_);
    client.outbox.push_back(message(MessageType::kSyncStep1, client.doc.encode_state_vector()));
    client.outbox.push_back(awareness_message(client.id, client.awareness_clock, "1"));
    collect();
  }

  void disconnect(Client& client) {
    if (client.peer == 0) return;
    room_->on_close(client.peer, now_);
    reset(client);
  }

  void edit(Client& client) {
    const std::string text(1 + prng_.below(3), static_cast<char>('a' + prng_.below(26)));
    const Buffer update = text_update(client.id, client.clock, text);
    ASSERT_TRUE(client.doc.apply_update(update));
    client.clock += text.size();
    if (client.peer == 0) return;
    client.outbox.push_back(message(MessageType::kUpdate, update));
    client.sent.push_back({update, client.clock});
  }

  void say_presence(Client& client) {
    ++client.awareness_clock;
    if (client.peer != 0) client.outbox.push_back(awareness_message(client.id, client.awareness_clock, "2"));
  }

  void lag(Client& client, bool on) {
    if (client.peer == 0) return;
    client.lags = on;
    room_->on_backlog(client.peer, on, now_);
  }

  void deliver_to_room(Client& client, size_t count) {
    for (; count > 0 && client.peer != 0 && !client.outbox.empty(); --count) {
      const Buffer frame = std::move(client.outbox.front());
      client.outbox.pop_front();
      const auto ok = room_->on_message(client.peer, frame, now_);
      EXPECT_TRUE(ok) << ok.error().message;
      EXPECT_EQ(room_->check_invariants(), "");
      collect();
    }
  }

  void deliver_to_client(Client& client, size_t count) {
    for (; count > 0 && !client.inbox.empty(); --count) {
      const SharedBuffer frame = client.inbox.front();
      client.inbox.pop_front();
      receive(client, unframed(*frame));
    }
  }

  void receive(Client& client, const Buffer& frame) {
    MessageReader reader(frame);
    const SyncMessage read = **reader.next();
    switch (read.type) {
      case MessageType::kSyncStep1: {
        Buffer diff = *client.doc.encode_state_as_update(read.payload);
        client.outbox.push_back(message(MessageType::kSyncStep2, diff));
        client.sent.push_back({std::move(diff), client.clock});
        break;
      }
      case MessageType::kSyncStep2:
      case MessageType::kUpdate:
        EXPECT_TRUE(client.doc.apply_update(read.payload));
        break;
      case MessageType::kAwareness:
        receive_awareness(client, read.payload);
        break;
      case MessageType::kDurable: {
        ASSERT_GE(client.sent.size(), read.count);
        client.acknowledged = std::max(client.acknowledged, client.sent.at(read.count - 1).clock);
        ++acknowledgements_;
        break;
      }
      default:
        FAIL() << "a message that no client knows";
    }
  }

  void receive_awareness(Client& client, Bytes payload) {
    std::vector<AwarenessEntry> entries;
    ASSERT_TRUE(decode_awareness(payload, entries));
    for (const AwarenessEntry& entry : entries) {
      if (entry.client == client.id) {
        client.awareness_clock = std::max(client.awareness_clock, entry.clock);
        if (is_null_state(entry.state)) say_presence(client);  // it was silent for too long, but it is here
      } else if (is_null_state(entry.state)) {
        client.others.erase(entry.client);
      } else {
        client.others[entry.client] = std::string(entry.state.begin(), entry.state.end());
      }
    }
  }

  // Answers the oldest request. A bad answer: mostly nothing was done; now and then it was done, and only the
  // answer says otherwise.
  void answer_store(bool badly) {
    if (store_queue_.empty()) return;
    const Effect request = store_queue_.front();
    store_queue_.pop_front();
    const bool done = !badly || prng_.below(20) == 0;
    const auto busy = fail(Code::kUnavailable, "busy");
    if (const auto* load = std::get_if<Load>(&request)) {
      Loaded loaded{.epoch = load->epoch, .room = busy};
      if (done && load->epoch == 0) loaded.epoch = store_.take().epoch;
      if (done) loaded.room = restore_document("r", store_.load(), {});
      room_->on_loaded(badly ? Loaded{.epoch = load->epoch, .room = busy} : std::move(loaded), now_);
    } else if (const auto* append = std::get_if<Append>(&request)) {
      Result<void> outcome = busy;
      if (done) outcome = store_.append(*append);
      room_->on_stored(append->token, badly ? Result<void>(busy) : std::move(outcome), now_);
    } else {
      const auto& compact = std::get<Compact>(request);
      Result<size_t> outcome = busy;
      if (done) outcome = store_.compact(compact);
      room_->on_compacted(compact.token, badly ? Result<size_t>(busy) : std::move(outcome), now_);
    }
  }

  void pass(Duration time) {
    const Time until = now_ + time;
    while (room_->next_deadline() <= until) {
      now_ = std::max(now_, room_->next_deadline());
      room_->on_deadline(now_);
      collect();
      ASSERT_GT(room_->next_deadline(), now_);
    }
    now_ = until;
  }

  void collect() {
    bool over = false;
    while (auto effect = room_->poll()) {
      if (auto* send = std::get_if<Send>(&*effect)) {
        note(1, send->peer, *send->frame);
        check_promise(*send);
        if (Client* client = find(send->peer)) client->inbox.push_back(send->frame);
      } else if (auto* close = std::get_if<Close>(&*effect)) {
        note(2, close->peer, as_bytes(close->reason));
        EXPECT_EQ(close->code, 1012) << close->reason;
        if (Client* client = find(close->peer)) reset(*client);
      } else if (std::holds_alternative<Gone>(*effect)) {
        note(3, 0, {});
        over = true;
      } else {
        if (auto* append = std::get_if<Append>(&*effect)) note(4, append->seq, *append->update);
        if (auto* compact = std::get_if<Compact>(&*effect)) {
          note(5, compact->seq, {});
          ++compactions_;
        }
        store_queue_.push_back(std::move(*effect));
      }
    }
    if (!over) return;
    store_queue_.clear();
    for (Client& client : clients_) reset(client);
    start_room();
  }

  // An acknowledgement is judged when it leaves the room: what it covers must be stored now.
  void check_promise(const Send& send) {
    const Buffer frame = unframed(*send.frame);
    MessageReader reader(frame);
    const SyncMessage read = **reader.next();
    Client* const client = find(send.peer);
    if (read.type != MessageType::kDurable || client == nullptr) return;
    ASSERT_LE(read.count, client->sent.size());
    ASSERT_GT(read.count, client->promised) << "said before";
    // An update that is stored changes nothing when it comes again, not even among what waits for others.
    Doc stored = store_.document();
    const Buffer state = *stored.encode_state_as_update();
    for (; client->promised < read.count; ++client->promised) {
      ASSERT_TRUE(stored.apply_update(client->sent[client->promised].update));
    }
    EXPECT_EQ(*stored.encode_state_as_update(), state) << "acknowledged, not stored";
  }

  Client* find(PeerId peer) {
    for (Client& client : clients_) {
      if (client.peer == peer) return &client;
    }
    return nullptr;
  }

  void note(uint64_t kind, uint64_t number, Bytes bytes) {
    trace_ = Prng::mix(trace_ ^ kind);
    trace_ = Prng::mix(trace_ ^ number);
    for (const uint8_t byte : bytes) trace_ = Prng::mix(trace_ ^ byte);
  }

  Prng prng_;
  FakeStore store_;
  const RoomOptions options_{.grace = std::chrono::seconds(2),
                             .rest_after = std::chrono::milliseconds(100),
                             .snapshot_log_entries = 20};
  std::unique_ptr<Room> room_;
  Time now_ = kStart;
  std::array<Client, kClients> clients_;
  std::deque<Effect> store_queue_;  // loads, appends and compactions, answered in order
  PeerId next_peer_ = 1;
  uint64_t trace_ = 0;
  int rooms_ = 0;
  int compactions_ = 0;
  uint64_t acknowledgements_ = 0;
};

}  // namespace symphony::testing
