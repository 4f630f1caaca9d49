// The options of `symphony serve`, as its help page shows them.
#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "cli/serve.h"

namespace symphony {

void add_serve_command(CLI::App& app, ServeOptions& options) {
  CLI::App& serve =
      *app.add_subcommand("serve", "Run Symphony on this machine: all rooms in one process, one file");
  serve.group("Commands");
  ServerOptions& server = options.server;

  OptionGroup where(serve, "Where");
  where.text("--listen", "HOST:PORT", options.listen,
             "Address for browsers and other clients; port 0 takes any free one, 0.0.0.0 every interface");
  add_storage_options(where, options.storage);
  where
      .text("--advertise", "HOST:PORT", options.advertise,
            "Where other servers of the same store reach this one, if not at --listen")
      .text("--www", "FOLDER", options.www, "Pages to serve at /; by default the built examples");

  OptionGroup(serve, "How")
      .count("--loops", options.loops,
             "Event loops, each a thread with its share of the rooms; 0 is one a core")
      .text("--log-level", "LEVEL", options.log_level,
            "debug, info, warning, error or off; the log goes to stderr")
      .duration("--drain-timeout", server.drain_timeout,
                "After SIGTERM: how long storing what is left may take before the process ends anyway");

  OptionGroup(serve, "Rooms")
      .duration("--grace", server.room.grace,
                "How long a room stays in memory after its last client has left")
      .duration(
          "--rest-after", server.room.rest_after,
          "How long after its last edit a document is kept as bytes, a second more for each MiB of it: more "
          "costs memory, less processor time")
      .duration("--presence-tick", server.room.presence_tick,
                "Cursors and other presence are merged and sent at most this often")
      .duration("--presence-expiry", server.room.presence_expiry,
                "Presence that is not renewed for so long is removed")
      .on_off(
          "--show-behind-gaps", server.room.doc.show_behind_gaps,
          "Pass on at once what came before an update that is missing, as Yjs 14 does; off waits, as Yjs 13 "
          "does")
      .bytes("--snapshot-bytes", server.room.snapshot_log_bytes,
             "A snapshot replaces a room's update log when it has grown to this")
      .count("--snapshot-updates", server.room.snapshot_log_entries, "The same, by number of updates")
      .bytes("--snapshot-rate", server.compaction_bytes_per_second,
             "Bytes of snapshots written in a second, on average; 0 is no limit")
      .duration("--lease", server.lease,
                "How long a server that has vanished keeps its rooms; renewed every third of it");

  OptionGroup(serve, "Limits")
      .count("--connections-max", server.connections_max, "Open connections")
      .count("--connections-per-ip-max", server.connections_per_ip_max, "Open connections from one address")
      .count("--rooms-max", server.rooms_max, "Rooms in memory at once")
      .count("--peers-per-room-max", server.room.peers_max, "Clients in one room")
      .bytes("--message-bytes-max", server.message_bytes_max, "One message of a client")
      .count("--messages-per-second-max", server.messages_per_second_max,
             "Messages of one client; beyond it waits for the next second. 0: no limit")
      .bytes("--backlog-bytes", server.backlog_high_bytes,
             "Unsent bytes of a slow client; over it the client catches up with one merged update later")
      .bytes("--unstored-bytes", server.unstored_high_bytes,
             "Updates of a room that wait for the disk; over it its writers are slowed down")
      .duration("--idle-timeout", server.idle_timeout,
                "A client without a sign of life is pinged after half of this and closed after all of it")
      .duration("--stuck-timeout", server.stuck_timeout,
                "A client that takes nothing of what is sent to it for so long is closed")
      .duration("--head-timeout", server.head_timeout, "For a client to send its whole request head");

  serve.footer(
      "Every option has a variable: --log-level is SYMPHONY_LOG_LEVEL. A flag beats its variable.\n"
      "Sizes: 65536, 64KiB, 16MiB. Times: 250ms, 30s, 5m.\n\n"
      "Clients connect to ws://HOST:PORT/rooms/<room id> with any Yjs y-websocket provider.\n"
      "For operators: /healthz, /readyz, /metrics. SIGTERM drains and stores; a second one ends at once.");
}

}  // namespace symphony
