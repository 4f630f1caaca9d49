#include "cli/serve.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "cli/random_number.h"
#include "cli/running_server.h"
#include "cli/units.h"
#include "server/log.h"
#include "server/memory.h"

namespace symphony {
namespace {

namespace fs = std::filesystem;

int fail_to_start(const std::string& why) {
  std::fprintf(stderr, "symphony: %s\n", why.c_str());
  return 1;
}

// Signals are read from a descriptor by the main thread; every thread made after this inherits the mask.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
    event_ = ::eventfd(0, EFD_CLOEXEC);
  }

  // Any thread: makes wait() return.
  void notify() { [[maybe_unused]] const int rc = ::eventfd_write(event_, 1); }

  // The signal that came, or 0 after notify().
  int wait() {
    pollfd fds[2] = {{signals_, POLLIN, 0}, {event_, POLLIN, 0}};
    while (::poll(fds, 2, -1) < 0) {
    }
    if ((fds[1].revents & POLLIN) != 0) return 0;
    signalfd_siginfo info{};
    [[maybe_unused]] const ssize_t got = ::read(signals_, &info, sizeof info);
    return static_cast<int>(info.ssi_signo);
  }

 private:
  int signals_;
  int event_;
};

// Each connection is a descriptor; the soft limit of 1,024 is a habit of old programs. Raises it as far as it
// goes, and leaves some for the store and the loops.
size_t connections_possible() {
  constexpr size_t kDescriptorsForOthers = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 960;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur > 2 * kDescriptorsForOthers ? limit.rlim_cur - kDescriptorsForOthers
                                                    : limit.rlim_cur / 2;
}

std::string url_of(const std::string& host, uint16_t port) {
  std::string name = host;
  if (host == "0.0.0.0" || host == "::") name = "127.0.0.1";
  if (name.find(':') != std::string::npos) name = "[" + name + "]";
  return "http://" + name + ":" + std::to_string(port) + "/";
}

// Until a signal has come and everything is stored, or could not be in time, or a second signal has come.
int wait_and_drain(Signals& signals, RunningServer& server, const ServerOptions& options) {
  int signal = signals.wait();
  log_line(LogLevel::kInfo, std::string("draining: ") + (signal == SIGINT ? "SIGINT" : "SIGTERM") +
                                " came; a second signal ends the process at once");
  std::atomic<bool> stored = false;
  server.drain([&](bool all) {
    stored = all;
    signals.notify();
  });
  signal = signals.wait();
  if (signal != 0) {
    log_line(LogLevel::kWarning, "ended by a second signal: updates that were not acknowledged may be lost");
    ::_exit(128 + signal);
  }
  if (!stored) {
    log_line(LogLevel::kError, "not everything could be stored within " +
                                   format_duration(options.drain_timeout) +
                                   " (--drain-timeout): updates that were not acknowledged may be lost");
    ::_exit(1);
  }
  server.stop();
  log_line(LogLevel::kInfo, "stopped: everything is stored");
  return 0;
}

}  // namespace

std::string find_pages(const std::string& www, const std::string& executable) {
  if (!www.empty()) return www;
  std::error_code ignored;
  fs::path at = fs::path(executable).parent_path();
  for (int up = 0; up < 6 && !at.empty(); ++up, at = at.parent_path()) {
    for (const char* place : {"share/symphony/www", "packages/examples/dist"}) {
      if (fs::is_regular_file(at / place / "index.html", ignored)) return (at / place).string();
    }
    if (at == at.root_path()) break;
  }
  return {};
}

int run_serve(ServeOptions options) {
  if (!set_log_level(options.log_level)) {
    return fail_to_start("--log-level '" + options.log_level +
                         "' is none of debug, info, warning, error, off");
  }
  const auto address = parse_listen(options.listen);
  if (!address) return fail_to_start("--listen " + address.error().message);
  options.server.host = address->host;
  options.server.port = address->port;
  options.server.seed = random_number();
  options.server.backlog_low_bytes =
      std::min(options.server.backlog_low_bytes, options.server.backlog_high_bytes / 2);
  // An update may be as large as the message that brings it.
  options.server.room.doc.limits.update_bytes_max =
      std::max(options.server.room.doc.limits.update_bytes_max, options.server.message_bytes_max);

  const size_t loops = options.loops != 0 ? options.loops : std::max(1u, std::thread::hardware_concurrency());
  constexpr size_t kLoopsMax = 1024;
  if (loops > kLoopsMax)
    return fail_to_start("--loops is at most " + std::to_string(kLoopsMax) + ": one a core is best");
  const size_t connections_wanted = options.server.connections_max;
  options.server.connections_max = std::min(connections_wanted, connections_possible());

  prepare_memory();
  Signals signals;
  StaticFiles files;
  std::error_code ignored;
  const std::string pages = find_pages(options.www, fs::read_symlink("/proc/self/exe", ignored));
  if (!pages.empty()) {
    auto read = StaticFiles::read(pages);
    if (!read) return fail_to_start("--www: " + read.error().message);
    files = std::move(*read);
  }
  constexpr Duration kLeaseMin = std::chrono::seconds(1);
  if (options.server.lease < kLeaseMin)
    return fail_to_start("--lease is at least 1s: a pause must not lose rooms");
  const std::string& advertised = options.advertise.empty() ? options.listen : options.advertise;
  auto store = open_store(options.storage, make_owner(advertised, options.server.lease));
  if (!store) return fail_to_start(store.error().message);
  auto server = RunningServer::start(options.server, loops, std::move(files), std::move(*store));
  if (!server) return fail_to_start(server.error().message);

  log_line(LogLevel::kInfo, "serving version=" + options.server.version + " loops=" + std::to_string(loops) +
                                " connections_max=" + std::to_string(options.server.connections_max) +
                                " pages=" + in_quotes(pages));
  if (options.server.connections_max < connections_wanted) {
    log_line(LogLevel::kInfo, "connections_max is what the system's limit of open files allows (ulimit -n)");
  }
  std::printf("symphony is ready: %s (data in %s)\n", url_of(address->host, (*server)->port()).c_str(),
              shown_data(options.storage).c_str());
  std::fflush(stdout);
  return wait_and_drain(signals, **server, options.server);
}

}  // namespace symphony
