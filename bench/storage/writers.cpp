// People who type and hear what is durable, one a room, on a real server over real sockets. Prints one JSON
// object.
//
//   writers --port P --rooms N [--room PREFIX] [--seconds S] [--pid SERVER]
//           --pace R      so many keystrokes a second over all rooms, each at a random moment
//         | --window W    each has W in flight, as fast as the server acknowledges ...
//           --items N     ... until it has inserted so many pieces of 40 letters, each in front of the others
//
// A keystroke is a Yjs update of twenty bytes; pieces stay items of their own. All people are in this
// process, whose share of a core is told: near 1 it is the generator that was measured.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "base/varint.h"
#include "bench/server/meter.h"
#include "bench/server/user.h"

namespace symphony::bench {

namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr size_t kConnectingMax = 128;  // a listen queue has an end
constexpr int64_t kJoinMax = 60 * kSecond;
constexpr int64_t kFillMax = 120 * kSecond;
constexpr int64_t kDrainMax = 60 * kSecond;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "writers: %s\n", what.c_str());
  std::exit(1);
}

void check(const Result<void>& result) {
  if (!result) die(result.error().message);
}

struct Options {
  std::string room = "bench";
  uint16_t port = 0;
  size_t rooms = 0, window = 0;
  size_t items = 0;
  double pace = 0, seconds = 3;
  pid_t pid = 0;
};

// The update that types one letter behind the one before, as Yjs writes it.
Buffer keystroke(uint64_t client, uint64_t clock) {
  Buffer update;
  Writer out(update);
  out.var_uint(1);  // of one client ...
  out.var_uint(1);  // ... one struct
  out.var_uint(client);
  out.var_uint(clock);
  if (clock == 0) {
    out.u8(4);  // a text, in the document's type "t"
    out.u8(1);
    out.var_string("t");
  } else {
    out.u8(0x84);  // a text, to the right of the letter before
    out.var_uint(client);
    out.var_uint(clock - 1);
  }
  const char letter = static_cast<char>('a' + clock % 26);
  out.var_string({&letter, 1});
  out.var_uint(0);  // nothing is deleted
  return update;
}

// The update that inserts 40 letters in front of those of the update before, so that the two do not merge.
Buffer piece(uint64_t client, uint64_t number) {
  static const std::string letters(40, 'x');
  Buffer update;
  Writer out(update);
  out.var_uint(1);
  out.var_uint(1);
  out.var_uint(client);
  out.var_uint(number * letters.size());
  if (number == 0) {
    out.u8(4);
    out.u8(1);
    out.var_string("t");
  } else {
    out.u8(0x44);  // a text, to the left of the letter named
    out.var_uint(client);
    out.var_uint((number - 1) * letters.size());
  }
  out.var_string(letters);
  out.var_uint(0);
  return update;
}

struct Person {
  std::unique_ptr<User> user;
  std::vector<int64_t> sent_us;  // of each keystroke
  uint64_t durable = 0;
  uint64_t client = 0;
  bool watched = true;  // EPOLLOUT
};

class Writers {
 public:
  explicit Writers(Options options) : options_(std::move(options)), prng_(7) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  }

  void run() {
    join();
    const auto length = static_cast<int64_t>(options_.seconds * kSecond);
    if (options_.pace > 0) {
      begin_ = now_us();
      measure(-1);
      type_at_pace(begin_ + length);
      end_ = now_us();
      measure(1);
    } else {
      for (Person& person : people_) fill(person);
      if (options_.items == 0) turn(now_us() + length / 4, [] { return false; });  // in its stride
      begin_ = now_us();
      measure(-1);
      if (options_.items > 0)
        turn(begin_ + kFillMax, [this] { return durable_ == people_.size() * options_.items; });
      else
        turn(begin_ + length, [] { return false; });
      end_ = now_us();
      measure(1);
      over_ = true;
    }
    turn(now_us() + kDrainMax, [this] { return durable_ == sent_; });
    if (durable_ != sent_) die("not everything was acknowledged");
    report();
  }

 private:
  void join() {
    const int64_t until = now_us() + kJoinMax;
    people_.resize(options_.rooms);
    for (size_t i = 0; i < options_.rooms; ++i) {
      open(i);
      turn(until, [&] { return i + 1 - synced_ < kConnectingMax; });
    }
    turn(until, [this] { return synced_ == people_.size(); });
    if (synced_ < people_.size()) die("only " + std::to_string(synced_) + " got in within a minute");
  }

  void open(size_t index) {
    Person& person = people_[index];
    person.client = (uint64_t{1} << 31) + prng_.below(1u << 31);  // of five bytes, as half of Yjs's are
    UserEvents events;
    events.on_synced = [this] { ++synced_; };
    events.on_update = [](Bytes) {};
    events.on_presence = [](size_t) {};
    events.on_durable = [this, &person](uint64_t messages) { on_durable(person, messages); };
    person.user = std::make_unique<User>(std::move(events), index + 1);
    check(person.user->connect(options_.port,
                               "/rooms/" + options_.room + "-" + std::to_string(index) + "?acks=1"));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.u32 = static_cast<uint32_t>(index);
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, person.user->fd(), &event);
  }

  // `messages`: of all document messages; the first of them was the sync step 2 in the handshake.
  void on_durable(Person& person, uint64_t messages) {
    const int64_t now = now_us();
    const uint64_t handshake = kHandshakeMessages;
    const uint64_t durable = messages > handshake ? messages - handshake : 0;
    for (; person.durable < durable; ++person.durable, ++durable_) {
      const int64_t sent = person.sent_us[person.durable];
      if (begin_ == 0 || (end_ != 0 && options_.window > 0)) continue;
      ++counted_;
      if (options_.pace > 0) took_us_.push_back(now - sent);
    }
    if (options_.window > 0) fill(person);
  }

  void fill(Person& person) {
    if (over_) return;
    while (person.sent_us.size() - person.durable < options_.window &&
           (options_.items == 0 || person.sent_us.size() < options_.items)) {
      queue(person);
    }
    check(person.user->on_writable());
    watch(person);
  }

  void queue(Person& person) {
    const uint64_t number = person.sent_us.size();
    person.user->queue_update(options_.items > 0 ? piece(person.client, number)
                                                 : keystroke(person.client, number));
    person.sent_us.push_back(now_us());
    ++sent_;
  }

  // Moments that know nothing of each other, as those of many people are.
  void type_at_pace(int64_t until) {
    for (double at = static_cast<double>(begin_);;) {
      at +=
          -std::log(1.0 - static_cast<double>(prng_.below(1u << 30)) / (1u << 30)) / options_.pace * kSecond;
      const auto due = static_cast<int64_t>(at);
      if (due >= until) break;
      if (now_us() < due) turn(due, [] { return false; });
      late_us_ = std::max(late_us_, now_us() - due);
      Person& person = people_[next_++ % people_.size()];
      queue(person);
      check(person.user->on_writable());
      watch(person);
    }
    turn(until, [] { return false; });
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
        Person& person = people_[events[i].data.u32];
        if ((events[i].events & EPOLLOUT) != 0) check(person.user->on_writable());
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) check(person.user->on_readable());
        watch(person);
      }
    }
  }

  // EPOLLOUT only while something waits to be written.
  void watch(Person& person) {
    const bool wanted = person.user->wants_write();
    if (person.watched == wanted) return;
    person.watched = wanted;
    epoll_event event{};
    event.events = wanted ? uint32_t{EPOLLIN | EPOLLOUT} : uint32_t{EPOLLIN};
    event.data.u32 = static_cast<uint32_t>(&person - people_.data());
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, person.user->fd(), &event);
  }

  void measure(int sign) {
    server_cpu_ += sign * cpu_seconds(options_.pid);
    own_cpu_ += sign * cpu_seconds(::getpid());
  }

  double quantile_ms(double part) {
    if (took_us_.empty()) return -1;
    std::sort(took_us_.begin(), took_us_.end());
    const auto rank = static_cast<size_t>(part * static_cast<double>(took_us_.size()));
    return static_cast<double>(took_us_[std::min(rank, took_us_.size() - 1)]) / 1000;
  }

  void report() {
    const double seconds = static_cast<double>(end_ - begin_) / kSecond;
    std::printf(R"({"seconds":%.3f,"updates_per_s":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"server_cpu_s":%.3f,)"
                R"("server_cpu_part":%.4f,"generator_cpu_part":%.4f,"generator_late_ms":%.2f})"
                "\n",
                seconds, static_cast<double>(counted_) / seconds, quantile_ms(0.5), quantile_ms(0.99),
                server_cpu_, server_cpu_ / seconds, own_cpu_ / seconds, static_cast<double>(late_us_) / 1000);
  }

  static constexpr uint64_t kHandshakeMessages = 1;

  const Options options_;
  Prng prng_;
  int epoll_ = -1;
  std::vector<Person> people_;
  size_t synced_ = 0, next_ = 0;
  uint64_t sent_ = 0, durable_ = 0, counted_ = 0;
  std::vector<int64_t> took_us_;
  int64_t begin_ = 0, end_ = 0, late_us_ = 0;
  bool over_ = false;
  double server_cpu_ = 0, own_cpu_ = 0;
};

Options parse(int argc, char** argv) {
  Options out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--room")
      out.room = value;
    else if (name == "--port")
      out.port = static_cast<uint16_t>(std::atoi(value));
    else if (name == "--rooms")
      out.rooms = static_cast<size_t>(std::atoll(value));
    else if (name == "--window")
      out.window = static_cast<size_t>(std::atoll(value));
    else if (name == "--items")
      out.items = static_cast<size_t>(std::atoll(value));
    else if (name == "--pace")
      out.pace = std::atof(value);
    else if (name == "--seconds")
      out.seconds = std::atof(value);
    else if (name == "--pid")
      out.pid = std::atoi(value);
    else
      die("unknown option " + name);
  }
  const bool either = (out.pace > 0) != (out.window > 0);
  if (argc % 2 == 0 || out.port == 0 || out.rooms == 0 || out.seconds <= 0 || !either) {
    die("usage: writers --port P --rooms N (--pace R | --window W) [--room PREFIX] [--seconds S] [--pid "
        "PID]");
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
  Writers(parse(argc, argv)).run();
  return 0;
}
