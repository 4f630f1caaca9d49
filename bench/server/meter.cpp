#include "meter.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace symphony::bench {

int64_t now_us() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
}

void Meter::sent(size_t room, size_t person, size_t tick, int64_t at_us, bool counted) {
  if (!counted) return;
  sent_us_[at(room, person, tick)] = at_us;
  expected_ += people_ - 1;
}

void Meter::received(size_t room, size_t person, size_t tick, size_t by, int64_t at_us) {
  const size_t index = at(room, person, tick);
  const uint32_t bit = 1u << by;
  if (by == person || sent_us_[index] == 0 || (received_[index] & bit) != 0) return;
  received_[index] |= bit;
  latencies_us_.push_back(static_cast<uint32_t>(at_us - sent_us_[index]));
  sorted_ = false;
}

double Meter::quantile_ms(double part) {
  if (expected_ == 0) return -1;
  if (!sorted_) std::sort(latencies_us_.begin(), latencies_us_.end());
  sorted_ = true;
  const auto rank = static_cast<size_t>(std::ceil(part * static_cast<double>(expected_)));
  const size_t index = rank == 0 ? 0 : rank - 1;
  return index < latencies_us_.size() ? latencies_us_[index] / 1000.0 : -1;
}

double cpu_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const size_t name_end = line.rfind(')');  // the name may hold spaces and brackets
  if (name_end == std::string::npos) return -1;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // state .. cmajflt
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

uint64_t resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace symphony::bench
