// What is visible behind a gap, as Yjs 14 shows it.
//
// Yjs 13 parks all of a client's structs behind one that is missing; Yjs 14 integrates those whose own
// origins are known. Both encode the same state. Here the store is always Yjs 13's; who asks for the other
// view reads a second document, in which the gaps are filled with GC structs: what depends on a gap is as
// invisible there as what waits.
#pragma once

#include "symphony/types.h"

namespace symphony::crdt {

// A valid state (update v1) with every Skip, and what a client lacks before its first struct, as GC structs.
Buffer fill_gaps(Bytes state);

}  // namespace symphony::crdt
