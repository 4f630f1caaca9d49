// The load of the case study on a real server over real sockets: rooms of four, and every person sends one
// document update and five presence messages a second. Prints one JSON object.
//
//   load --recording FILE --port P --prefix /rooms/ --users N [--seconds 10] [--warmup 3] [--pid SERVER]
//
// All people are in this one process, so that one clock sees both ends of a delivery. Each has a phase of its
// own within the second. Updates are sent when they are due whether or not the server keeps up (what it does
// not read waits in the sender), so an overloaded server shows as latency.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crdt/wire/update.h"
#include "meter.h"
#include "recording.h"
#include "user.h"

namespace symphony::bench {

namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int kPresencePerSecond = 5;
constexpr size_t kConnectingMax = 128;  // a listen queue has an end
constexpr int64_t kJoinMax = 60 * kSecond;
constexpr int64_t kDrainMax = 5 * kSecond;  // how long a delivery may come after the last update was sent

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

struct Options {
  std::string recording, prefix = "/rooms/", room = "bench";
  uint16_t port = 0;
  size_t users = 0;
  int64_t seconds = 10, warmup = 3;
  pid_t pid = 0;
};

// One thing that happens every second.
struct Due {
  int64_t offset_us;
  uint32_t user;
  bool update;  // or presence
};

class Load {
 public:
  Load(Options options, Recording recording)
      : options_(std::move(options)),
        recording_(std::move(recording)),
        people_(recording_.people.size()),
        ticks_(static_cast<size_t>(options_.seconds + options_.warmup)),
        meter_((options_.users + people_ - 1) / people_, people_, recording_.people[0].updates.size()) {
    for (const auto& person : recording_.people) {
      if (person.updates.size() < ticks_) die("the recording is too short");
      person_of_[person.client] = static_cast<size_t>(&person - recording_.people.data());
    }
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  }

  void run() {
    join();
    for (size_t user = 0; user < users_.size(); user += people_)
      check(users_[user]->send_update(recording_.opened));
    turn(now_us() + kSecond / 2, [] { return false; });
    play();
    report();
  }

 private:
  // Connects everybody; returns when all are in sync.
  void join() {
    const int64_t started = now_us();
    while (users_.size() < options_.users) {
      open_one();
      turn(started + kJoinMax, [this] { return users_.size() - synced_ < kConnectingMax; });
    }
    turn(started + kJoinMax, [this] { return synced_ == users_.size(); });
    if (synced_ < users_.size()) die("only " + std::to_string(synced_) + " users got in within a minute");
    join_us_ = now_us() - started;
  }

  void open_one() {
    const size_t index = users_.size();
    const size_t room = index / people_;
    const size_t seat = index % people_;
    UserEvents events;
    events.on_synced = [this] { ++synced_; };
    events.on_update = [this, room, seat](Bytes update) { on_update(room, seat, update); };
    events.on_presence = [this](size_t) { ++presence_received_; };
    users_.push_back(std::make_unique<User>(std::move(events), index + 1));
    check(
        users_.back()->connect(options_.port, options_.prefix + options_.room + "-" + std::to_string(room)));
    watched_.push_back(EPOLLIN | EPOLLOUT);
    epoll_event event{};
    event.events = watched_.back();
    event.data.u32 = static_cast<uint32_t>(index);
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, users_.back()->fd(), &event);
  }

  void on_update(size_t room, size_t seat, Bytes update) {
    const int64_t at = now_us();
    if (auto ok = crdt::parse_update(update, DocLimits{}, parsed_); !ok)
      die("a bad update came: " + ok.error().message);
    for (const auto& block : parsed_.blocks) {
      const auto person = person_of_.find(block.client);
      if (person == person_of_.end()) continue;
      const auto& first = parsed_.structs[block.first];
      const auto& last = parsed_.structs[block.first + block.count - 1];
      const auto& updates = recording_.people[person->second].updates;
      for (size_t tick = recording_.find(person->second, first.clock);
           tick < updates.size() && updates[tick].clock < last.end(); ++tick) {
        meter_.received(room, person->second, tick, seat, at);
      }
    }
  }

  // Everybody types for warm-up and measurement, then what is under way may arrive.
  void play() {
    const std::vector<Due> plan = plan_second();
    const int64_t start = now_us() + 50'000;
    for (size_t tick = 0; tick < ticks_; ++tick) {
      const bool counted = tick >= static_cast<size_t>(options_.warmup);
      if (tick == static_cast<size_t>(options_.warmup)) begin_measurement();
      for (const Due& due : plan) {
        const int64_t at = start + static_cast<int64_t>(tick) * kSecond + due.offset_us;
        if (now_us() < at) turn(at, [] { return false; });
        late_us_ = std::max(late_us_, now_us() - at);
        send(due, tick, counted);
      }
    }
    end_measurement();
    turn(now_us() + kDrainMax, [this] { return meter_.delivered() == meter_.expected(); });
  }

  std::vector<Due> plan_second() const {
    std::vector<Due> plan;
    Prng prng(42);
    for (uint32_t user = 0; user < users_.size(); ++user) {
      const auto phase = static_cast<int64_t>(prng.below(kSecond));
      plan.push_back({phase, user, true});
      for (int i = 0; i < kPresencePerSecond; ++i) {
        plan.push_back({(phase + (2 * i + 1) * kSecond / (2 * kPresencePerSecond)) % kSecond, user, false});
      }
    }
    std::sort(plan.begin(), plan.end(), [](const Due& a, const Due& b) { return a.offset_us < b.offset_us; });
    return plan;
  }

  void send(const Due& due, size_t tick, bool counted) {
    User& user = *users_[due.user];
    const size_t seat = due.user % people_;
    if (due.update) {
      meter_.sent(due.user / people_, seat, tick, now_us(), counted);
      check(user.send_update(recording_.people[seat].updates[tick].bytes));
    } else {
      char state[256];
      const int length = std::snprintf(
          state, sizeof state,
          R"({"user":{"name":"Person %zu","color":"#30bced"},"cursor":{"anchor":{"type":null,"tname":"page","item":{"client":%llu,"clock":%llu},"assoc":0}}})",
          seat + 1, static_cast<unsigned long long>(recording_.people[seat].client),
          static_cast<unsigned long long>(presence_sent_ % 1000));
      check(user.send_presence(recording_.people[seat].client, ++presence_clock_,
                               {state, static_cast<size_t>(length)}));
      ++presence_sent_;
    }
    watch(due.user);
  }

  // Handles sockets until `until` or until `done`.
  template <class Done>
  void turn(int64_t until, Done done) {
    epoll_event events[256];
    while (!done()) {
      const int64_t left = until - now_us();
      if (left <= 0) return;
      const timespec wait{left / kSecond, left % kSecond * 1000};
      const int count = ::epoll_pwait2(epoll_, events, 256, &wait, nullptr);
      for (int i = 0; i < count; ++i) {
        User& user = *users_[events[i].data.u32];
        if ((events[i].events & EPOLLOUT) != 0) check(user.on_writable());
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) check(user.on_readable());
        watch(events[i].data.u32);
      }
    }
  }

  // EPOLLOUT only while something waits to be written.
  void watch(uint32_t index) {
    const uint32_t wanted = users_[index]->wants_write() ? uint32_t{EPOLLIN | EPOLLOUT} : uint32_t{EPOLLIN};
    if (watched_[index] == wanted) return;
    watched_[index] = wanted;
    epoll_event event{};
    event.events = wanted;
    event.data.u32 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, users_[index]->fd(), &event);
  }

  void begin_measurement() {
    server_cpu_ = -cpu_seconds(options_.pid);
    own_cpu_ = -cpu_seconds(::getpid());
    presence_at_start_ = presence_received_;
    measured_us_ = -now_us();
    late_us_ = 0;
  }

  void end_measurement() {
    server_cpu_ += cpu_seconds(options_.pid);
    own_cpu_ += cpu_seconds(::getpid());
    presence_measured_ = presence_received_ - presence_at_start_;
    measured_us_ += now_us();
  }

  void report() {
    const double seconds = static_cast<double>(measured_us_) / kSecond;
    std::printf(
        R"({"users":%zu,"seconds":%.2f,"join_s":%.2f,"expected":%llu,"delivered":%llu,"p50_ms":%.3f,"p90_ms":%.3f,"p99_ms":%.3f,)"
        R"("p999_ms":%.3f,"presence_sent":%llu,"presence_received_per_s":%.0f,"server_cpu_s":%.3f,"server_cpu_part":%.4f,)"
        R"("generator_cpu_part":%.4f,"generator_late_ms":%.2f,"server_rss_mib":%.1f})"
        "\n",
        users_.size(), seconds, static_cast<double>(join_us_) / kSecond,
        static_cast<unsigned long long>(meter_.expected()),
        static_cast<unsigned long long>(meter_.delivered()), meter_.quantile_ms(0.5), meter_.quantile_ms(0.9),
        meter_.quantile_ms(0.99), meter_.quantile_ms(0.999), static_cast<unsigned long long>(presence_sent_),
        static_cast<double>(presence_measured_) / seconds, server_cpu_, server_cpu_ / seconds,
        own_cpu_ / seconds, static_cast<double>(late_us_) / 1000,
        static_cast<double>(resident_bytes(options_.pid)) / (1 << 20));
  }

  static void check(const Result<void>& result) {
    if (!result) die(result.error().message);
  }

  Options options_;
  Recording recording_;
  size_t people_, ticks_;
  Meter meter_;
  std::map<uint64_t, size_t> person_of_;  // client id -> seat
  int epoll_ = -1;
  std::vector<std::unique_ptr<User>> users_;  // seat = index modulo people_
  std::vector<uint32_t> watched_;             // the epoll events of each user
  crdt::ParsedUpdate parsed_;                 // scratch
  size_t synced_ = 0;
  uint64_t presence_clock_ = 0, presence_sent_ = 0, presence_received_ = 0;
  uint64_t presence_at_start_ = 0, presence_measured_ = 0;
  int64_t join_us_ = 0, measured_us_ = 0;
  int64_t late_us_ = 0;  // the longest that a message left after it was due
  double server_cpu_ = 0, own_cpu_ = 0;
};

Options parse(int argc, char** argv) {
  Options out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--recording")
      out.recording = value;
    else if (name == "--prefix")
      out.prefix = value;
    else if (name == "--room")
      out.room = value;
    else if (name == "--port")
      out.port = static_cast<uint16_t>(std::atoi(value));
    else if (name == "--users")
      out.users = static_cast<size_t>(std::atoll(value));
    else if (name == "--seconds")
      out.seconds = std::atoll(value);
    else if (name == "--warmup")
      out.warmup = std::atoll(value);
    else if (name == "--pid")
      out.pid = std::atoi(value);
    else
      die("unknown option " + name);
  }
  if (argc % 2 == 0 || out.recording.empty() || out.port == 0 || out.users == 0 || out.seconds < 1 ||
      out.warmup < 0) {
    die("usage: load --recording FILE --port P --users N [--prefix /rooms/] [--room NAME] [--seconds S] "
        "[--warmup S] [--pid PID]");
  }
  return out;
}

}  // namespace

}  // namespace symphony::bench

int main(int argc, char** argv) {
  using namespace symphony::bench;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Options options = parse(argc, argv);
  auto recording = load_recording(options.recording);
  if (!recording) die(recording.error().message);
  Load(std::move(options), std::move(*recording)).run();
  return 0;
}
