// Structs whose dependencies have not arrived. They wait client by client: the first of a client that cannot
// go in keeps all behind it. When something arrives, only the clients that wait for it are tried again, and
// those that wait for them.
//
//   parts_     updates as they were left over, in the order of arrival; merged when they have doubled
//   blocks_    where in which part each client's structs are
//   waits_     who waits for which clock; waiting_ is the same by who waits
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "crdt/wire/update.h"
#include "symphony/types.h"

namespace symphony::crdt {

class WaitingStructs {
 public:
  // The structs of one client in an update: bytes as on the wire, with their number, client and clock in
  // front.
  struct Block {
    uint64_t client = 0;
    uint32_t clock = 0;  // of the first struct
    uint32_t at = 0;
    uint32_t bytes = 0;
  };
  // A client's structs wait for a clock of one that may be itself.
  struct Need {
    uint64_t client = 0;
    Id missing;
  };
  // A client of which structs have just been integrated, and its next clock.
  struct Arrived {
    uint64_t client = 0;
    uint32_t state = 0;
  };

  static constexpr size_t kWaitBytes = 256;  // what it takes that one client waits for another

  bool empty() const { return parts_.empty(); }
  // Of memory; what has been sent twice may count twice for a while.
  size_t bytes() const { return part_bytes_ + waits_.size() * kWaitBytes; }
  size_t clients() const { return waiting_.size(); }
  size_t structs_max(uint64_t client) const;  // how many of this client may wait

  // Keeps an update without deletes. Each of its clients needs something. Amortised cost: linear in the
  // update, and logarithmic for each client.
  void add(Buffer structs, const std::vector<Block>& blocks, const std::vector<Need>& needs);

  // Whether something waits for a clock of `client` below `state`.
  bool waits_for(uint64_t client, uint32_t state) const;

  // All that waits as one update, as mergeUpdates makes it (store.pendingStructs); empty if nothing does.
  const Buffer& merged() const;

  // To be told what arrived although nothing waited for it: what it brought may be waiting here, too.
  void note_known(const std::vector<Arrived>& arrived);

  // Takes out what might go in now, as one update: the clients that wait for what arrived, those that wait
  // for these, and what note_known() found. Cost: linear in what is taken, and logarithmic for each client.
  Buffer take(const std::vector<Arrived>& arrived);

  // Of whom take() would take: nobody, unless something arrived that somebody waits for.
  std::set<uint64_t> woken_by(const std::vector<Arrived>& arrived) const;

 private:
  struct Place {
    uint32_t at = 0;
    uint32_t bytes = 0;
  };
  struct Waiting {
    uint32_t clock = ~uint32_t{0};         // of the first struct that waits
    std::map<uint64_t, uint32_t> missing;  // the lowest clock of each client
  };
  using Key = std::pair<uint64_t, uint32_t>;  // client, index of the part
  using BlockAt = std::map<Key, Place>::const_iterator;
  using Wait = std::tuple<uint64_t, uint32_t, uint64_t>;  // client and clock waited for, who waits

  void need(const Need& need);
  void tidy();
  std::vector<Buffer> updates_of(const std::vector<BlockAt>& blocks) const;

  mutable std::vector<Buffer> parts_;
  mutable std::map<Key, Place> blocks_;  // ordered, as all here: ids are a peer's choice
  mutable size_t part_bytes_ = 0;        // of what waits
  mutable size_t stored_bytes_ = 0;      // of all parts: what was taken stays in them for a while
  mutable size_t merged_bytes_ = 0;      // when they were merged last
  mutable bool as_merged_ = true;        // there is one part, and it is what merged() gives
  std::map<uint64_t, Waiting> waiting_;
  std::set<Wait> waits_;
  std::set<uint64_t> known_;  // see note_known
};

}  // namespace symphony::crdt
