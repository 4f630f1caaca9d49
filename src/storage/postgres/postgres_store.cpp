#include "storage/postgres/postgres_store.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/utf8.h"
#include "storage/checksum.h"
#include "storage/errors.h"
#include "storage/postgres/object_key.h"
#include "storage/postgres/schema.h"

namespace symphony {
namespace {

using postgres::ObjectKey;
using postgres::Parameters;
using postgres::Rows;
using postgres::Size;
using postgres::Statement;
using storage::quoted;

constexpr Statement kTake{"take", "SELECT * FROM symphony.take($1, $2, $3, $4)"};
constexpr Statement kRenew{"renew", "SELECT symphony.renew($1, $2, $3)"};
constexpr Statement kRelease{"release", "SELECT symphony.release($1, $2)"};
constexpr Statement kRetire{"retire", "DELETE FROM symphony.owner WHERE id = $1"};
// Whoever ended without a word, long ago.
constexpr Statement kForgetOwners{
    "forget_owners", "DELETE FROM symphony.owner WHERE until < clock_timestamp() - interval '1 day'"};
constexpr Statement kAppend{"append", "SELECT symphony.append($1, $2, $3, $4, $5)"};
constexpr Statement kAppendEach{"append_each", "SELECT * FROM symphony.append_each($1, $2, $3, $4, $5)"};
constexpr Statement kPutSnapshot{"put_snapshot",
                                 "SELECT * FROM symphony.put_snapshot($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr Statement kLoad{"load", "SELECT * FROM symphony.stored($1)"};
constexpr Statement kRooms{"rooms",
                           "SELECT room, seq, bytes, created, updated, epoch, active, address"
                           " FROM symphony.room_info WHERE room > $1 ORDER BY room LIMIT $2"};
constexpr Statement kQuarantined{"quarantined",
                                 "SELECT epoch, seq, checksum, update, reason, since FROM symphony.quarantine"
                                 " WHERE room = $1 ORDER BY since, seq"};
constexpr Statement kRecordConnections{
    "record_connections",
    "INSERT INTO symphony.connection (room, time) SELECT room, to_timestamp(ms / 1000.0::float8)"
    " FROM unnest($1::bytea[], $2::bigint[]) AS new (room, ms)"};
constexpr Statement kConnections{
    "connections", "SELECT time FROM symphony.connection WHERE room = $1 ORDER BY time DESC LIMIT $2"};
constexpr Statement kForgetConnections{
    "forget_connections",
    "DELETE FROM symphony.connection WHERE time < to_timestamp($1::bigint / 1000.0::float8)"};
constexpr Statement kPing{"ping", "SELECT 1"};
constexpr Statement kCurrentObjects{
    "current_objects",
    "SELECT h.hash, r.epoch, s.seq, s.object FROM unnest($1::text[]) AS h (hash)"
    " JOIN symphony.room r ON sha256(r.name) = decode(h.hash, 'hex')"
    " LEFT JOIN symphony.snapshot s ON s.room = r.name"};

// Kinds of rows that take() and stored() answer.
enum Kind : int64_t { kHeld = 0, kTaken = 1, kSnapshot = 2, kSlot = 3 };

// An index holds names; its entries are bounded.
constexpr size_t kNameBytesMax = 1024;
// A value of Postgres is at most 1 GiB, a little less in a message, and passes through several copies.
constexpr size_t kValueBytesMax = 512u << 20;
constexpr int kLoadTriesMax = 5;

// A fence has nothing to protect, and the server writes it, which knows no CRC-32C.
uint32_t slot_checksum(std::string_view room, uint64_t seq, Bytes update) {
  return update.empty() ? 0 : storage::row_checksum(room, {seq}, update);
}

// Numbers beyond those of the database were never given, and are refused like others that were not.
int64_t bigint(uint64_t number) { return static_cast<int64_t>(std::min<uint64_t>(number, INT64_MAX)); }

// Within what Postgres calls a time.
int64_t time_of(int64_t unix_ms) {
  return std::clamp<int64_t>(unix_ms, -200'000'000'000'000, 8'000'000'000'000'000);
}

Result<void> check_room(std::string_view room) {
  if (auto named = storage::check_name(room); !named) return named;
  if (room.size() > kNameBytesMax) {
    return fail(Code::kLimit,
                "a room's name has at most " + std::to_string(kNameBytesMax) + " bytes in Postgres");
  }
  return {};
}

// Text as Postgres takes it.
std::string as_stored_text(const std::string& text) {
  return is_utf8(as_bytes(text)) && text.find('\0') == std::string::npos ? text : quoted(text);
}

std::string slot_of(std::string_view room, uint64_t seq) {
  return "room " + quoted(room) + ", slot " + std::to_string(seq);
}

std::string snapshot_of(std::string_view room, uint64_t seq) {
  return "room " + quoted(room) + ", snapshot at slot " + std::to_string(seq);
}

tl::unexpected<Error> corrupt(const std::string& where, std::string_view what) {
  return fail(Code::kCorrupt, where + ": " + std::string(what) + "; restore it from a backup");
}

// Whether no transaction can ever make the object current again: see put_snapshot() of the schema.
bool is_over(uint64_t epoch, uint64_t seq, uint64_t present_epoch, uint64_t present_seq) {
  return epoch < present_epoch || seq < present_seq;
}

Result<void> check_owner(const OwnerOptions& owner) {
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (owner.id.empty() || owner.id.size() > 255 || !std::ranges::all_of(owner.id, printable)) {
    return fail(Code::kInvalid, "an owner's id is 1 to 255 bytes of printable ASCII");
  }
  if (owner.address.size() > 255 || !std::ranges::all_of(owner.address, printable)) {
    return fail(Code::kInvalid, "an owner's address is at most 255 bytes of printable ASCII");
  }
  if (owner.lease <= Duration::zero()) return fail(Code::kInvalid, "a lease lasts some time");
  return {};
}

postgres::ConnectionOptions for_pool(const PostgresOptions& options) {
  postgres::ConnectionOptions out = options.connection;
  // A large state takes the server long to write; so long it may hold the room's row.
  out.statement_timeout = std::max(out.statement_timeout, Duration(std::chrono::minutes(1)));
  return out;
}

uint64_t seed_of(const OwnerOptions& owner) { return storage::crc32c(as_bytes(owner.id)); }

}  // namespace

PostgresStore::PostgresStore(const OwnerOptions& owner, const PostgresOptions& options, ObjectStore* objects)
    : owner_(owner),
      options_(options),
      objects_(objects),
      backoff_(options.backoff_min, options.backoff_max, seed_of(owner)),
      append_connection_(options.connection, 1, backoff_),
      pool_(for_pool(options), options.connections_max, backoff_) {}

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(const OwnerOptions& owner,
                                                           const PostgresOptions& options,
                                                           ObjectStore* objects) {
  if (auto valid = check_owner(owner); !valid) return tl::unexpected(valid.error());
  if (options.connections_max == 0 || options.message_bytes == 0) {
    return fail(Code::kInvalid, "Postgres needs at least one connection, and a byte a message");
  }
  std::unique_ptr<PostgresStore> store(new PostgresStore(owner, options, objects));
  auto connection = store->pool_.borrow(Size::kSmall);
  if (!connection) return tl::unexpected(connection.error());
  if (auto fits = postgres::check_schema(**connection); !fits) return tl::unexpected(fits.error());
  return store;
}

// --- ownership

Result<Claim> PostgresStore::take(std::string_view room) {
  if (auto valid = check_room(room); !valid) return tl::unexpected(valid.error());
  const auto rows =
      pool_.run(Size::kLarge, kTake,
                Parameters().add(room).add(owner_.id).add(owner_.address).add_interval(owner_.lease));
  if (!rows) return tl::unexpected(rows.error());
  if (rows->integer(0, 0) == kHeld) return Claim{.epoch = 0, .holder = rows->text(0, 5), .stored = {}};

  const auto epoch = static_cast<uint64_t>(rows->integer(0, 2));
  int64_t unknown = 0;
  term_.compare_exchange_strong(unknown, rows->integer(0, 1));
  auto found = this->found(room, *rows, 1);
  Result<void> complete = found ? fetch_object(room, *found) : tl::unexpected(found.error());
  if (complete) return Claim{.epoch = epoch, .holder = {}, .stored = std::move(found->stored)};
  static_cast<void>(release(room, epoch));  // or else it is free when our lease has run out
  if (complete.error().code == Code::kNotFound) {
    // Of an epoch that is present nobody removes the snapshot; so it is over, or the object was lost.
    auto loaded = load(room);
    complete = loaded ? fail(Code::kUnavailable, "room " + quoted(room) + " was taken again meanwhile")
                      : tl::unexpected(loaded.error());
  }
  return tl::unexpected(complete.error());
}

Result<bool> PostgresStore::renew() {
  const auto rows = pool_.run(Size::kSmall, kRenew,
                              Parameters().add(owner_.id).add(owner_.address).add_interval(owner_.lease));
  if (!rows) return tl::unexpected(rows.error());
  const int64_t term = rows->integer(0, 0);
  if (term_.exchange(term) == term) return true;
  static_cast<void>(pool_.run(Size::kSmall, kForgetOwners));  // rarely, and it may fail
  return false;
}

Result<void> PostgresStore::release(std::string_view room, uint64_t epoch) {
  return pool_.run(Size::kSmall, kRelease, Parameters().add(room).add(bigint(epoch))).map([](const Rows&) {});
}

Result<void> PostgresStore::retire() {
  return pool_.run(Size::kSmall, kRetire, Parameters().add(owner_.id)).map([](const Rows&) {});
}

// --- the owner's writes

std::vector<Result<void>> PostgresStore::append(std::span<const AppendRequest> requests) {
  std::vector<Result<void>> results(requests.size());
  std::vector<size_t> order;
  for (size_t i = 0; i < requests.size(); ++i) {
    results[i] = check_room(requests[i].room);
    if (results[i] && requests[i].update.size() > kValueBytesMax) {
      results[i] = fail(Code::kLimit, slot_of(requests[i].room, requests[i].seq) + ": an update of " +
                                          std::to_string(requests[i].update.size()) +
                                          " bytes is too large for Postgres");
    }
    if (results[i]) order.push_back(i);
  }
  // Rooms in the same order everywhere, so that two batches that meet do not wait for each other in a circle.
  std::ranges::stable_sort(order, {}, [&](size_t i) { return requests[i].room; });
  std::vector<AppendRequest> sorted;
  sorted.reserve(order.size());
  for (const size_t i : order) sorted.push_back(requests[i]);
  auto stored = append_valid(sorted);
  for (size_t i = 0; i < order.size(); ++i) results[order[i]] = std::move(stored[i]);
  return results;
}

namespace {

// The requests, cut into messages.
std::vector<Parameters> messages_of(std::span<const AppendRequest> requests, size_t message_bytes) {
  std::vector<Parameters> messages;
  for (size_t from = 0, to = 0; from < requests.size(); from = to) {
    std::vector<Bytes> rooms, updates;
    std::vector<int64_t> epochs, seqs, checksums;
    for (size_t bytes = 0; to < requests.size() && (to == from || bytes < message_bytes); ++to) {
      const AppendRequest& request = requests[to];
      rooms.push_back(as_bytes(request.room));
      epochs.push_back(bigint(request.epoch));
      seqs.push_back(bigint(request.seq));
      checksums.push_back(slot_checksum(request.room, request.seq, request.update));
      updates.push_back(request.update);
      bytes += request.update.size();
    }
    messages.emplace_back().add_blobs(rooms).add(epochs).add(seqs).add(checksums).add_blobs(updates);
  }
  return messages;
}

bool are_consecutive(std::span<const AppendRequest> requests) {
  for (size_t i = 1; i < requests.size(); ++i) {
    const AppendRequest &one = requests[i - 1], &two = requests[i];
    if (one.room == two.room && one.seq + 1 != two.seq) return false;
  }
  return true;
}

}  // namespace

std::vector<Result<void>> PostgresStore::append_valid(std::span<const AppendRequest> requests) {
  if (requests.empty()) return {};
  auto connection = append_connection_.borrow(Size::kSmall);
  if (!connection) return {requests.size(), tl::unexpected(connection.error())};
  return append_on(**connection, requests);
}

// An error that is not the database's as a whole belongs to one room: each for itself, so that it does not
// take the others with it.
std::vector<Result<void>> PostgresStore::alone_if_damaged(postgres::Connection& connection,
                                                          std::span<const AppendRequest> requests,
                                                          const Error& error) {
  if (requests.size() == 1 || error.code == Code::kUnavailable)
    return {requests.size(), tl::unexpected(error)};
  std::vector<Result<void>> results;
  for (size_t i = 0; i < requests.size(); ++i)
    results.push_back(append_on(connection, requests.subspan(i, 1)).front());
  return results;
}

std::vector<Result<void>> PostgresStore::append_on(postgres::Connection& connection,
                                                   std::span<const AppendRequest> requests) {
  const std::vector<Parameters> messages = messages_of(requests, options_.message_bytes);
  if (are_consecutive(requests)) {
    const auto stored = connection.run(kAppend, messages);
    if (stored) return std::vector<Result<void>>(requests.size());
    const std::string& state = connection.sqlstate();
    const bool conflict = state == "23505" || state == "SY001";
    if (!conflict) return alone_if_damaged(connection, requests, stored.error());
  }
  const auto all = connection.run(kAppendEach, messages);
  if (!all) return alone_if_damaged(connection, requests, all.error());

  std::vector<Result<void>> results;
  for (const Rows& rows : *all) {
    for (int row = 0; row < rows.size(); ++row) {
      const AppendRequest& request = requests[results.size()];
      Result<void> result;
      if (rows.integer(row, 0) == 0) {
        result =
            storage::check_epoch(request.room, request.epoch, static_cast<uint64_t>(rows.integer(row, 1)))
                .and_then([&] {
                  return storage::check_slot(request.room, request.seq,
                                             static_cast<uint64_t>(rows.integer(row, 2)));
                });
        // It was in the way when we looked, and is gone now.
        if (result) result = fail(Code::kConflict, slot_of(request.room, request.seq) + " was taken");
      }
      results.push_back(std::move(result));
    }
  }
  return results;
}

std::vector<Result<void>> PostgresStore::put_snapshots(std::span<const SnapshotRequest> requests) {
  std::vector<Result<void>> results;
  results.reserve(requests.size());
  for (const SnapshotRequest& request : requests) results.push_back(put_snapshot(request));
  return results;
}

Result<void> PostgresStore::put_snapshot(const SnapshotRequest& request) {
  if (auto valid = check_room(request.room); !valid) return valid;
  const uint32_t checksum = storage::row_checksum(request.room, {request.seq}, request.state);
  std::string object;
  if (objects_ != nullptr && request.state.size() > options_.inline_bytes_max) {
    auto put = put_object(request, checksum);
    if (!put) return tl::unexpected(put.error());
    object = std::move(*put);
  } else if (request.state.size() > kValueBytesMax) {
    return fail(Code::kLimit, snapshot_of(request.room, request.seq) + ": a state of " +
                                  std::to_string(request.state.size()) +
                                  " bytes is too large for Postgres; configure an object store");
  }

  std::vector<int64_t> poison_seqs;
  std::vector<std::string> poison_reasons;
  for (const Poison& poison : request.poison) {
    poison_seqs.push_back(bigint(poison.seq));
    poison_reasons.push_back(as_stored_text(poison.reason));
  }
  Parameters with;
  with.add(request.room).add(bigint(request.epoch)).add(bigint(request.seq)).add(int64_t{checksum});
  with.add(static_cast<int64_t>(request.state.size()));
  if (object.empty()) {
    with.add_null().add(request.state);
  } else {
    with.add(object).add_null();
  }
  with.add(poison_seqs).add_texts(poison_reasons);
  const auto rows = pool_.run(Size::kLarge, kPutSnapshot, with);
  if (!rows) return tl::unexpected(rows.error());

  const auto number = [&](int column) { return static_cast<uint64_t>(rows->integer(0, column)); };
  const uint64_t present_epoch = number(1), newest = number(2), old_seq = number(3), old_epoch = number(4);
  if (rows->integer(0, 0) == 0) {
    auto refused = storage::check_epoch(request.room, request.epoch, present_epoch);
    return refused ? storage::check_snapshot(request.room, request.seq, old_seq, newest) : refused;
  }
  const std::string old_object = rows->is_null(0, 5) ? std::string() : rows->text(0, 5);
  // What cannot be removed now is left to sweep(), and so is what a crash left.
  if (objects_ != nullptr && !old_object.empty() && is_over(old_epoch, old_seq, request.epoch, request.seq))
    static_cast<void>(objects_->remove(old_object));
  return {};
}

// Answers the key.
Result<std::string> PostgresStore::put_object(const SnapshotRequest& request, uint32_t checksum) {
  constexpr uint64_t kTriesMax = 4;
  for (uint64_t count = 0;; ++count) {
    const std::string key =
        ObjectKey::of(request.room, request.epoch, request.seq, count << 32 | checksum).text();
    auto put = objects_->put_new(key, request.state);
    if (put) return key;
    const Code code = put.error().code;
    const bool occupied = code == Code::kConflict || code == Code::kCorrupt;
    if (!occupied) return tl::unexpected(put.error());
    // Not a conflict of owners, which would end the room.
    if (count + 1 == kTriesMax) return fail(Code::kUnavailable, put.error().message);
  }
}

Result<size_t> PostgresStore::sweep(size_t limit) {
  if (objects_ == nullptr || limit == 0) return 0;
  const std::lock_guard lock(sweep_mutex_);
  const auto keys = objects_->list(postgres::kObjectPrefix, swept_, limit);
  if (!keys) return tl::unexpected(keys.error());
  std::vector<std::string> hashes;
  for (const std::string& key : *keys) {
    const auto parsed = ObjectKey::parse(key);
    if (parsed && (hashes.empty() || hashes.back() != parsed->room_hash)) hashes.push_back(parsed->room_hash);
  }
  // After the listing: what is current by now was put before.
  const auto rows = pool_.run(Size::kSmall, kCurrentObjects, Parameters().add_texts(hashes));
  if (!rows) return tl::unexpected(rows.error());
  struct Present {
    uint64_t epoch = 0, seq = 0;
    std::string object;
  };
  std::map<std::string, Present> present;
  for (int row = 0; row < rows->size(); ++row) {
    present[rows->text(row, 0)] = {static_cast<uint64_t>(rows->integer(row, 1)),
                                   static_cast<uint64_t>(rows->integer(row, 2)), rows->text(row, 3)};
  }
  swept_ = keys->size() < limit ? std::string() : keys->back();  // one that cannot be removed is passed over
  size_t removed = 0;
  for (const std::string& key : *keys) {
    const auto parsed = ObjectKey::parse(key);
    // A room that this database does not know may be another's, if somebody gave two the same place.
    const auto room = parsed ? present.find(parsed->room_hash) : present.end();
    if (room == present.end() || key == room->second.object ||
        !is_over(parsed->epoch, parsed->seq, room->second.epoch, room->second.seq))
      continue;
    if (objects_->remove(key)) ++removed;
  }
  return removed;
}

// --- reading

// Reads rows as stored() of the schema answers them, and verifies all but the object.
Result<PostgresStore::Found> PostgresStore::found(std::string_view room, const Rows& rows, int from) const {
  Found out;
  uint64_t newest = 0, epoch = 0;
  for (int row = from; row < rows.size(); ++row) {
    const auto seq = static_cast<uint64_t>(rows.integer(row, 1));
    const auto of_epoch = static_cast<uint64_t>(rows.integer(row, 2));
    const auto checksum = static_cast<uint32_t>(rows.integer(row, 3));
    const Bytes content = rows.bytes(row, 6);
    if (rows.integer(row, 0) == kSnapshot) {
      newest = out.stored.snapshot_seq = seq;
      if (!rows.is_null(row, 5)) {
        out.object = rows.text(row, 5);
        out.object_bytes = static_cast<uint64_t>(rows.integer(row, 4));
        out.object_checksum = checksum;
      } else if (storage::row_checksum(room, {seq}, content) != checksum) {
        return corrupt(snapshot_of(room, seq), "the state does not match its checksum");
      } else {
        out.stored.snapshot.assign(content.begin(), content.end());
      }
    } else {
      if (seq != ++newest) return corrupt(slot_of(room, newest), "the slot is missing");
      if (slot_checksum(room, seq, content) != checksum) {
        return corrupt(slot_of(room, seq), "the update does not match its checksum");
      }
      if (of_epoch < epoch)
        return corrupt(slot_of(room, seq), "its epoch is older than that of the slot before");
      out.stored.log.push_back({seq, of_epoch, Buffer(content.begin(), content.end())});
      epoch = of_epoch;
    }
  }
  return out;
}

// kNotFound if the object is gone, perhaps replaced since the pointer was read.
Result<void> PostgresStore::fetch_object(std::string_view room, Found& found) const {
  if (found.object.empty()) return {};
  const std::string where = snapshot_of(room, found.stored.snapshot_seq) + ", object " + found.object;
  if (objects_ == nullptr) {
    return fail(Code::kUnavailable, where + ": there is no object store configured; name the one it is in");
  }
  auto state = objects_->get(found.object);
  if (!state) {
    return fail(state.error().code, where + ": " + state.error().message);
  }
  if (state->size() != found.object_bytes ||
      storage::row_checksum(room, {found.stored.snapshot_seq}, *state) != found.object_checksum) {
    return corrupt(where, "it is not the state that was stored");
  }
  found.stored.snapshot = std::move(*state);
  return {};
}

Result<StoredRoom> PostgresStore::load(std::string_view room) {
  if (auto valid = check_room(room); !valid) return tl::unexpected(valid.error());
  std::string missing;
  for (int tries = 0; tries < kLoadTriesMax; ++tries) {
    const auto rows = pool_.run(Size::kLarge, kLoad, Parameters().add(room));
    if (!rows) return tl::unexpected(rows.error());
    auto found = this->found(room, *rows, 0);
    if (!found) return tl::unexpected(found.error());
    const auto fetched = fetch_object(room, *found);
    if (fetched) return std::move(found->stored);
    if (fetched.error().code != Code::kNotFound) return tl::unexpected(fetched.error());
    if (found->object == missing) {
      return corrupt(snapshot_of(room, found->stored.snapshot_seq) + ", object " + found->object,
                     "the object is missing");
    }
    missing = found->object;  // unless the room has another snapshot by now
  }
  return fail(Code::kUnavailable, "room " + quoted(room) + " has a new snapshot each time it is read");
}

Result<std::vector<RoomInfo>> PostgresStore::rooms(std::string_view after, size_t limit) {
  const auto rows = pool_.run(Size::kSmall, kRooms, Parameters().add(after).add(bigint(limit)));
  if (!rows) return tl::unexpected(rows.error());
  std::vector<RoomInfo> out;
  for (int row = 0; row < rows->size(); ++row) {
    out.push_back({.room = rows->text(row, 0),
                   .seq = static_cast<uint64_t>(rows->integer(row, 1)),
                   .bytes = static_cast<uint64_t>(rows->integer(row, 2)),
                   .created_unix_ms = rows->unix_ms(row, 3),
                   .updated_unix_ms = rows->unix_ms(row, 4),
                   .epoch = static_cast<uint64_t>(rows->integer(row, 5)),
                   .active = rows->integer(row, 6) != 0,
                   .address = rows->text(row, 7)});
  }
  return out;
}

Result<std::vector<Quarantined>> PostgresStore::quarantined(std::string_view room) {
  const auto rows = pool_.run(Size::kLarge, kQuarantined, Parameters().add(room));
  if (!rows) return tl::unexpected(rows.error());
  std::vector<Quarantined> out;
  for (int row = 0; row < rows->size(); ++row) {
    const auto seq = static_cast<uint64_t>(rows->integer(row, 1));
    const Bytes update = rows->bytes(row, 3);
    if (slot_checksum(room, seq, update) != static_cast<uint32_t>(rows->integer(row, 2))) {
      return corrupt(slot_of(room, seq) + ", in quarantine", "the update does not match its checksum");
    }
    out.push_back({.room = std::string(room),
                   .epoch = static_cast<uint64_t>(rows->integer(row, 0)),
                   .seq = seq,
                   .update = Buffer(update.begin(), update.end()),
                   .reason = rows->text(row, 4),
                   .unix_ms = rows->unix_ms(row, 5)});
  }
  return out;
}

// --- statistics

Result<void> PostgresStore::record_connections(std::span<const ConnectionRecord> connections) {
  if (connections.empty()) return {};
  std::vector<Bytes> rooms;
  std::vector<int64_t> times;
  for (const ConnectionRecord& each : connections) {
    if (auto valid = check_room(each.room); !valid) return valid;
    rooms.push_back(as_bytes(each.room));
    times.push_back(time_of(each.opened_unix_ms));
  }
  return pool_.run(Size::kSmall, kRecordConnections, Parameters().add_blobs(rooms).add(times))
      .map([](const Rows&) {});
}

Result<std::vector<int64_t>> PostgresStore::connections(std::string_view room, size_t limit) {
  const auto rows = pool_.run(Size::kSmall, kConnections, Parameters().add(room).add(bigint(limit)));
  if (!rows) return tl::unexpected(rows.error());
  std::vector<int64_t> out;
  for (int row = 0; row < rows->size(); ++row) out.push_back(rows->unix_ms(row, 0));
  return out;
}

Result<void> PostgresStore::forget_connections(int64_t before_unix_ms) {
  return pool_.run(Size::kLarge, kForgetConnections, Parameters().add(time_of(before_unix_ms)))
      .map([](const Rows&) {});
}

Result<void> PostgresStore::ping() {
  return pool_.run(Size::kSmall, kPing).map([](const Rows&) {});
}

}  // namespace symphony
