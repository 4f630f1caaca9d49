// Carries slots from the journal (journal.h) to the rooms' own logs, when the journal has grown: room by room
// in the order of their ids, packed into few rows, so that pages fill. Some of it goes along with each commit
// of appends, which needs no sync of its own and is short; when nothing alive is left in the journal's oldest
// rows they are removed. What was interrupted is done anew.
#pragma once

#include <string>
#include <vector>

#include "storage/sqlite/journal.h"
#include "storage/sqlite/rooms.h"

namespace symphony::sqlite {

class Fold {
 public:
  // Begins when the journal has more than so many bytes, or rows.
  Fold(Journal& journal, Rooms& rooms, size_t bytes_max, size_t rows_max)
      : journal_(journal), rooms_(rooms), bytes_max_(bytes_max), rows_max_(rows_max) {}

  // In a transaction: carries over what costs about `cost`, if it is time (Rooms::fold).
  Result<void> step(size_t cost);

  // Whether step() would do something; never again after stop(): the journal cannot be read, and stays.
  bool is_due() const;
  void stop() { stopped_ = true; }

 private:
  Journal& journal_;
  Rooms& rooms_;
  const size_t bytes_max_, rows_max_;
  int64_t end_ = 0;                   // rows before this one are to be removed; 0: none
  std::vector<std::string> waiting_;  // rooms with slots in them, the next one last
  bool emptied_ = false;              // nothing in them is alive any more
  bool stopped_ = false;
};

}  // namespace symphony::sqlite
