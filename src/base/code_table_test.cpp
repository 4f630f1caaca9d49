#include "base/code_table.h"

#include <gtest/gtest.h>

namespace symphony {
namespace {

TEST(CodeTable, IsInTheOrderOfTheEnum) {
  for (size_t i = 0; i < std::size(kCodeTable); ++i) {
    EXPECT_EQ(static_cast<size_t>(kCodeTable[i].code), i);
    EXPECT_EQ(&row_of(kCodeTable[i].code), &kCodeTable[i]);
  }
  EXPECT_EQ(std::size(kCodeTable), static_cast<size_t>(Code::kInternal) + 1);
}

// Clients decide by the close code alone whether to come back.
TEST(CodeTable, TheCloseCodeSaysWhetherARetryCanHelp) {
  for (const CodeRow& row : kCodeTable) {
    const bool final_code = row.close_code >= 4400 && row.close_code <= 4499;
    EXPECT_EQ(final_code, !row.retry) << row.name;
  }
}

}  // namespace
}  // namespace symphony
