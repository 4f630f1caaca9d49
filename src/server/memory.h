// Free memory, given back to the system.
//
// The program is linked with mimalloc: of what Debian has it is the fastest on the server's benchmark, and
// what documents leave behind becomes whole free pages (docs/operations.md#memory has the figures). A block
// belongs to the heap of the thread that allocated it, whoever frees it, and pages go back when that thread
// next looks after its heap: a thread that has nothing more to do must be asked.
#pragma once

namespace symphony {

// At the start of the program: a page that becomes free is given back then, not a moment later by whoever
// next frees something, which in a server that has become idle is nobody. MIMALLOC_ variables still count.
void prepare_memory();

// Gives back what is free of the calling thread's heap (of all heaps, where the allocator is glibc's). Cost:
// some microseconds for each MiB in use.
void give_back_memory();

}  // namespace symphony
