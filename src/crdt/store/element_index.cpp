#include "crdt/store/element_index.h"

#include <algorithm>
#include <utility>

#include "crdt/wire/content.h"

namespace symphony::crdt {

const ElementIndex::Run& ElementIndex::run_at(uint8_t ref, Bytes arena, Span where) {
  if (runs_ == nullptr) runs_ = std::make_unique<std::map<uint32_t, Run>>();
  const auto after = runs_->upper_bound(where.at);
  const bool known = after != runs_->begin() && where.at < std::prev(after)->second.end;
  Run& run = known ? std::prev(after)->second : runs_->insert_or_assign(where.at, Run()).first->second;
  if (!known) run.end = where.at;
  const auto end = static_cast<uint32_t>(where.end());
  for (; run.end < end; ++run.elements) {
    if (run.marks.empty() || run.end >= run.marks.back().at + kStep)
      run.marks.push_back({run.elements, run.end});
    run.end += static_cast<uint32_t>(elements_size(ref, arena.subspan(run.end, end - run.end), 1));
  }
  return run;
}

size_t ElementIndex::size_of(uint8_t ref, Bytes arena, Span where, uint32_t count) {
  if (where.bytes <= 2 * kStep) return elements_size(ref, arena.subspan(where.at, where.bytes), count);
  const Run& run = run_at(ref, arena, where);
  const auto size = [&](uint32_t from, uint32_t elements) {
    return elements_size(ref, arena.subspan(from, where.end() - from), elements);
  };
  // Which element of the run `where` begins with.
  const auto behind = std::upper_bound(run.marks.begin(), run.marks.end(), where.at,
                                       [](uint32_t at, const Mark& mark) { return at < mark.at; });
  uint32_t first = std::prev(behind)->element;
  for (uint32_t at = std::prev(behind)->at; at < where.at; ++first) {
    at += static_cast<uint32_t>(elements_size(ref, arena.subspan(at, where.at - at), 1));
  }
  const uint32_t wanted = first + count;
  const auto beyond =
      std::upper_bound(run.marks.begin(), run.marks.end(), wanted,
                       [](uint32_t element, const Mark& mark) { return element < mark.element; });
  const Mark& mark = *std::prev(beyond);
  if (mark.at <= where.at) return size(where.at, count);
  return mark.at - where.at + size(mark.at, wanted - mark.element);
}

size_t ElementIndex::memory_bytes() const {
  if (runs_ == nullptr) return 0;
  size_t bytes = 0;
  for (const auto& [at, run] : *runs_)
    bytes += sizeof(at) + sizeof(run) + run.marks.capacity() * sizeof(Mark);
  return bytes;
}

}  // namespace symphony::crdt
