#include "measure.h"

#include <malloc.h>
#include <time.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace engines {
namespace {

// A line of /proc/self/status, which has kilobytes.
size_t status(const char* name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(name, 0) == 0) return std::stoull(line.substr(std::strlen(name))) * 1024;
  }
  return 0;
}

}  // namespace

double cpu_ms() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

size_t resident_bytes() { return status("VmRSS:"); }

size_t peak_bytes() { return status("VmHWM:"); }

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

void print_figures(Figures figures) {
  std::sort(figures.samples_ms.begin(), figures.samples_ms.end());
  const size_t count = figures.samples_ms.size();
  const double median = count > 0 ? figures.samples_ms[(count - 1) / 2] : figures.first_ms;
  std::printf(
      "{\"median_ms\":%.6f,\"first_ms\":%.6f,\"samples\":%zu,\"peak_bytes\":%zu,\"output_bytes\":%zu}\n",
      median, figures.first_ms, count, figures.peak_bytes, figures.output_bytes);
}

void print_memory(size_t documents, double held_bytes, double rss_bytes) {
  std::printf("{\"documents\":%zu,\"held_bytes\":%.1f,\"rss_bytes\":%.1f}\n", documents, held_bytes,
              rss_bytes);
}

void print_skip(const char* why) { std::printf("{\"skip\":\"%s\"}\n", why); }

}  // namespace engines
