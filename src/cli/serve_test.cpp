#include "cli/serve.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace symphony {
namespace {

namespace fs = std::filesystem;

// Pages are found beside an installed program and beside one in a build folder; a flag beats both.
TEST(FindPages, LooksWherePagesAreBuiltOrInstalled) {
  std::string name = (fs::temp_directory_path() / "symphony-pages-XXXXXX").string();
  const fs::path top = ::mkdtemp(name.data());
  const std::string built = (top / "build/release/src/cli/symphony").string();
  const std::string installed = (top / "usr/bin/symphony").string();
  EXPECT_EQ(find_pages("", built), "");

  const fs::path dist = top / "packages/examples/dist";
  fs::create_directories(dist);
  EXPECT_EQ(find_pages("", built), "") << "a folder without an index is no page";
  std::ofstream(dist / "index.html") << "hello";
  EXPECT_EQ(find_pages("", built), dist.string());

  const fs::path share = top / "usr/share/symphony/www";
  fs::create_directories(share);
  std::ofstream(share / "index.html") << "hello";
  EXPECT_EQ(find_pages("", installed), share.string());
  EXPECT_EQ(find_pages("/elsewhere", installed), "/elsewhere");
  fs::remove_all(top);
}

}  // namespace
}  // namespace symphony
