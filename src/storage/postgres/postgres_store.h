// A Store on Postgres 14 or newer, for many processes at once; snapshots lie in an object store or, if they
// are small, in the database.
//
// The tables, the functions that write them and why no owner that lost its room stores anything: schema_v1.h.
// The store never alters the schema; migrate() does.
//
// A call is one round trip. Appends have a connection of their own, so that no load or snapshot stands before
// them; the rest share a pool, of which one connection is left to short calls. A database that is gone gives
// kUnavailable after call_timeout, or at once while it is not yet time to connect again.
//
// A snapshot above inline_bytes_max is put as an object first, then one transaction makes it current and
// drops the slots it covers, then what it replaced is removed. An object is removed only if the transaction
// that would make it current is sure to be refused, because the room has a newer epoch or a newer snapshot: a
// call that was given up may still be under way.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/blob/object_store.h"
#include "storage/postgres/pool.h"
#include "storage/store.h"

namespace symphony {

struct PostgresOptions {
  // TLS, passwords, timeouts; statement_timeout holds for appends.
  postgres::ConnectionOptions connection;
  // Besides the one for appends; opened when needed.
  size_t connections_max = 4;
  // After a second failure to connect in a row, doubled with each further one; half of it is jitter.
  Duration backoff_min = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(2);
  // The largest snapshot that stays in the database although there is an object store: what a small room
  // loads in one round trip.
  size_t inline_bytes_max = 64 << 10;
  // Appends are sent in messages of about so much; all of a batch are one transaction. More than a server's
  // batch is: the database begins with a message when it has all of it, so a process that is stopped while it
  // sends one holds no locks, and the room's next owner need not wait for it.
  size_t message_bytes = 192 << 20;
};

class PostgresStore final : public Store {
 public:
  // `objects` must outlive the store; null: all snapshots stay in the database. Connects, to look whether the
  // schema fits: kInvalid (run `symphony migrate`; or options make no sense), kConflict (a newer schema),
  // kUnavailable.
  static Result<std::unique_ptr<PostgresStore>> open(const OwnerOptions& owner,
                                                     const PostgresOptions& options, ObjectStore* objects);

  Result<Claim> take(std::string_view room) override;
  Result<bool> renew() override;
  Result<void> release(std::string_view room, uint64_t epoch) override;
  Result<void> retire() override;

  std::vector<Result<void>> append(std::span<const AppendRequest> requests) override;
  std::vector<Result<void>> put_snapshots(std::span<const SnapshotRequest> requests) override;

  Result<StoredRoom> load(std::string_view room) override;
  Result<std::vector<RoomInfo>> rooms(std::string_view after, size_t limit) override;
  Result<std::vector<Quarantined>> quarantined(std::string_view room) override;

  Result<void> record_connections(std::span<const ConnectionRecord> connections) override;
  Result<std::vector<int64_t>> connections(std::string_view room, size_t limit) override;
  Result<void> forget_connections(int64_t before_unix_ms) override;
  Result<void> ping() override;

  // Looks at objects; there are none without an object store.
  Result<size_t> sweep(size_t limit) override;

 private:
  // A room as read, its snapshot perhaps still in an object.
  struct Found {
    StoredRoom stored;
    std::string object;  // empty: the snapshot is complete
    uint64_t object_bytes = 0;
    uint32_t object_checksum = 0;
  };

  PostgresStore(const OwnerOptions& owner, const PostgresOptions& options, ObjectStore* objects);
  Result<Found> found(std::string_view room, const postgres::Rows& rows, int from) const;
  Result<void> fetch_object(std::string_view room, Found& found) const;
  std::vector<Result<void>> append_valid(std::span<const AppendRequest> requests);
  std::vector<Result<void>> append_on(postgres::Connection& connection,
                                      std::span<const AppendRequest> requests);
  std::vector<Result<void>> alone_if_damaged(postgres::Connection& connection,
                                             std::span<const AppendRequest> requests, const Error& error);
  Result<void> put_snapshot(const SnapshotRequest& request);
  Result<std::string> put_object(const SnapshotRequest& request, uint32_t checksum);

  const OwnerOptions owner_;
  const PostgresOptions options_;
  ObjectStore* const objects_;
  postgres::Backoff backoff_;
  postgres::Pool append_connection_;
  postgres::Pool pool_;
  std::atomic<int64_t> term_{0};  // of the lease as last told to the caller; 0: not yet
  std::mutex sweep_mutex_;
  std::string swept_;  // the last object looked at
};

}  // namespace symphony
