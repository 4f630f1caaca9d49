#include "server/memory.h"

#include <sys/prctl.h>

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#if __has_include(<mimalloc.h>)
#include <mimalloc.h>
// There if the program is linked with it: tests and sanitizers are not.
#pragma weak mi_collect
#pragma weak mi_option_set_default
#endif

namespace symphony {

void prepare_memory() {
  // A region that once held a large document would go on to be filled by two megabytes at a time, however
  // little of it the next small ones need.
  ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
#ifdef MI_MALLOC_VERSION
#if MI_MALLOC_VERSION < 210
  constexpr mi_option_t kDelay = mi_option_decommit_delay;
#else
  constexpr mi_option_t kDelay = mi_option_purge_delay;
#endif
  if (mi_option_set_default != nullptr) mi_option_set_default(kDelay, 0);
#endif
}

void give_back_memory() {
#ifdef MI_MALLOC_VERSION
  if (mi_collect != nullptr) return mi_collect(true);
#endif
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace symphony
