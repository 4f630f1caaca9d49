#include "storage/blob/folder_store.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <random>

#include "storage/blob/object_conformance.h"
#include "storage/blob/object_scenario_testing.h"
#include "storage/sqlite/temporary_folder.h"

namespace symphony {
namespace {

struct FolderHarness {
  TemporaryFolder folder;
  FileCalls calls;
  std::unique_ptr<ObjectStore> open() { return FolderStore::open(folder.file(""), calls).value(); }
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Folder, ObjectConformance, FolderHarness);

namespace {

// Fails the call whose number is `fail_at`, counting from 1; writes and reads are short before that.
class FailingCalls final : public FileCalls {
 public:
  int made = 0;
  int fail_at = 0;

  int open(const char* path, int flags) override { return fails() ? -1 : FileCalls::open(path, flags); }
  int mkostemp(char* path, int flags) override { return fails() ? -1 : FileCalls::mkostemp(path, flags); }
  ssize_t read(int fd, void* to, size_t size) override {
    return fails() ? -1 : FileCalls::read(fd, to, std::min<size_t>(size, 7));
  }
  ssize_t write(int fd, const void* from, size_t size) override {
    return fails() ? -1 : FileCalls::write(fd, from, std::min<size_t>(size, 7));
  }
  int fsync(int) override { return fails() ? -1 : 0; }  // no power is lost here
  int link(const char* from, const char* to) override { return fails() ? -1 : FileCalls::link(from, to); }
  int unlink(const char* path) override { return fails() ? -1 : FileCalls::unlink(path); }
  int stat(const char* path, struct stat* out) override { return fails() ? -1 : FileCalls::stat(path, out); }
  int close(int fd) override { return FileCalls::close(fd) != 0 || fails() ? -1 : 0; }
  DIR* opendir(const char* path) override { return fails() ? nullptr : FileCalls::opendir(path); }
  dirent* readdir(DIR* folder) override { return fails() ? nullptr : FileCalls::readdir(folder); }
  int closedir(DIR* folder) override { return FileCalls::closedir(folder) != 0 || fails() ? -1 : 0; }

 private:
  bool fails() {
    if (++made != fail_at) return false;
    errno = EIO;
    return true;
  }
};

TEST(FolderStore, any_call_may_fail_and_a_retry_mends_it) {
  const std::string text = "a text that is longer than one short write";
  for (int n = 1;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    const TemporaryFolder folder;
    FailingCalls calls;
    const auto store = FolderStore::open(folder.file(""), calls).value();
    ASSERT_TRUE(store->put_new("old", bytes_of(text)));
    std::ofstream(folder.file(".new-left")) << "of a crash";
    calls.made = 0;
    calls.fail_at = n;
    // Twice if the first time fails: one failing call, then none.
    const auto tried = [](const auto& call) {
      const auto first = call();
      if (first) return;
      expect_code(first, Code::kUnavailable);
      const auto second = call();
      EXPECT_TRUE(second) << second.error().message;
    };
    tried([&] { return store->put_new("new", bytes_of(text)); });
    tried([&] { return store->put_new("new", bytes_of(text)); });
    tried([&] { return store->get("new"); });
    tried([&] { return store->list("", "", 9); });
    tried([&] { return store->remove("old"); });
    tried([&] { return FolderStore::open(folder.file(""), calls); });
    const bool reached = calls.made >= n;
    calls.fail_at = 0;
    EXPECT_EQ(text_of(store->get("new").value()), text);
    EXPECT_EQ(store->list("", "", 9).value(), std::vector<std::string>{"new"});
    if (!reached) break;
    ASSERT_LT(n, 1000);
  }
}

TEST(FolderStore, any_call_may_fail_in_the_scenario_of_all_stores) {
  for (int n = 1;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    const TemporaryFolder folder;
    FailingCalls calls;
    const auto store = FolderStore::open(folder.file(""), calls).value();
    calls.made = 0;
    calls.fail_at = n;
    expect_scenario_outcome(*store);
    if (calls.made < n) break;
    ASSERT_LT(n, 1000);
  }
}

TEST(FolderStore, every_damage_is_found_named_and_left_alone) {
  const TemporaryFolder folder;
  FileCalls calls;
  const auto store = FolderStore::open(folder.file(""), calls).value();
  const std::string path = folder.file("room.1-1.object");
  ASSERT_TRUE(store->put_new("room/1-1", bytes_of("some text, some text, some text")));
  std::ifstream file(path, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  const auto expect_corrupt = [&](const std::string& bad) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    const auto got = store->get("room/1-1");
    expect_code(got, Code::kCorrupt);
    EXPECT_NE(got.error().message.find("object room/1-1"), std::string::npos) << got.error().message;
    EXPECT_NE(got.error().message.find("room.1-1.object"), std::string::npos) << got.error().message;
    expect_code(store->put_new("room/1-1", bytes_of("other")), Code::kCorrupt);
    std::ifstream again(path, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(again), {}), bad);
  };
  for (size_t size = 0; size < good.size(); ++size) expect_corrupt(good.substr(0, size));
  expect_corrupt(good + "x");
  expect_corrupt(good + good);
  // One bit of every byte, and as many pairs of bits anywhere.
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Prng random(seed);
  const auto flip = [&](std::string& bytes, size_t at) {
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
  };
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    flip(bad, at);
    expect_corrupt(bad);
    flip(bad, (at + 1 + random.below(good.size() - 1)) % good.size());
    expect_corrupt(bad);
  }
  ASSERT_TRUE(store->put_new("room/1-2", bytes_of("another object")));
  std::ifstream other(folder.file("room.1-2.object"), std::ios::binary);
  expect_corrupt(std::string(std::istreambuf_iterator<char>(other), {}));
  EXPECT_NE(store->get("room/1-1").error().message.find("holds another object: room/1-2"), std::string::npos);
  EXPECT_TRUE(store->remove("room/1-1"));
}

TEST(FolderStore, an_object_beyond_the_limit_is_neither_written_nor_read) {
  const TemporaryFolder folder;
  FileCalls calls;
  const auto wide = FolderStore::open(folder.file(""), calls).value();
  const auto narrow = FolderStore::open(folder.file(""), calls, {.object_bytes_max = 5}).value();
  ASSERT_TRUE(wide->put_new("a", bytes_of("123456")));
  expect_code(narrow->get("a"), Code::kLimit);
  expect_code(narrow->put_new("b", bytes_of("123456")), Code::kLimit);
  expect_code(wide->get("b"), Code::kNotFound);
  ASSERT_TRUE(narrow->put_new("b", bytes_of("12345")));
  EXPECT_EQ(text_of(narrow->get("b").value()), "12345");
}

TEST(FolderStore, leftovers_of_a_crash_are_not_listed_and_removed_when_old) {
  const TemporaryFolder folder;
  std::ofstream(folder.file(".new-young")) << "x";
  std::ofstream(folder.file(".new-old")) << "x";
  std::ofstream(folder.file("README")) << "not of the store";
  const timespec long_ago[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, folder.file(".new-old").c_str(), long_ago, 0), 0);
  FileCalls calls;
  const auto store = FolderStore::open(folder.file(""), calls).value();
  EXPECT_TRUE(store->list("", "", 9).value().empty());
  EXPECT_EQ(::access(folder.file(".new-young").c_str(), F_OK), 0);
  EXPECT_NE(::access(folder.file(".new-old").c_str(), F_OK), 0);
  EXPECT_EQ(::access(folder.file("README").c_str(), F_OK), 0);
  expect_code(FolderStore::open(folder.file("missing"), calls), Code::kUnavailable);
}

}  // namespace
}  // namespace symphony
