#include "storage/sqlite/journal.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/varint.h"
#include "storage/checksum.h"
#include "storage/sqlite/slots.h"

namespace symphony::sqlite {
namespace {

// A room is read run by run, each from its row: small rows make that cheap, large ones waste fewer bytes.
constexpr size_t kRowBytes = 8u << 10;

constexpr size_t kHeaderNumbers = 6;

uint32_t header_checksum(Bytes header, int64_t row) {
  return storage::row_checksum({}, {static_cast<uint64_t>(row)}, header);
}

std::string row_name(int64_t row) { return "the journal, row " + std::to_string(row); }

}  // namespace

uint64_t Tail::update_bytes() const {
  uint64_t sum = 0;
  for (const JournalRun& run : runs) sum += run.update_bytes;
  return sum;
}

Result<void> Journal::prepare() {
  return db_.prepare({
      {insert_, "INSERT INTO journal (id, unix_ms, bytes) VALUES (?1, ?2, ?3)"},
      {read_all_, "SELECT id, unix_ms, bytes FROM journal ORDER BY id"},
      {read_, "SELECT substr(bytes, ?2, ?3) FROM journal WHERE id = ?1"},
      {remove_, "DELETE FROM journal WHERE id <= ?1"},
      {find_room_, "SELECT name, epoch, newest_seq FROM rooms WHERE id = ?1"},
  });
}

Result<void> Journal::open() {
  Run rows(read_all_);
  for (int rc = rows.step(); rc != SQLITE_DONE; rc = rows.step()) {
    if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, "the journal"));
    const int64_t id = rows.integer(0);
    if (id <= 0 || (!rows_.empty() && id != newest_row_ + 1)) {
      return tl::unexpected(db_.corrupt(row_name(newest_row_ + 1), "it is missing, and with it updates"));
    }
    const Bytes bytes = rows.blob(2);
    if (auto read = read_row(id, bytes, rows.integer(1)); !read) return read;
    newest_row_ = id;
    rows_.push_back({id, bytes.size()});
    bytes_ += bytes.size();
  }
  return {};
}

// Enters the runs of a row into the index, those that are alive.
Result<void> Journal::read_row(int64_t id, Bytes bytes, int64_t unix_ms) {
  const auto damaged = [&] {
    return tl::unexpected(db_.corrupt(row_name(id), "nobody can tell whose updates are damaged"));
  };
  Reader in(bytes);
  while (!in.at_end()) {
    const size_t begin = in.position();
    std::array<uint64_t, kHeaderNumbers> numbers{};
    for (uint64_t& number : numbers) number = in.read_var_uint();
    const Bytes header = bytes.subspan(begin, in.position() - begin);
    uint32_t checksum = 0;
    for (int shift = 0; shift < 32; shift += 8) checksum |= uint32_t{in.read_u8()} << shift;
    if (!in.ok() || checksum != header_checksum(header, id)) return damaged();
    const auto [room, epoch, first_seq, slots, slot_bytes, update_bytes] = numbers;
    const JournalRun run{.row = id,
                         .offset = static_cast<uint32_t>(in.position()),
                         .bytes = static_cast<uint32_t>(slot_bytes),
                         .first_seq = first_seq,
                         .slots = static_cast<uint32_t>(slots),
                         .update_bytes = static_cast<uint32_t>(update_bytes),
                         .epoch = epoch};
    in.read_bytes(slot_bytes);
    if (!in.ok() || slots == 0) return damaged();
    newest_room_ = std::max(newest_room_, static_cast<int64_t>(room));

    Run found(find_room_);
    const int rc = found.bind(static_cast<int64_t>(room)).step();
    if (rc == SQLITE_DONE) continue;  // the room is gone
    if (rc != SQLITE_ROW) return tl::unexpected(db_.read_error(rc, "the rooms of " + row_name(id)));
    const auto stored_seq = static_cast<uint64_t>(found.integer(2));
    if (run.last_seq() <= stored_seq) continue;  // in the room's log, or covered
    Tail& tail = tails_[found.text(0)];
    tail.room = static_cast<int64_t>(room);
    tail.epoch = static_cast<uint64_t>(found.integer(1));
    tail.updated_unix_ms = unix_ms;
    tail.runs.push_back(run);
  }
  return {};
}

const Tail* Journal::find(std::string_view room) const {
  const auto found = tails_.find(room);
  return found == tails_.end() ? nullptr : &found->second;
}

std::vector<std::string> Journal::rooms_before(int64_t end) const {
  std::vector<std::pair<int64_t, const std::string*>> found;
  for (const auto& [name, tail] : tails_) {
    if (tail.runs.front().row < end) found.emplace_back(tail.room, &name);
  }
  std::ranges::sort(found);
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const auto& [id, name] : found) names.push_back(*name);
  return names;
}

Result<Buffer> Journal::read(const JournalRun& run, const std::string& where) {
  Run found(read_);
  const int rc = found.bind(run.row).bind(int64_t{run.offset} + 1).bind(int64_t{run.bytes}).step();
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) return tl::unexpected(db_.read_error(rc, where));
  const Bytes slots = rc == SQLITE_ROW ? found.blob(0) : Bytes();
  if (slots.size() != run.bytes) return tl::unexpected(db_.corrupt(where, "its row is not what was written"));
  return Buffer(slots.begin(), slots.end());
}

Result<void> Journal::append(std::span<const NewRun> runs, int64_t unix_ms) {
  Buffer row, slots;
  for (const NewRun& run : runs) {
    const int64_t id = newest_row_ + static_cast<int64_t>(inserted_.size()) + 1;
    slots.clear();
    uint64_t update_bytes = 0;
    for (size_t i = 0; i < run.updates.size(); ++i) {
      const Bytes update = run.updates[i];
      write_slot(slots, slot_checksum(run.room, run.first_seq + i, run.epoch, update), update);
      update_bytes += update.size();
    }
    const size_t begin = row.size();
    Writer out(row);
    const std::array<uint64_t, kHeaderNumbers> numbers = {static_cast<uint64_t>(run.id),
                                                          run.epoch,
                                                          run.first_seq,
                                                          run.updates.size(),
                                                          slots.size(),
                                                          update_bytes};
    for (const uint64_t number : numbers) out.var_uint(number);
    const uint32_t checksum = header_checksum(Bytes(row).subspan(begin), id);
    for (int shift = 0; shift < 32; shift += 8) out.u8(static_cast<uint8_t>(checksum >> shift));
    const JournalRun written{.row = id,
                             .offset = static_cast<uint32_t>(row.size()),
                             .bytes = static_cast<uint32_t>(slots.size()),
                             .first_seq = run.first_seq,
                             .slots = static_cast<uint32_t>(run.updates.size()),
                             .update_bytes = static_cast<uint32_t>(update_bytes),
                             .epoch = run.epoch};
    out.bytes(slots);
    appended_.push_back({std::string(run.room), run.id, unix_ms, written});
    if (row.size() < kRowBytes) continue;
    if (auto inserted = insert(row, unix_ms); !inserted) return inserted;
    row.clear();
  }
  return row.empty() ? Result<void>() : insert(row, unix_ms);
}

Result<void> Journal::insert(Bytes bytes, int64_t unix_ms) {
  const int64_t id = newest_row_ + static_cast<int64_t>(inserted_.size()) + 1;
  inserted_.push_back({id, bytes.size()});
  return db_.run(Run(insert_).bind(id).bind(unix_ms).bind(bytes));
}

Result<void> Journal::cover(std::string_view room, uint64_t seq) {
  const Tail* tail = find(room);
  if (tail == nullptr) return {};
  uint32_t cut_bytes = 0;
  for (const JournalRun& run : tail->runs) {
    if (run.first_seq > seq || run.last_seq() <= seq) continue;
    const auto slots = read(run, row_name(run.row));
    if (!slots) return tl::unexpected(slots.error());
    SlotReader reader(*slots);
    PackedSlot slot;
    for (uint64_t at = run.first_seq; reader.next(slot); ++at) {
      if (at > seq) cut_bytes += static_cast<uint32_t>(slot.update.size());
    }
  }
  covered_.push_back({std::string(room), seq, cut_bytes});
  return {};
}

Result<void> Journal::remove(int64_t row) {
  removed_ = row;
  return db_.run(Run(remove_).bind(row));
}

void Journal::committed() {
  for (const Covered& covered : covered_) apply(covered);
  for (Appended& appended : appended_) apply(appended);
  for (const Row& row : inserted_) {
    rows_.push_back(row);
    bytes_ += row.bytes;
    newest_row_ = row.id;
  }
  while (!rows_.empty() && rows_.front().id <= removed_) {
    bytes_ -= rows_.front().bytes;
    rows_.pop_front();
  }
  if (tails_.empty() && tails_.bucket_count() > 64) tails_.rehash(0);  // many rooms leave no table behind
  abandoned();
}

void Journal::abandoned() {
  appended_.clear();
  covered_.clear();
  inserted_.clear();
  removed_ = 0;
}

void Journal::apply(Appended& appended) {
  newest_room_ = std::max(newest_room_, appended.id);
  auto found = tails_.find(appended.room);
  if (found == tails_.end()) found = tails_.emplace(std::move(appended.room), Tail{}).first;
  Tail& tail = found->second;
  tail.room = appended.id;
  tail.epoch = appended.run.epoch;
  tail.updated_unix_ms = appended.unix_ms;
  tail.runs.push_back(appended.run);
}

void Journal::apply(const Covered& covered) {
  const auto found = tails_.find(covered.room);
  if (found == tails_.end()) return;
  std::vector<JournalRun>& runs = found->second.runs;
  const auto rest =
      std::ranges::find_if(runs, [&](const JournalRun& run) { return run.last_seq() > covered.seq; });
  if (rest == runs.end()) {
    tails_.erase(found);
    return;
  }
  if (rest->first_seq <= covered.seq) rest->update_bytes = covered.cut_bytes;
  runs.erase(runs.begin(), rest);
}

}  // namespace symphony::sqlite
