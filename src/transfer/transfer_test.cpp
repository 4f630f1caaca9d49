#include "transfer/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "storage/memory/memory_store.h"
#include "symphony/shared_types.h"
#include "symphony/update.h"
#include "transfer/folder.h"

namespace symphony {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class TransferTest : public testing::Test {
 protected:
  TransferTest() {
    std::string name = (fs::temp_directory_path() / "symphony-transfer-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~TransferTest() override { fs::remove_all(folder); }

  // The state of a document in which `client` has typed `text`.
  static Buffer typed(uint64_t client, const std::string& text) {
    DocOptions options;
    options.client_id = client;
    Doc doc(options);
    EXPECT_TRUE(doc.get_text("t")->insert(0, text));
    return *doc.encode_state_as_update();
  }

  static std::string text_in(Store& store, const std::string& room) {
    const auto carried = StoreSource(store).read(room);
    if (!carried) return "error: " + carried.error().message;
    Doc doc;
    for (const Buffer& update : carried->updates) EXPECT_TRUE(doc.apply_update(update));
    return doc.to_text("t");
  }

  static TransferProgress carry(RoomSource& from, RoomSink& to, const std::vector<std::string>& rooms = {}) {
    size_t calls = 0;
    auto done = transfer(from, to, rooms, [&](const TransferProgress&) { ++calls; });
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_EQ(calls, done->rooms + done->failures.size());
    return *done;
  }

  void put(const std::string& file, Bytes bytes) {
    fs::create_directories((folder / file).parent_path());
    std::ofstream(folder / file, std::ios::binary) << as_text(bytes);
  }

  fs::path folder;
  std::shared_ptr<MemoryMedium> medium = std::make_shared<MemoryMedium>();
  MemoryStore a{{"a", "a:1"}};
  MemoryStore b{{"b", "b:1"}};
};

TEST_F(TransferTest, RoomsGoFromStoreToFolderToStore) {
  const std::vector<std::string> names = {"plain",
                                          "with/slash",
                                          "%41",
                                          ".hidden",
                                          "Zürich \xf0\x9f\x8e\xbb",
                                          std::string(255, '/'),
                                          std::string(600, 'x'),
                                          std::string("\xff\0\n", 3)};
  StoreSink into_a(a);
  for (const std::string& name : names)
    ASSERT_TRUE(into_a.write(name, {typed(1, std::to_string(name.size()) + " bytes")}));
  StoreSource from_a(a);
  FolderSink out = FolderSink::open(folder / "made/by/export").value();
  EXPECT_EQ(carry(from_a, out).rooms, names.size());
  FolderSource in = FolderSource::open(folder / "made/by/export").value();
  StoreSink into_b(b);
  const TransferProgress done = carry(in, into_b);
  EXPECT_EQ(done.rooms, names.size());
  EXPECT_GT(done.bytes, names.size() * 10);
  EXPECT_TRUE(done.failures.empty());
  for (const std::string& name : names) EXPECT_EQ(text_in(b, name), std::to_string(name.size()) + " bytes");
  EXPECT_FALSE(b.rooms("", 1)->at(0).active) << "rooms are released";
  EXPECT_EQ(b.load("plain")->log.size(), 0u) << "and compacted";
}

TEST_F(TransferTest, WhatIsThereIsMergedAndTwiceIsOnce) {
  StoreSink into(a);
  ASSERT_TRUE(into.write("r", {typed(1, "one ")}));
  ASSERT_TRUE(into.write("r", {typed(2, "two "), typed(3, "three ")}));
  const std::string once = text_in(a, "r");
  EXPECT_EQ(once.size(), 14u) << once;
  const uint64_t seq = a.rooms("", 1)->at(0).seq;
  ASSERT_TRUE(into.write("r", {typed(2, "two ")}));
  EXPECT_EQ(text_in(a, "r"), once);
  EXPECT_EQ(a.rooms("", 1)->at(0).seq, seq + 1) << "a fence, no update";
}

TEST_F(TransferTest, AFolderOfManyUpdatesInBothFormatsMakesOneRoom) {
  put("draft/1.yjs", typed(1, "one "));
  put("draft/2.yjs2", convert_update_v1_to_v2(typed(2, "two ")).value());
  put("draft/notes.txt", as_bytes("not an update"));
  put("other.yjs2", convert_update_v1_to_v2(typed(3, "other")).value());
  FolderSource in = FolderSource::open(folder).value();
  EXPECT_THAT(in.rooms("", 10).value(), ElementsAre("draft", "other"));
  EXPECT_THAT(in.rooms("draft", 10).value(), ElementsAre("other"));
  StoreSink into(a);
  EXPECT_EQ(carry(in, into).rooms, 2u);
  EXPECT_EQ(text_in(a, "draft").size(), 8u);
  EXPECT_EQ(text_in(a, "other"), "other");
}

TEST_F(TransferTest, ABadRoomIsNamedAndDoesNotStopTheOthers) {
  put("bad.yjs", Buffer{1, 2, 3});
  put("good.yjs", typed(1, "good"));
  put("held.yjs", typed(1, "held"));
  MemoryStore same({"another", "another:99"}, medium);
  ASSERT_NE(same.take("held").value().epoch, 0u);
  MemoryStore store({"importer", ""}, medium);
  FolderSource in = FolderSource::open(folder).value();
  StoreSink into(store);
  const TransferProgress done = carry(in, into, {"bad", "good", "held", "missing"});
  EXPECT_EQ(done.rooms, 1u);
  ASSERT_EQ(done.failures.size(), 3u);
  EXPECT_THAT(done.failures[0], HasSubstr("bad.yjs"));
  EXPECT_THAT(done.failures[1], HasSubstr("another:99"));
  EXPECT_THAT(done.failures[2], HasSubstr("\"missing\""));
  EXPECT_EQ(text_in(store, "good"), "good");
  EXPECT_TRUE(store.load("bad")->log.empty()) << "nothing was written";
}

TEST_F(TransferTest, PoisonIsLeftOutAndCounted) {
  StoreSink into(a);
  ASSERT_TRUE(into.write("r", {typed(1, "good")}));
  const Claim claim = a.take("r").value();
  const Buffer poison{1, 2, 3};
  const AppendRequest request{"r", claim.epoch, claim.stored.log.back().seq + 1, poison};
  ASSERT_TRUE(a.append({&request, 1})[0]);
  StoreSource from(a);
  StoreSink to(b);
  const TransferProgress done = carry(from, to);
  EXPECT_EQ(done.rooms, 1u);
  EXPECT_EQ(done.refused, 1u);
  EXPECT_EQ(text_in(b, "r"), "good");
  // Importing into the room itself puts it aside.
  ASSERT_TRUE(into.write("r", {typed(2, "more")}));
  EXPECT_EQ(a.quarantined("r")->size(), 1u);
}

TEST_F(TransferTest, NamesOfFilesAreReadBack) {
  for (const std::string& room : {std::string("a%b"), std::string("%"), std::string("."), std::string("x/y"),
                                  std::string(1000, '%'), std::string("\0", 1), std::string(300, '\xff')}) {
    const std::string path = path_of_room(room);
    EXPECT_EQ(room_of_path(path).value(), room);
    for (const fs::path& part : fs::path(path)) EXPECT_LE(part.string().size(), 250u);
  }
  for (const char* bad : {"", "%", "a%4", "%zz"}) EXPECT_FALSE(room_of_path(bad)) << bad;
  EXPECT_FALSE(FolderSource::open(folder / "nowhere"));
}

}  // namespace
}  // namespace symphony
