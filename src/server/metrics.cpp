#include "server/metrics.h"

#include <prometheus/text_serializer.h>

#include <sstream>

namespace symphony {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Page {
 public:
  void counter(const std::string& name, const std::string& help, uint64_t value) {
    labelled_counter(name, help, "", {{"", value}});
  }

  void labelled_counter(const std::string& name, const std::string& help, const std::string& label,
                        const std::map<std::string, uint64_t>& values) {
    MetricFamily family{name, help, MetricType::Counter, {}};
    for (const auto& [label_value, value] : values) {
      ClientMetric metric;
      if (!label.empty()) metric.label = {{label, label_value}};
      metric.counter.value = static_cast<double>(value);
      family.metric.push_back(std::move(metric));
    }
    if (!family.metric.empty()) families_.push_back(std::move(family));
  }

  void gauge(const std::string& name, const std::string& help, double value) {
    gauges(name, help, "", {{"", value}});
  }

  void gauges(const std::string& name, const std::string& help, const std::string& label,
              const std::vector<std::pair<std::string, double>>& values) {
    MetricFamily family{name, help, MetricType::Gauge, {}};
    for (const auto& [label_value, value] : values) {
      ClientMetric metric;
      if (!label.empty()) metric.label = {{label, label_value}};
      metric.gauge.value = value;
      family.metric.push_back(std::move(metric));
    }
    families_.push_back(std::move(family));
  }

  void histogram(const std::string& name, const std::string& help, const Histogram& histogram) {
    ClientMetric metric;
    metric.histogram.sample_count = histogram.count();
    metric.histogram.sample_sum = histogram.sum_seconds();
    uint64_t cumulative = 0;
    for (size_t i = 0; i < Histogram::kBoundsSeconds.size(); ++i) {
      cumulative += histogram.buckets()[i];
      metric.histogram.bucket.push_back({cumulative, Histogram::kBoundsSeconds[i]});
    }
    families_.push_back({name, help, MetricType::Histogram, {std::move(metric)}});
  }

  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<MetricFamily> families_;
};

void add_counts(std::map<std::string, uint64_t>& to, const std::map<std::string, uint64_t>& from) {
  for (const auto& [key, value] : from) to[key] += value;
}

void describe_connections(Page& page, const LoopMetrics& sum, const AdmissionMetrics& admission) {
  page.gauge("symphony_connections", "Open connections, HTTP and WebSocket.",
             static_cast<double>(sum.connections));
  page.counter("symphony_connections_accepted_total", "Connections accepted.", admission.accepted);
  page.labelled_counter("symphony_connections_refused_total",
                        "Connections refused, by the limit that they were over.", "limit",
                        {{"connections", admission.refused_limit}, {"per_ip", admission.refused_ip_limit}});
  page.labelled_counter("symphony_http_responses_total", "HTTP responses, by status.", "status",
                        sum.http_responses);
  page.counter("symphony_websockets_opened_total", "WebSockets opened.", sum.websockets_opened);
  page.labelled_counter("symphony_websockets_closed_total",
                        "WebSockets closed, by the close code sent, or by whose doing it was.", "code",
                        sum.websocket_closes);
  page.counter("symphony_messages_received_total", "WebSocket messages received.", sum.messages_received);
  page.counter("symphony_messages_sent_total", "WebSocket messages sent.", sum.messages_sent);
  page.counter("symphony_received_bytes_total", "Bytes received on WebSockets.", sum.received_bytes);
  page.counter("symphony_sent_bytes_total", "Bytes sent on WebSockets.", sum.sent_bytes);
  page.gauge("symphony_queued_bytes", "Bytes that clients have not taken yet.",
             static_cast<double>(sum.queued_bytes));
  page.counter("symphony_backlogs_total", "Times that a slow reader's queue went over its bound.",
               sum.backlogs);
  page.counter("symphony_holds_total",
               "Times that a writer was slowed because its room had too much to store.", sum.holds);
  page.counter("symphony_throttles_total",
               "Times that a client was slowed because it sent too many messages.", sum.throttles);
}

void describe_rooms(Page& page, const std::vector<LoopMetrics>& loops, const LoopMetrics& sum) {
  std::vector<std::pair<std::string, double>> by_loop;
  for (size_t i = 0; i < loops.size(); ++i) {
    by_loop.emplace_back(std::to_string(i), static_cast<double>(loops[i].rooms));
  }
  page.gauges("symphony_rooms", "Rooms in memory, by event loop.", "loop", by_loop);
  page.gauge("symphony_peers", "Clients in rooms.", static_cast<double>(sum.peers));
  page.gauge("symphony_presence_clients", "Presence states that rooms hold.",
             static_cast<double>(sum.presence_clients));
  page.gauge("symphony_document_bytes", "Memory of all documents.", static_cast<double>(sum.document_bytes));
  page.gauge("symphony_unstored_updates", "Updates that are not durable yet.",
             static_cast<double>(sum.unstored_updates));
  page.gauge("symphony_troubled_rooms", "Rooms whose newest storage call failed.",
             static_cast<double>(sum.troubled_rooms));
  page.counter("symphony_poisoned_updates_total", "Stored updates that were left out while loading a room.",
               sum.poisoned_updates);
  page.counter("symphony_updates_applied_total", "Updates applied to documents.", sum.updates_applied);
  page.counter("symphony_updates_refused_total", "Updates refused as malformed or over a limit.",
               sum.updates_refused);
  page.counter("symphony_room_storage_failures_total",
               "Storage calls of rooms that failed and are tried again.", sum.storage_failures);
  page.histogram("symphony_loop_delay_seconds",
                 "How late an event loop's timer fires: above 0.05 it is overloaded.", sum.loop_delay);
}

void describe_store(Page& page, const StoreMetrics& store, const LeaseMetrics& lease) {
  page.counter("symphony_store_commits_total", "Group commits to the update log.", store.commits);
  page.counter("symphony_store_appends_total", "Updates appended to the log.", store.appends);
  page.counter("symphony_store_append_bytes_total", "Bytes of updates appended to the log.",
               store.append_bytes);
  page.counter("symphony_store_loads_total", "Rooms loaded.", store.loads);
  page.counter("symphony_store_held_elsewhere_total",
               "Rooms that another server held when they were asked for.", store.held_elsewhere);
  page.counter("symphony_store_snapshots_total", "Snapshots stored.", store.snapshots);
  page.counter("symphony_store_snapshot_bytes_total", "Bytes of snapshots stored.", store.snapshot_bytes);
  page.counter("symphony_store_quarantined_total",
               "Updates put into quarantine because the engine refuses them.", store.quarantined);
  page.labelled_counter("symphony_store_failures_total", "Storage calls that failed.", "call",
                        {{"append", store.append_failures},
                         {"load", store.load_failures},
                         {"snapshot", store.snapshot_failures},
                         {"release", store.release_failures},
                         {"connections", store.connection_failures},
                         {"lease", lease.failures}});
  page.counter("symphony_store_lease_renewals_total", "Times that this server's lease was renewed.",
               lease.renewals);
  page.counter("symphony_store_lease_lapses_total",
               "Times that the lease had run out: others may have taken rooms.", lease.lapses);
  page.gauge("symphony_store_queue", "Storage calls that wait.", static_cast<double>(store.queued));
  page.histogram("symphony_store_commit_seconds", "One group commit.", store.commit);
  page.histogram("symphony_store_append_seconds",
                 "From an update's arrival in the queue to its being durable.", store.append);
  page.histogram("symphony_store_load_seconds", "Loading one room.", store.load);
  page.histogram("symphony_store_snapshot_seconds", "Replacing one room's log by a snapshot.",
                 store.snapshot);
}

}  // namespace

void Histogram::observe(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  ++count_;
  sum_seconds_ += seconds;
  for (size_t i = 0; i < kBoundsSeconds.size(); ++i) {
    if (seconds <= kBoundsSeconds[i]) {
      ++buckets_[i];
      return;
    }
  }
}

void Histogram::add(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_seconds_ += other.sum_seconds_;
}

void LoopMetrics::add(const LoopMetrics& other) {
  connections += other.connections;
  peers += other.peers;
  rooms += other.rooms;
  presence_clients += other.presence_clients;
  document_bytes += other.document_bytes;
  queued_bytes += other.queued_bytes;
  unstored_updates += other.unstored_updates;
  websockets_opened += other.websockets_opened;
  messages_received += other.messages_received;
  received_bytes += other.received_bytes;
  messages_sent += other.messages_sent;
  sent_bytes += other.sent_bytes;
  updates_applied += other.updates_applied;
  updates_refused += other.updates_refused;
  storage_failures += other.storage_failures;
  poisoned_updates += other.poisoned_updates;
  troubled_rooms += other.troubled_rooms;
  backlogs += other.backlogs;
  holds += other.holds;
  throttles += other.throttles;
  add_counts(http_responses, other.http_responses);
  add_counts(websocket_closes, other.websocket_closes);
  loop_delay.add(other.loop_delay);
}

std::string format_metrics(const ServerMetrics& metrics, const std::string& version) {
  LoopMetrics sum;
  for (const LoopMetrics& loop : metrics.loops) sum.add(loop);
  Page page;
  page.gauges("symphony_build_info", "The version that runs.", "version", {{version, 1.0}});
  describe_connections(page, sum, metrics.admission);
  describe_rooms(page, metrics.loops, sum);
  describe_store(page, metrics.store, metrics.lease);
  return page.text();
}

}  // namespace symphony
