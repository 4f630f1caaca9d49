#include "storage/sqlite/fold.h"

#include <algorithm>
#include <limits>

namespace symphony::sqlite {
namespace {

// Rows that are removed at once: what each frees is a few pages.
constexpr size_t kRowsRemoved = 64;

}  // namespace

bool Fold::is_due() const {
  if (stopped_) return false;
  return end_ != 0 || journal_.bytes() > bytes_max_ || journal_.rows().size() > rows_max_;
}

Result<void> Fold::step(size_t cost) {
  if (!is_due()) return {};
  if (end_ == 0) end_ = journal_.rows().back().id + 1;
  const auto& rows = journal_.rows();
  if (rows.empty() || rows.front().id >= end_) {
    end_ = 0;
    waiting_ = {};
    emptied_ = false;
    return {};
  }
  if (waiting_.empty() && !emptied_) {
    // Also after the last of them: a transaction that failed has carried nothing.
    waiting_ = journal_.rooms_before(end_);
    std::ranges::reverse(waiting_);
    emptied_ = waiting_.empty();
  }
  if (emptied_) {
    const size_t count = std::min(kRowsRemoved, rows.size());
    return journal_.remove(std::min(rows[count - 1].id, end_ - 1));
  }
  for (size_t spent = 0; spent < cost && !waiting_.empty(); waiting_.pop_back()) {
    const std::string& room = waiting_.back();
    const Tail* tail = journal_.find(room);
    if (tail == nullptr) continue;  // covered meanwhile
    const auto done = rooms_.fold(room, *tail, cost - spent);
    if (!done) return tl::unexpected(done.error());
    spent += *done;
  }
  return {};
}

}  // namespace symphony::sqlite
