// ASSERT: a broken invariant of our own. Always on; nothing a peer sends can reach one.
#pragma once

#include <cstdio>
#include <cstdlib>

#define ASSERT(condition)                                                                    \
  do {                                                                                       \
    if (__builtin_expect(!(condition), 0)) {                                                 \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
