// A Store in one SQLite file: rooms, update log and snapshots. What `symphony serve` uses.
//
// The file is held exclusively while the store is open, so two servers can never write one file. Nobody else
// can own a room, then: a lease costs nothing, and whoever owned rooms before the file was opened is gone. It
// is in WAL mode with synchronous=FULL: a commit is one fsync of the -wal file, which is checkpointed into
// the file when it has grown to checkpoint_pages. What is appended goes into a journal, one row a commit, and
// later, packed, to the rooms' own logs, unless a snapshot has covered it by then (journal.h, fold.h); a
// large update goes to its room's log at once. Snapshots are kept in chunks, so that no row is large and a
// snapshot may be larger than SQLite's limit of 1 GB for a value. Every update and chunk carries a CRC-32C of
// its room, place and bytes, an update of its epoch, too.
//
// One thread at a time is in the file, in the order in which they came. Small snapshots share transactions of
// about one chunk; a large one is written over several, between which others come in. Reading a large one is
// not cut.
#pragma once

#include <memory>
#include <string>

#include "storage/store.h"

namespace symphony {

struct SqliteStoreOptions {
  std::string path = {};
  OwnerOptions owner = {"sqlite", "", std::chrono::seconds(10)};  // only its address is of use, see above
  int busy_timeout_ms = 2000;   // how long open() waits for a process that is just letting go of the file
  int checkpoint_pages = 4096;  // pages of 4 KiB in the -wal file that trigger a checkpoint
  int64_t wal_bytes_kept =
      32 << 20;                   // what a checkpoint leaves of a -wal file that a big transaction blew up
  int cache_kib = 2 << 10;        // SQLite's page cache: behind it is the system's
  size_t chunk_bytes = 1u << 20;  // of a snapshot
  size_t chunks_at_once = 4;      // in one transaction
  size_t fold_bytes = 8u << 20;   // in the journal, before it is carried to the rooms' logs ...
  size_t fold_rows = 16u << 10;   // ... or so many commits, for each of which memory is held
  std::string vfs = {};           // tests: the name of a registered SQLite VFS; empty: the system's
};

// A file's schema before and after; 0: there was nothing in it.
struct SqliteMigration {
  int64_t from = 0;
  int64_t to = 0;
};

// Brings the file's schema to the current version, as open() does, creating the file if there is none.
// Harmless if it is there already. Errors as of open().
Result<SqliteMigration> migrate_sqlite(const SqliteStoreOptions& options);

class SqliteStore final : public Store {
 public:
  // Opens or creates the file and brings its schema to the current version. What can be wrong, each with a
  // sentence for the operator: kUnavailable (in use by another process, cannot be opened or written),
  // kConflict (written by a newer Symphony), kInvalid (the file belongs to another program), kCorrupt.
  static Result<std::unique_ptr<SqliteStore>> open(const SqliteStoreOptions& options);

  ~SqliteStore() override;

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

  // Nothing to do: what a crash left of a room's snapshot goes with its next one.
  Result<size_t> sweep(size_t) override { return 0; }

  // The page cache.
  void trim() override;

  // Reads the file; if the last write failed, tries to write as well.
  Result<void> ping() override;

 private:
  struct Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace symphony
