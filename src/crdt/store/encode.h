// Writing updates from a document's store: the pieces of an update v1, and a whole state as v2.
#pragma once

#include <span>

#include "crdt/store/store.h"
#include "crdt/wire/delete_set.h"
#include "crdt/wire/encoder.h"
#include "symphony/types.h"

namespace symphony::crdt {

// One client's block: its structs from `clock` on (Yjs: writeStructs).
void write_client(Encoder& out, const Store& store, Slot slot, uint32_t clock);

// Ranges of one slot stand together in ascending order; slots in any order. Written descending by client.
void write_deletes(Encoder& out, const Store& store, std::span<const SlotRange> deletes);

// All that is deleted in the document (createDeleteSetFromStructStore), as a delete set v1 that takes no more
// memory than its bytes.
Buffer encode_all_deletes(const Store& store);

// What a type is, as the payload of a kType.
void write_type(Encoder& out, const Store& store, const Type& type);

// All structs of the document, and these deletes (joined), as update v2.
Buffer encode_state_v2(const Store& store, std::span<const DeleteRange> deletes);

}  // namespace symphony::crdt
