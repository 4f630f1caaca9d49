// Array.prototype.sort as V8 does it, for comparisons that contradict themselves.
//
// Yjs says of two structs at the same clock of which one is a GC that each goes before the other. Which of
// them ends up first, and so in the merged update, is then a matter of which comparisons the sort makes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace symphony::crdt {

// V8 sorts shorter arrays by insertion alone; what it does with longer ones is not mirrored.
inline constexpr size_t kJsSortMax = 63;

// `before(a, b)`: the comparison function is negative for them.
template <class T, class Before>
void js_sort(std::vector<T>& list, Before before) {
  if (list.size() < 2) return;
  // The run that stands in order, or in falling order, already.
  const bool falling = before(list[1], list[0]);
  size_t run = 2;
  while (run < list.size() && before(list[run], list[run - 1]) == falling) ++run;
  if (falling) std::reverse(list.begin(), list.begin() + static_cast<ptrdiff_t>(run));
  for (; run < list.size(); ++run) {
    size_t left = 0;
    for (size_t right = run; left < right;) {
      const size_t middle = left + (right - left) / 2;
      if (before(list[run], list[middle])) {
        right = middle;
      } else {
        left = middle + 1;
      }
    }
    const auto at = list.begin() + static_cast<ptrdiff_t>(run);
    std::rotate(list.begin() + static_cast<ptrdiff_t>(left), at, at + 1);
  }
}

}  // namespace symphony::crdt
