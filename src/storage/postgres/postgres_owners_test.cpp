// Attacks on the rule that no owner which lost its room stores anything: appends are stalled on the server,
// before they insert, between inserting and looking at the epoch, and between looking and the commit, while
// others take the room, drop its slots, and forget it.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "storage/owner_testing.h"
#include "storage/postgres/postgres_testing.h"

namespace symphony {
namespace {

using std::chrono::milliseconds;

// An update that begins with the name of a place waits there while the test holds that place's lock.
constexpr const char* kStalls = R"sql(
CREATE FUNCTION public.stall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF encode(NEW.update, 'escape') LIKE TG_ARGV[0] || '%' THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER before BEFORE INSERT ON symphony.slot FOR EACH ROW EXECUTE FUNCTION public.stall('before');
CREATE TRIGGER after AFTER INSERT ON symphony.slot FOR EACH ROW EXECUTE FUNCTION public.stall('after');
CREATE CONSTRAINT TRIGGER committing AFTER INSERT ON symphony.slot DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION public.stall('committing');
)sql";

class PostgresStalls : public testing::Test {
 protected:
  PostgresStalls() { database.alter_schema(kStalls); }

  TestDatabase database;
  std::unique_ptr<postgres::Connection> gate =
      postgres::Connection::open({.conninfo = database.conninfo()}).value();
  TestOwner ada{database.open(test_owner("ada"))};
  TestOwner bob{database.open(test_owner("bob"))};

  void hold() { ASSERT_TRUE(gate->execute("SELECT pg_advisory_lock(1)")); }
  void let_go() { ASSERT_TRUE(gate->execute("SELECT pg_advisory_unlock(1)")); }
  void wait_until_stalled() {
    const char* waiting =
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted";
    while (database.sql(waiting) == "0") std::this_thread::sleep_for(milliseconds(2));
  }

  // Ada's append of `update` at her next slot stalls; `meanwhile` happens; then it goes on. Whether it was
  // stored. `waits`: what happens meanwhile cannot end before the append has.
  bool stall(const std::string& update, bool waits, const std::function<void()>& meanwhile) {
    const uint64_t epoch = ada.epoch("r"), seq = ada.newest("r") + 1;
    hold();
    auto append = std::async(std::launch::async, [&] { return ada.append_at("r", epoch, seq, update); });
    wait_until_stalled();
    auto others = std::async(std::launch::async, meanwhile);
    const auto ended = others.wait_for(waits ? milliseconds(200) : milliseconds(4000));
    EXPECT_EQ(ended, waits ? std::future_status::timeout : std::future_status::ready);
    let_go();
    const Result<void> stored = append.get();
    others.get();
    if (!stored) expect_code(stored, Code::kConflict);
    return stored.has_value();
  }

  void bob_takes() {
    database.pass(kTestLease * 2);
    ASSERT_TRUE(bob.take("r"));
  }
};

TEST_F(PostgresStalls, an_append_that_has_inserted_is_waited_for) {
  for (const std::string place : {"after", "committing"}) {
    SCOPED_TRACE(place);
    ASSERT_TRUE(ada.take("r"));
    ASSERT_TRUE(ada.append("r", "one"));
    const std::string before = shown(bob.store(), "r");
    EXPECT_TRUE(stall(place, true, [&] { bob_takes(); }));
    EXPECT_EQ(shown(bob.store(), "r"), before + " | " + place);
    EXPECT_TRUE(bob.append("r", "two"));
    ASSERT_TRUE(bob.release("r"));
  }
}

TEST_F(PostgresStalls, an_append_that_comes_after_the_fence_is_refused) {
  ASSERT_TRUE(ada.append("r", "one"));
  EXPECT_FALSE(stall("before", false, [&] { bob_takes(); }));
  EXPECT_EQ(shown(bob.store(), "r"), " | one");
}

// The slot that would have told it is empty again when it inserts.
TEST_F(PostgresStalls, an_append_into_a_dropped_slot_is_refused) {
  ASSERT_TRUE(ada.append("r", "one"));
  EXPECT_FALSE(stall("before", false, [&] {
    bob_takes();
    ASSERT_TRUE(bob.append("r", "two"));
    ASSERT_TRUE(bob.put_snapshot("r", bob.newest("r"), "S"));
  }));
  EXPECT_EQ(shown(bob.store(), "r"), "S");
  ASSERT_TRUE(bob.append("r", "three"));
  EXPECT_EQ(shown(bob.store(), "r"), "S | three");
}

// The same owner, in the same epoch: an attempt that was given up comes after all has been done without it.
TEST_F(PostgresStalls, a_forgotten_attempt_into_a_dropped_slot_is_refused) {
  ASSERT_TRUE(ada.append("r", "one"));
  const uint64_t epoch = ada.epoch("r"), seq = ada.newest("r") + 1;
  EXPECT_FALSE(stall("before", false, [&] {
    TestOwner again{database.open(test_owner("ada"))};
    ASSERT_TRUE(again.append_at("r", epoch, seq, "two"));
    ASSERT_TRUE(put_snapshot(again.store(), {"r", epoch, seq, bytes_of("S"), {}}));
  }));
  EXPECT_EQ(shown(bob.store(), "r"), "S");
  EXPECT_TRUE(ada.append_at("r", epoch, seq + 1, "three"));
}

TEST_F(PostgresStalls, an_append_to_a_room_that_was_forgotten_is_refused) {
  ASSERT_TRUE(ada.take("r"));
  EXPECT_FALSE(stall("before", false, [&] {
    bob_takes();
    ASSERT_TRUE(bob.release("r"));
  }));
  EXPECT_EQ(database.sql("SELECT count(*) FROM symphony.slot"), "0");

  ASSERT_TRUE(ada.take("r"));
  EXPECT_FALSE(stall("before", false, [&] {
    bob_takes();
    ASSERT_TRUE(bob.release("r"));
    ASSERT_TRUE(bob.take("r"));
  })) << "the slot is free, and its predecessor there: only the epoch tells";
  ASSERT_TRUE(bob.append("r", "anew"));
  EXPECT_EQ(shown(bob.store(), "r"), " | anew");
}

// An owner that gave up on an append and leaves: the update is there, or the room is gone, but never half.
TEST_F(PostgresStalls, a_release_does_not_overtake_the_owners_own_append) {
  ASSERT_TRUE(ada.take("r"));
  const uint64_t epoch = ada.epoch("r");
  EXPECT_FALSE(stall("before", false, [&] { ASSERT_TRUE(ada.store().release("r", epoch)); }));
  EXPECT_EQ(database.sql("SELECT count(*) FROM symphony.slot"), "0");
  for (const std::string place : {"after", "committing"}) {
    SCOPED_TRACE(place);
    ASSERT_TRUE(ada.take("r"));
    const uint64_t again = ada.epoch("r");
    const std::string before = shown(bob.store(), "r");
    const bool empty = before.empty();  // else there is nothing to be decided, and so nothing to wait for
    EXPECT_TRUE(stall(place, empty, [&] { ASSERT_TRUE(ada.store().release("r", again)); }));
    EXPECT_EQ(shown(bob.store(), "r"), before + " | " + place);
  }
}

// --- random schedules

// Sleeps between the steps of all calls, so that every order of steps of several transactions comes about.
constexpr const char* kSleeps = R"sql(
CREATE FUNCTION public.doze() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF random() < 0.3 THEN PERFORM pg_sleep(random() * random() * 0.02); END IF;
  RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER doze_1 BEFORE INSERT ON symphony.slot FOR EACH ROW EXECUTE FUNCTION public.doze();
CREATE TRIGGER doze_2 AFTER INSERT OR DELETE ON symphony.slot FOR EACH STATEMENT EXECUTE FUNCTION public.doze();
CREATE CONSTRAINT TRIGGER doze_3 AFTER INSERT OR DELETE ON symphony.slot DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION public.doze();
CREATE TRIGGER doze_4 BEFORE UPDATE OR DELETE ON symphony.room FOR EACH ROW EXECUTE FUNCTION public.doze();
CREATE TRIGGER doze_5 AFTER INSERT OR UPDATE ON symphony.snapshot FOR EACH ROW EXECUTE FUNCTION public.doze();
)sql";

// What all players know of a room. An update is a word, a document the words of its updates with blanks
// behind them.
struct Truth {
  std::mutex mutex;
  std::set<std::string> stored;   // acknowledged
  std::set<std::string> refused;  // told to be conflicts
  uint64_t epoch = 0;             // the newest that take() has answered
};

class Player {
 public:
  Player(TestDatabase& database, int number, uint64_t seed, std::map<std::string, Truth>& truths)
      : random_(seed), name_("p" + std::to_string(number)), truths_(truths) {
    // A lease that has always run out: anybody may take any room at any time.
    store_ = database.open({name_, name_, Duration(1)});
  }

  void play(int steps) {
    for (int step = 0; step < steps; ++step) {
      switch (held_.empty() ? 0 : random_.below(16)) {
        case 0:
          take(pick());
          break;
        case 1:
        case 2:
          put_snapshot(pick());
          break;
        case 3:
          if (random_.below(2) == 0) release(pick());
          break;
        default:
          append();
      }
    }
  }
  uint64_t stored() const { return stored_; }

 private:
  struct Held {
    uint64_t epoch = 0, newest = 0, snapshot_seq = 0;
    bool late = false;                          // it was refused once
    std::map<uint64_t, std::string> documents;  // as of each slot
  };

  template <class Call>
  static auto insist(Call call) {
    auto result = call();
    while (!result && result.error().code == Code::kUnavailable) result = call();
    return result;
  }

  std::string pick() {
    return std::next(truths_.begin(), static_cast<int>(random_.below(truths_.size())))->first;
  }

  void take(const std::string& room) {
    Truth& truth = truths_.at(room);
    std::set<std::string> before;
    {
      const std::lock_guard lock(truth.mutex);
      before = truth.stored;
    }
    const auto claim = insist([&] { return store_->take(room); });
    ASSERT_TRUE(claim) << claim.error().message;
    ASSERT_NE(claim->epoch, 0u);
    Held& held =
        held_[room] = {claim->epoch, claim->stored.snapshot_seq, claim->stored.snapshot_seq, false, {}};
    std::string document = text_of(claim->stored.snapshot);
    uint64_t epoch = 0;
    for (const LogEntry& entry : claim->stored.log) {
      ASSERT_EQ(entry.seq, ++held.newest);
      ASSERT_GE(entry.epoch, epoch);
      epoch = entry.epoch;
      if (!entry.update.empty()) document += text_of(entry.update) + " ";
      held.documents[entry.seq] = document;
    }
    ASSERT_EQ(epoch, claim->epoch);
    for (const std::string& word : before) {
      ASSERT_NE((" " + document).find(" " + word + " "), std::string::npos)
          << word << " was lost from: " << document;
    }
    const std::lock_guard lock(truth.mutex);
    truth.epoch = std::max(truth.epoch, claim->epoch);
  }

  void append() {
    struct Written {
      std::string room, word;
      uint64_t known_epoch;
    };
    std::vector<Written> written;
    for (auto& [room, held] : held_) {
      if (random_.below(3) == 0) continue;
      Truth& truth = truths_.at(room);
      const std::lock_guard lock(truth.mutex);
      written.push_back({room, name_ + "." + std::to_string(++words_), truth.epoch});
    }
    std::vector<AppendRequest> batch;
    for (const Written& each : written) {
      const Held& held = held_.at(each.room);
      const uint64_t next =
          held.newest + 1 + (held.late ? random_.below(6) : 0);  // guesses where the others are
      batch.push_back({each.room, held.epoch, next, bytes_of(each.word)});
    }
    std::vector<Result<void>> results;
    do {
      results = store_->append(batch);
    } while (!results.empty() && !results[0] && results[0].error().code == Code::kUnavailable);
    for (size_t i = 0; i < written.size(); ++i) {
      const auto& [room, word, known_epoch] = written[i];
      Truth& truth = truths_.at(room);
      const std::lock_guard lock(truth.mutex);
      if (results[i]) {
        Held& held = held_.at(room);
        EXPECT_GE(held.epoch, known_epoch) << word << " was stored in an epoch that was over";
        EXPECT_FALSE(held.late) << word << " was stored by an owner that was refused before";
        const std::string document = held.documents[held.newest];
        held.documents[++held.newest] = document + word + " ";
        truth.stored.insert(word);
        ++stored_;
      } else {
        EXPECT_EQ(results[i].error().code, Code::kConflict) << results[i].error().message;
        truth.refused.insert(word);
        held_.at(room).late = true;
        if (random_.below(4) == 0) held_.erase(room);  // else it does not want to believe it
      }
    }
  }

  void put_snapshot(const std::string& room) {
    if (!held_.contains(room)) return;
    Held& held = held_.at(room);
    const uint64_t seq = held.snapshot_seq + 1 + random_.below(held.newest - held.snapshot_seq + 1);
    if (seq > held.newest || !held.documents.contains(seq)) return;
    const auto put = insist([&] {
      return symphony::put_snapshot(*store_, {room, held.epoch, seq, bytes_of(held.documents[seq]), {}});
    });
    if (put) held.snapshot_seq = seq;
    if (!put) expect_code(put, Code::kConflict);
  }

  void release(const std::string& room) {
    if (!held_.contains(room)) return;
    ASSERT_TRUE(insist([&] { return store_->release(room, held_.at(room).epoch); }));
    if (random_.below(2) == 0) held_.erase(room);
  }

  Prng random_;
  const std::string name_;
  std::map<std::string, Truth>& truths_;
  std::unique_ptr<PostgresStore> store_;
  std::map<std::string, Held> held_;
  uint64_t words_ = 0, stored_ = 0;
};

TEST(PostgresOwners, no_update_is_lost_or_comes_late_under_random_schedules) {
  TestDatabase database;
  database.alter_schema(kSleeps);
  std::map<std::string, Truth> truths;
  for (const char* room : {"a", "b", "c"}) truths[room];
  constexpr uint64_t kSeed = 4711;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::vector<std::unique_ptr<Player>> players;
  for (int i = 0; i < 6; ++i) {
    players.push_back(std::make_unique<Player>(database, i, kSeed + static_cast<uint64_t>(i), truths));
  }
  std::vector<std::thread> threads;
  for (auto& player : players) threads.emplace_back([&player] { player->play(300); });
  for (std::thread& thread : threads) thread.join();
  uint64_t stored = 0;
  for (auto& player : players) stored += player->stored();

  const auto reader = database.open(test_owner("reader"));
  for (auto& [room, truth] : truths) {
    const StoredRoom all = reader->load(room).value();
    std::string document = text_of(all.snapshot);
    for (const LogEntry& entry : all.log) {
      if (!entry.update.empty()) document += text_of(entry.update) + " ";
    }
    std::multiset<std::string> words;
    for (size_t at = 0, end = 0; (end = document.find(' ', at)) != std::string::npos; at = end + 1) {
      words.insert(document.substr(at, end - at));
    }
    EXPECT_TRUE(std::ranges::equal(words, truth.stored)) << room << ": " << document;
    for (const std::string& word : truth.refused) EXPECT_FALSE(words.contains(word)) << word;
    EXPECT_GT(truth.refused.size(), 20u) << "hardly anybody was ever late";
  }
  EXPECT_GT(stored, 300u) << "hardly anything was stored";
}

}  // namespace
}  // namespace symphony
