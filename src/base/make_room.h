// How the arrays of documents grow.
#pragma once

#include <cstddef>
#include <vector>

namespace symphony {

// Makes room for `more` elements behind the others. An array grows by an eighth, not to the double: memory is
// what documents are measured by, and an element is copied some eight times all the same.
template <class T>
void make_room(std::vector<T>& array, size_t more) {
  const size_t needed = array.size() + more;
  if (needed <= array.capacity()) return;
  constexpr size_t kFew = 256 / sizeof(T) + 1;  // small arrays double
  array.reserve(needed + (array.size() <= kFew ? array.size() : array.size() / 8));
}

}  // namespace symphony
