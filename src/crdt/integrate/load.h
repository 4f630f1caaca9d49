// A whole state into an empty document, in one pass over the bytes.
//
// The general way (parse_update, then Applier) may find anything in a document and must keep what has to
// wait. A state brings all it refers to, its clients descending and each from clock 0: items can be laid out
// as they are read, one behind the other, and linked afterwards, in the order in which Yjs would integrate
// them.
#pragma once

#include <iterator>
#include <vector>

#include "crdt/integrate/transaction.h"
#include "crdt/store/bulk_index.h"
#include "crdt/store/lineage_table.h"
#include "crdt/store/store.h"
#include "crdt/wire/struct_reader.h"

namespace symphony::crdt {

class Loader {
 public:
  // Pays from so many bytes on.
  static constexpr size_t kBytesMin = 512;

  // `store` is empty, `transaction` has begun.
  Loader(Store& store, Transaction& transaction, const DocLimits& limits)
      : store_(store), transaction_(transaction), limits_(limits), kinds_(0) {}

  // False if the update is not such a state, or not valid, or beyond a limit: then the store holds rubbish,
  // to be replaced by an empty one, and the general way says what is the matter. Otherwise the transaction
  // holds the changes. Cost: linear, plus what conflicts cost.
  bool load(Bytes update);

 private:
  // A client of the update and its items.
  struct Block {
    Slot slot = kNil;
    ItemIndex next = 0;  // not linked yet
    ItemIndex end = 0;
    uint32_t next_clock = 0;  // of that item, or the client's state
    bool waits = false;       // on the stack
  };

  bool lay_out(Bytes update);
  bool lay_out_block(StructReader& in);
  Bytes content(const ParsedStruct& s) const { return update_.subspan(s.content_at, s.content_bytes); }
  void set_content(const ParsedStruct& s, Item& item);
  bool link_all();
  SlotId link(Block& block);
  bool link_plainly(ItemIndex index, ItemIndex left, ItemIndex right);
  ItemIndex clean_start(const SlotId& id, ItemIndex left);
  ItemIndex clean_end(const SlotId& id, ItemIndex linked);
  bool is_linked(const SlotId& id, Slot own) const;
  ParsedParent parent_at(const Item& item) const;
  bool apply_deletes();

  Store& store_;
  Transaction& transaction_;
  const DocLimits& limits_;
  Bytes update_;
  LineageTable kinds_;  // of the items that are not linked: without parent
  std::vector<Block> blocks_;
  size_t deleted_ = 0;  // items that came deleted
  BulkIndex bulk_;
  std::vector<uint32_t> block_of_slot_;
  std::vector<DeleteRange> deletes_;
  // What came out for the last items that were not linked plainly.
  struct Plain {
    uint32_t kind = kNil;          // index in kinds_
    uint32_t left_lineage = kNil;  // of the item it stands behind
    uint32_t lineage = 0;          // what it got
    TypeIndex parent = kNil;
  };
  Plain& plain_of(const Item& unlinked, const Item& left) {
    return plain_[(unlinked.lineage ^ left.lineage) % std::size(plain_)];
  }
  Plain plain_[16];
};

}  // namespace symphony::crdt
