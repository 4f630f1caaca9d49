// Everything about a server that an operator can set, with the defaults and their reasons.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/time.h"
#include "room/room.h"

namespace symphony {

struct ServerOptions {
  std::string version = "dev";  // shown by /metrics
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0: any free one

  size_t connections_max = 50'000;         // a few KiB each while idle
  size_t connections_per_ip_max = 10'000;  // generous: a whole office or a proxy may share one address
  size_t rooms_max = 50'000;               // rooms in memory at once, all loops together

  size_t head_bytes_max = 16u << 10;  // of a request; cookies and tokens fit
  Duration head_timeout =
      std::chrono::seconds(10);  // for a whole request head, from the first chance to send it
  Duration keep_alive_timeout = std::chrono::seconds(60);  // between two HTTP requests

  size_t message_bytes_max = 128u << 20;  // one WebSocket message: a client's first sync of a large document
  Duration idle_timeout =
      std::chrono::seconds(60);  // no sign of life: half of it unheard brings a ping, all of it the end
  Duration close_timeout = std::chrono::seconds(5);  // for the client to hear why it is closed

  // A client that sends more waits in its socket until the next second begins: fast enough for any person or
  // import, and one client cannot keep a loop from serving the others.
  size_t messages_per_second_max = 5'000;

  // A peer's unsent bytes. Over `high` its room stops queueing for it; at `low` it catches up with one merged
  // diff.
  size_t backlog_high_bytes = 1u << 20;
  size_t backlog_low_bytes = 128u << 10;
  Duration stuck_timeout =
      std::chrono::seconds(30);  // a backlog of which the client takes nothing for so long

  // A room's updates that are not durable yet. Over it, peers that go on writing are not read until half is
  // stored.
  size_t unstored_high_bytes = 16u << 20;

  Duration lease = std::chrono::seconds(10);       // of the store's owner: renewed every third of it
  size_t compaction_bytes_per_second = 64u << 20;  // of snapshots written in the background; 0: no limit

  Duration drain_timeout = std::chrono::seconds(10);  // SIGTERM: after it the process ends, stored or not

  RoomOptions room;
  uint64_t seed =
      1;  // of hash tables, jitter and room generators; from the system's randomness in production
};

}  // namespace symphony
