// A crowd on a real server: many rooms with one person in each, who opens a document, works in it, and
// leaves. It does what it is told, line by line on standard input, and answers each line with one JSON object
// when it is done, so that whoever drives it (memory.mjs) can look at the server in between.
//
//   crowd --port P [--prefix /rooms/]
//
//   open NAME ROOMS TEXTS BYTES   a person into each of ROOMS rooms, who stores a document of TEXTS texts of
//                                 BYTES characters (nothing, if TEXTS is 0) and waits until it is durable
//   work NAME SECONDS EVERY_MS    each person of NAME types a word every EVERY_MS, in turns
//   leave NAME                    all of NAME hang up
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "meter.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"
#include "user.h"

namespace symphony::bench {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr size_t kConnectingMax = 128;  // a listen queue has an end
constexpr int64_t kPatience = 120 * kSecond;
constexpr size_t kPieceBytes = 1u << 20;  // of what one message brings

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "crowd: %s\n", what.c_str());
  std::exit(1);
}

void check(const Result<void>& result) {
  if (!result) die(result.error().message);
}

// What each person of a group does, as updates of one author: the same in every room.
struct Script {
  std::vector<Buffer> document;
  std::vector<Buffer> words;
};

Script write_script(size_t texts, size_t bytes) {
  Script script;
  DocOptions options;
  options.client_id = 2'000'000'001;
  Doc doc(options);
  auto text = doc.get_text("page");
  if (!text) die(text.error().message);
  Buffer gathered;
  const auto type = [&](std::vector<Buffer>& out) {
    return doc.on_update(
        [&out](Bytes update, const TransactionInfo&) { out.emplace_back(update.begin(), update.end()); });
  };
  Prng prng(11);
  const auto letters = [&](size_t count) {
    std::string out(count, ' ');
    for (char& c : out) c = static_cast<char>('a' + prng.below(26));
    return out;
  };
  {
    const Subscription writing = type(script.document);
    // At the front, so that each stays an item of its own; a few transactions, so that no message is small or
    // huge.
    const size_t at_once = std::max<size_t>(1, kPieceBytes / std::max<size_t>(1, bytes));
    for (size_t done = 0; done < texts;) {
      doc.transact([&] {
        for (size_t i = 0; i < at_once && done < texts; ++i, ++done) check(text->insert(0, letters(bytes)));
      });
    }
  }
  {
    const Subscription writing = type(script.words);
    for (uint32_t i = 0; i < 2000; ++i) check(text->insert(i, letters(1)));
  }
  return script;
}

struct Person {
  std::unique_ptr<User> user;
  uint32_t watched = 0;
  uint64_t durable = 0;  // of the messages that it sent
  size_t word = 0;
};

struct Group {
  Script script;
  std::vector<std::unique_ptr<Person>> people;
};

class Crowd {
 public:
  Crowd(uint16_t port, std::string prefix)
      : port_(port), prefix_(std::move(prefix)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  // Every line of standard input.
  void run() {
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string verb, name;
      words >> verb >> name;
      const int64_t begin = now_us();
      if (verb == "open") {
        size_t rooms = 0, texts = 0, bytes = 0;
        words >> rooms >> texts >> bytes;
        open(name, rooms, texts, bytes);
      } else if (verb == "work") {
        int64_t seconds = 0, every_ms = 0;
        words >> seconds >> every_ms;
        work(groups_.at(name), seconds, every_ms);
      } else if (verb == "leave") {
        groups_.erase(name);
      } else {
        die("what is " + line + "?");
      }
      std::printf("{\"seconds\":%.3f}\n", static_cast<double>(now_us() - begin) / kSecond);
      std::fflush(stdout);
    }
  }

 private:
  void open(const std::string& name, size_t rooms, size_t texts, size_t bytes) {
    Group& group = groups_[name];
    group.script = write_script(texts, bytes);
    size_t synced = 0;
    for (size_t i = 0; i < rooms; ++i) {
      group.people.push_back(std::make_unique<Person>());
      Person& person = *group.people.back();
      UserEvents events;
      events.on_synced = [this, &person, &group, &synced] {
        ++synced;
        for (const Buffer& update : group.script.document) send(person, update);
      };
      events.on_update = [](Bytes) {};
      events.on_presence = [](size_t) {};
      events.on_durable = [this, &person](uint64_t documents) {
        // The first one is the answer to the server's sync step 1.
        waiting_ -= documents - 1 - person.durable;
        person.durable = documents - 1;
      };
      person.user = std::make_unique<User>(std::move(events), i + 1);
      check(person.user->connect(port_, prefix_ + name + "-" + std::to_string(i) + "?acks=1"));
      person.watched = EPOLLIN | EPOLLOUT;
      epoll_event event{};
      event.events = person.watched;
      event.data.ptr = &person;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, person.user->fd(), &event);
      turn(now_us() + kPatience,
           [&] { return group.people.size() - synced < kConnectingMax && waiting_ < 2 * kConnectingMax; });
    }
    turn(now_us() + kPatience, [&] { return synced == rooms && waiting_ == 0; });
    if (synced < rooms || waiting_ != 0) die("not everybody got in, or not everything is durable");
  }

  void work(Group& group, int64_t seconds, int64_t every_ms) {
    const int64_t start = now_us();
    const size_t turns = static_cast<size_t>(seconds * 1000 / every_ms);
    for (size_t i = 0; i < turns * group.people.size(); ++i) {
      const int64_t at =
          start + static_cast<int64_t>(i) * every_ms * 1000 / static_cast<int64_t>(group.people.size());
      if (now_us() < at) turn(at, [] { return false; });
      Person& person = *group.people[i % group.people.size()];
      if (person.word == group.script.words.size()) die("nobody types that much");
      send(person, group.script.words[person.word++]);
    }
    turn(now_us() + kPatience, [&] { return waiting_ == 0; });
  }

  void send(Person& person, Bytes update) {
    check(person.user->send_update(update));
    ++waiting_;
    watch(person);
  }

  template <class Done>
  void turn(int64_t until, Done done) {
    epoll_event events[256];
    while (!done()) {
      const int64_t left = until - now_us();
      if (left <= 0) return;
      const timespec wait{left / kSecond, left % kSecond * 1000};
      const int count = ::epoll_pwait2(epoll_, events, 256, &wait, nullptr);
      for (int i = 0; i < count; ++i) {
        Person& person = *static_cast<Person*>(events[i].data.ptr);
        if ((events[i].events & EPOLLOUT) != 0) check(person.user->on_writable());
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) check(person.user->on_readable());
        watch(person);
      }
    }
  }

  // EPOLLOUT only while something waits to be written.
  void watch(Person& person) {
    const uint32_t wanted = person.user->wants_write() ? uint32_t{EPOLLIN | EPOLLOUT} : uint32_t{EPOLLIN};
    if (person.watched == wanted) return;
    person.watched = wanted;
    epoll_event event{};
    event.events = wanted;
    event.data.ptr = &person;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, person.user->fd(), &event);
  }

  const uint16_t port_;
  const std::string prefix_;
  const int epoll_;
  std::map<std::string, Group> groups_;
  uint64_t waiting_ = 0;  // document messages that are not known to be durable
};

}  // namespace
}  // namespace symphony::bench

int main(int argc, char** argv) {
  using namespace symphony::bench;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  int port = 0;
  std::string prefix = "/rooms/";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--port") port = std::atoi(argv[i + 1]);
    if (name == "--prefix") prefix = argv[i + 1];
  }
  if (port <= 0) die("usage: crowd --port P [--prefix /rooms/], then lines on standard input");
  Crowd(static_cast<uint16_t>(port), prefix).run();
  return 0;
}
