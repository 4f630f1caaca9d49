// Removing formatting marks that no longer do anything, as a Y.Doc does after a remote change of a text it
// knows to be one (YText.js: cleanupYTextAfterTransaction). A root that nobody asked for by name is not known
// to be a text, so on a server only nested texts are cleaned.
#pragma once

#include "crdt/integrate/transaction.h"
#include "crdt/store/store.h"

namespace symphony::crdt {

// Looks at what `changes` (finished, not cleaned up) did and deletes redundant marks in `cleanup`.
void clean_formatting(Store& store, const Transaction& changes, Transaction& cleanup);

}  // namespace symphony::crdt
