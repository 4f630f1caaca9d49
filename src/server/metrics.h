// What /metrics shows. Plain numbers: each loop counts for itself, a scrape adds copies up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace symphony {

// Counts durations by upper bound, as Prometheus histograms do.
class Histogram {
 public:
  static constexpr std::array<double, 12> kBoundsSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                            0.05,   0.1,   0.25,   0.5,   1,    2.5};

  void observe(Duration duration);
  void add(const Histogram& other);

  uint64_t count() const { return count_; }
  double sum_seconds() const { return sum_seconds_; }
  const std::array<uint64_t, kBoundsSeconds.size()>& buckets() const { return buckets_; }  // not cumulative

 private:
  std::array<uint64_t, kBoundsSeconds.size()> buckets_{};
  uint64_t count_ = 0;
  double sum_seconds_ = 0;
};

// What one loop counts.
struct LoopMetrics {
  // Now.
  uint64_t connections = 0;  // HTTP and WebSocket
  uint64_t peers = 0;        // WebSockets in rooms
  uint64_t rooms = 0;
  uint64_t presence_clients = 0;
  uint64_t document_bytes = 0;
  uint64_t queued_bytes = 0;      // sent by rooms, not yet taken by sockets
  uint64_t unstored_updates = 0;  // appended, not durable yet
  uint64_t troubled_rooms = 0;    // whose newest storage call failed

  // Since the start.
  uint64_t websockets_opened = 0;
  uint64_t messages_received = 0;
  uint64_t received_bytes = 0;
  uint64_t messages_sent = 0;
  uint64_t sent_bytes = 0;
  uint64_t updates_applied = 0;
  uint64_t updates_refused = 0;
  uint64_t storage_failures = 0;
  uint64_t poisoned_updates = 0;  // left out while loading
  uint64_t backlogs = 0;          // times a peer's queue went over its bound
  uint64_t holds = 0;             // times a peer was not read because its room had too much to store
  uint64_t throttles = 0;         // times a peer was not read because it sent too many messages
  std::map<std::string, uint64_t> http_responses;    // by status
  std::map<std::string, uint64_t> websocket_closes;  // by the close code we sent, or "client", "lost", "idle"

  Histogram loop_delay;  // how late the loop's timer fires

  void add(const LoopMetrics& other);
};

// What the storage queue counts.
struct StoreMetrics {
  uint64_t commits = 0;
  uint64_t appends = 0;
  uint64_t append_failures = 0;
  uint64_t loads = 0;
  uint64_t load_failures = 0;
  uint64_t held_elsewhere = 0;  // loads that found another owner
  uint64_t snapshots = 0;
  uint64_t snapshot_failures = 0;
  uint64_t snapshot_bytes = 0;  // written since the start
  uint64_t append_bytes = 0;    // likewise, of updates
  uint64_t quarantined = 0;
  uint64_t release_failures = 0;
  uint64_t connection_failures = 0;  // records of connections that could not be stored
  uint64_t queued = 0;               // now
  Histogram commit;                  // one group commit
  Histogram append;                  // from an update's handing over to its being durable
  Histogram load;
  Histogram snapshot;
};

// What the lease keeper counts.
struct LeaseMetrics {
  uint64_t renewals = 0;
  uint64_t failures = 0;
  uint64_t lapses = 0;  // it had run out before it was renewed
};

struct AdmissionMetrics {
  uint64_t accepted = 0;
  uint64_t refused_limit = 0;
  uint64_t refused_ip_limit = 0;
};

// The page, in Prometheus's text format.
struct ServerMetrics {
  std::vector<LoopMetrics> loops;
  StoreMetrics store;
  LeaseMetrics lease;
  AdmissionMetrics admission;
};
std::string format_metrics(const ServerMetrics& metrics, const std::string& version);

}  // namespace symphony
