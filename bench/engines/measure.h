// How long one operation takes and how much memory it needs: measure.mjs, which says what the figures mean,
// in C++.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace engines {

// CPU time of the process so far.
double cpu_ms();

// Resident memory now, and the highest since the last forget_peak(); 0 where the system does not tell.
size_t resident_bytes();
size_t peak_bytes();
void forget_peak();

// Memory that the allocator has handed out, with its own bookkeeping.
size_t heap_bytes();

struct Figures {
  double first_ms = 0;
  std::vector<double> samples_ms;
  size_t peak_bytes = 0;
  size_t output_bytes = 0;
};

// Prints the line of JSON that run.mjs reads.
void print_figures(Figures figures);
void print_memory(size_t documents, double held_bytes, double rss_bytes);
void print_skip(const char* why);

struct Repeat {
  double budget_ms;
  bool reuse = false;  // one context serves all runs
  size_t most = 1000;  // contexts held at once
};

// Runs `run(context)`, which gives the number of bytes it made, on contexts that `prepare()` makes outside
// the clock.
template <class Prepare, class Run>
Figures measure(const Repeat& repeat, Prepare prepare, Run run) {
  using Context = decltype(prepare());
  constexpr double kSampleMs = 5;
  constexpr size_t kSamplesMax = 50;
  Figures figures;
  std::optional<Context> first(prepare());
  forget_peak();
  const size_t resident = resident_bytes();
  double start = cpu_ms();
  figures.output_bytes = run(*first);
  figures.first_ms = cpu_ms() - start;
  figures.peak_bytes = std::max(peak_bytes(), resident) - resident;
  if (!repeat.reuse) first.reset();

  const double estimate = std::max(figures.first_ms / 4, 0.005);
  const size_t limit = repeat.reuse ? 1000 : repeat.most;
  const size_t runs = std::clamp<size_t>(static_cast<size_t>(kSampleMs / estimate) + 1, 1, limit);
  const double begin = cpu_ms();
  while (figures.first_ms < repeat.budget_ms && figures.samples_ms.size() < kSamplesMax &&
         cpu_ms() - begin < repeat.budget_ms) {
    std::vector<Context> contexts;
    for (size_t i = 0; i < runs && !repeat.reuse; ++i) contexts.push_back(prepare());
    start = cpu_ms();
    for (size_t i = 0; i < runs; ++i) run(repeat.reuse ? *first : contexts[i]);
    figures.samples_ms.push_back((cpu_ms() - start) / static_cast<double>(runs));
  }
  return figures;
}

// The same for an operation that makes all it needs itself.
template <class Run>
Figures measure(const Repeat& repeat, Run run) {
  return measure(
      repeat, [] { return 0; }, [&](int) { return run(); });
}

}  // namespace engines
