#include "server/memory.h"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

// There if the program is linked with mimalloc: tests and sanitizers are not.
extern "C" void mi_collect(bool force) __attribute__((weak));

namespace symphony {

void give_back_memory() {
  if (mi_collect != nullptr) return mi_collect(true);
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace symphony
