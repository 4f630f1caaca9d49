// What a room knows of one connection, and the connections of a room.
#pragma once

#include <algorithm>
#include <vector>

#include "base/shared_buffer.h"
#include "base/time.h"
#include "room/room.h"

namespace symphony {

struct Peer {
  // Document messages that are not known to be durable: they will be when slot `seq` is.
  struct Due {
    uint64_t seq;
    uint64_t documents;  // the peer's count, this message included
    SharedBuffer echo;   // what the peer gets back then; null: nothing
  };

  PeerId id = 0;
  PeerOptions options;
  Time last_sent;
  bool greeted = false;             // it was sent its first messages
  bool sealed = false;              // it answered our sync step 1 (Presence::seal)
  bool told_read_only = false;      // it was told once that its updates are ignored
  uint64_t documents = 0;           // document messages received
  uint64_t documents_durable = 0;   // the last count it was told
  std::vector<Due> due;             // ascending; only for peers with acks or echo
  Time resync_after = Time::min();  // it may be asked for missing updates again then

  // Set while the peer lags (on_backlog) or waits for a room that loads.
  bool backlogged = false;   // its send queue is over the bound
  bool missing = false;      // it gets no broadcasts now, and one merged diff later
  bool asked = false;        // the diff answers a sync step 1 (against what it sent), else against ...
  Buffer state_vector;       // ... what it had when it fell behind
  bool confirm_all = false;  // echo peers: send the whole document once all of it is durable
};

// In ascending order of their ids: few, iterated often, and the order of every broadcast.
class PeerTable {
 public:
  Peer* find(PeerId id) {
    const auto at = lower_bound(id);
    return at != peers_.end() && at->id == id ? &*at : nullptr;
  }

  Peer& insert(PeerId id) {
    const auto at = peers_.emplace(lower_bound(id));
    at->id = id;
    return *at;
  }

  void erase(PeerId id) { peers_.erase(lower_bound(id)); }
  void clear() { peers_.clear(); }

  size_t size() const { return peers_.size(); }
  bool empty() const { return peers_.empty(); }
  auto begin() { return peers_.begin(); }
  auto end() { return peers_.end(); }
  auto begin() const { return peers_.begin(); }
  auto end() const { return peers_.end(); }

 private:
  std::vector<Peer>::iterator lower_bound(PeerId id) {
    // Small rooms, and ids that only grow: the end is the usual place to look.
    if (peers_.empty() || peers_.back().id < id) return peers_.end();
    return std::ranges::lower_bound(peers_, id, {}, &Peer::id);
  }

  std::vector<Peer> peers_;
};

}  // namespace symphony
