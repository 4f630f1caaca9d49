// Where appends are written first: the slots of all rooms of a commit together, so that a commit costs the
// pages that its bytes fill and not one or two a room. Later they are carried to the rooms' own logs
// (fold.h), unless snapshots have covered them by then.
//
//   row of the table    run | run | ...            one row a commit, or several of a few KiB
//   run                 header | slot | slot ...   consecutive slots of one room, of one epoch (slots.h)
//   header              varUint room's id, epoch, first seq, slots, bytes of the slots, bytes of updates in
//                       them; CRC-32C of these and the row's id, four bytes, the lowest first
//
// Rows have consecutive ids and are removed from the front, so a row that is missing is noticed. Slots are
// alive while they are newer than the newest_seq in their room's row: carrying a room's slots to its log, or
// covering them by a snapshot, writes that number in the same transaction. Whoever takes a room carries over
// what is here of it, so all that is alive is of the room's present epoch. Damage of slots is found when
// their room is read, and is that room's alone; where a header is damaged nobody can tell whose slots are
// lost, and the file is not opened.
//
// An index in memory has the places of each room's living slots, and what its row does not say yet. It
// changes when a transaction has been committed; what is read within one is as before it.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/sqlite/database.h"
#include "storage/store.h"

namespace symphony::sqlite {

struct JournalRun {
  int64_t row = 0;
  uint32_t offset = 0;  // of its first slot in the row
  uint32_t bytes = 0;   // of its slots
  uint64_t first_seq = 0;
  uint32_t slots = 0;
  uint32_t update_bytes = 0;  // of the updates that no snapshot covers
  uint64_t epoch = 0;
  uint64_t last_seq() const { return first_seq + slots - 1; }
};

// A room's living slots.
struct Tail {
  int64_t room = 0;    // the id of its row
  uint64_t epoch = 0;  // the present one
  int64_t updated_unix_ms = 0;
  std::vector<JournalRun> runs;  // ascending; slots of the first ones may be covered already

  uint64_t newest_seq() const { return runs.back().last_seq(); }
  uint64_t update_bytes() const;
};

// Slots to be appended.
struct NewRun {
  std::string_view room;
  int64_t id = 0;
  uint64_t epoch = 0;
  uint64_t first_seq = 0;
  std::vector<Bytes> updates;
};

class Journal {
 public:
  explicit Journal(Database& database) : db_(database) {}
  Result<void> prepare();
  // Makes the index from what is in the file.
  Result<void> open();

  // The room's living slots; null if there are none.
  const Tail* find(std::string_view room) const;
  std::vector<std::string> rooms_before(int64_t end) const;  // with slots in rows before `end`, by id
  // Ids up to this one must not be given to new rooms: slots of rooms that are gone may still be here.
  int64_t newest_room() const { return newest_room_; }

  // The slots of a run as written.
  Result<Buffer> read(const JournalRun& run, const std::string& where);

  // In a transaction, in effect when it has been committed:
  Result<void> append(std::span<const NewRun> runs, int64_t unix_ms);
  // The room's slots up to `seq` are dead.
  Result<void> cover(std::string_view room, uint64_t seq);
  // Removes the rows up to `row`.
  Result<void> remove(int64_t row);

  // Whoever runs a transaction says how it ended.
  void committed();
  void abandoned();

  size_t bytes() const { return bytes_; }
  // Ids and sizes of its rows.
  struct Row {
    int64_t id;
    size_t bytes;
  };
  const std::deque<Row>& rows() const { return rows_; }

 private:
  struct Appended {
    std::string room;
    int64_t id;
    int64_t unix_ms;
    JournalRun run;
  };
  struct Covered {
    std::string room;
    uint64_t seq;
    uint32_t cut_bytes;  // of updates that remain in the run that is cut in two
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  Result<void> read_row(int64_t id, Bytes bytes, int64_t unix_ms);
  Result<void> insert(Bytes bytes, int64_t unix_ms);
  void apply(Appended& appended);
  void apply(const Covered& covered);

  Database& db_;
  Statement insert_, read_all_, read_, remove_, find_room_;
  std::unordered_map<std::string, Tail, Hash, std::equal_to<>> tails_;
  std::deque<Row> rows_;
  size_t bytes_ = 0;
  int64_t newest_row_ = 0;
  int64_t newest_room_ = 0;
  // Of the transaction under way.
  std::vector<Appended> appended_;
  std::vector<Covered> covered_;
  std::vector<Row> inserted_;
  int64_t removed_ = 0;
};

}  // namespace symphony::sqlite
