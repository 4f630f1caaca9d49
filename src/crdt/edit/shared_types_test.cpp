#include "symphony/shared_types.h"

#include <gtest/gtest.h>

#include <random>

#include "crdt/wire/hex_testing.h"

namespace symphony {
namespace {

Doc make_doc(uint64_t client_id = 1) {
  DocOptions options;
  options.client_id = client_id;
  return Doc(options);
}

TEST(SharedTypes, ATextIsTyped) {
  Doc doc = make_doc();
  std::vector<std::string> updates;
  const Subscription subscription =
      doc.on_update([&](Bytes update, const TransactionInfo&) { updates.push_back(to_hex(update)); });
  const Text text = *doc.get_text("t");
  ASSERT_TRUE(text.insert(0, "a"));
  ASSERT_TRUE(text.insert(1, "bé"));
  ASSERT_TRUE(text.insert(1, "x"));
  ASSERT_TRUE(text.remove(0, 2));
  EXPECT_EQ(text.to_string(), "bé");
  EXPECT_EQ(text.length(), 2u);
  // As npm yjs writes them.
  EXPECT_EQ(updates, (std::vector<std::string>{"01010100040101740161"
                                               "00",
                                               "010101018401000362c3a900",
                                               "01010103c40100010101780"
                                               "0",
                                               "0001010200010301"}));
  EXPECT_EQ(doc.check_invariants(), "");
}

TEST(SharedTypes, ErrorsSayWhatToDo) {
  Doc readonly;
  const Text none = *readonly.get_text("t");
  EXPECT_EQ(none.insert(0, "a").error().code, Code::kInvalid);
  Doc doc = make_doc();
  const Text text = *doc.get_text("t");
  EXPECT_EQ(text.insert(1, "a").error().message, "index 1 is beyond the length of 0");
  EXPECT_EQ(text.insert(0, "\xff").error().code, Code::kInvalid);
  EXPECT_EQ(doc.get_array("t").error().code, Code::kInvalid);
  const Array array = *doc.get_array("a");
  EXPECT_EQ(array.insert(0, {Value()}).error().code, Code::kInvalid);
  EXPECT_EQ(array.remove(0, 1).error().code, Code::kInvalid);
  EXPECT_EQ(Text().insert(0, "a").error().code, Code::kNotFound);
}

TEST(SharedTypes, AHandleOfADeletedTypeFindsNothing) {
  Doc doc = make_doc();
  const Map map = *doc.get_map("m");
  const Text text = *map.set_type<Text>("t");
  ASSERT_TRUE(text.insert(0, "abc"));
  ASSERT_TRUE(map.remove("t"));
  EXPECT_FALSE(text.exists());
  EXPECT_EQ(text.to_string(), "");
  EXPECT_EQ(text.insert(0, "x").error().code, Code::kNotFound);
  const Array reused = *map.set_type<Array>("t");  // takes the place in the table
  ASSERT_TRUE(reused.insert(0, {1}));
  EXPECT_FALSE(text.exists());
  EXPECT_EQ(map.to_json(), R"({"t":[1]})");
  EXPECT_EQ(doc.check_invariants(), "");
}

TEST(SharedTypes, ATransactionIsOneUpdate) {
  Doc doc = make_doc();
  int updates = 0;
  Origin origin = 0;
  const Subscription subscription = doc.on_update([&](Bytes, const TransactionInfo& info) {
    ++updates;
    origin = info.origin;
  });
  doc.transact(
      [&] {
        const Array array = *doc.get_array("a");
        ASSERT_TRUE(array.insert(0, {1, "two", Value::bytes(Buffer{3}), nullptr}));
        doc.transact([&] { ASSERT_TRUE(array.insert_type<XmlElement>(2, "p")->set_attribute("k", 1)); });
      },
      7);
  EXPECT_EQ(updates, 1);
  EXPECT_EQ(origin, 7u);
  EXPECT_EQ(doc.to_json("a", TypeKind::kArray), R"([1,"two","<p k=\"1\"></p>",{"0":3},null])");
}

TEST(SharedTypes, ObserversSeeDeltasAndEdit) {
  Doc doc = make_doc();
  const Text text = *doc.get_text("t");
  std::vector<std::string> seen;
  const Subscription direct = text.observe([&](const Event& event) {
    seen.push_back(to_json(event.delta()));
    if (text.length() < 3) {
      EXPECT_TRUE(text.insert(text.length(), "!"));
    }
  });
  std::vector<std::string> updates;
  const Subscription emitted =
      doc.on_update([&](Bytes update, const TransactionInfo&) { updates.push_back(to_hex(update)); });
  ASSERT_TRUE(text.insert(0, "a", {{"bold", true}}));
  // As npm yjs has it, oddities included: an update holds all that follow-ups have added by then, and what
  // two follow-ups wrote is merged before the second is observed.
  EXPECT_EQ(seen,
            (std::vector<std::string>{R"([{"insert":"a","attributes":{"bold":true}}])",
                                      R"([{"retain":1},{"insert":"!","attributes":{"bold":true}}])", "[]"}));
  EXPECT_EQ(updates, (std::vector<std::string>{
                         "010401000601017404626f6c640474727565840100016186010104626f6c64046e756c6c"
                         "c401010102012100",
                         "01010103c401010102012100", "01010103c40101010202212100", "01010104c401030102012100",
                         "01010104c401030102012100"}));
  EXPECT_EQ(text.to_string(), "a!!");
}

TEST(SharedTypes, TheStateIsThatOfTheMoment) {
  Doc doc = make_doc();
  const Text text = *doc.get_text("t");
  const auto reads = [&] {
    Doc copy;
    EXPECT_TRUE(copy.apply_update(*doc.encode_state_as_update()));
    return copy.to_text("t");
  };
  doc.transact([&] {
    ASSERT_TRUE(text.insert(0, "ab"));
    EXPECT_EQ(reads(), "ab");
    ASSERT_TRUE(text.remove(0, 1));
    EXPECT_EQ(reads(), "b");
    EXPECT_EQ(reads(), "b");
  });
  const Subscription subscription = text.observe([&](const Event&) { EXPECT_EQ(reads(), reads()); });
  ASSERT_TRUE(text.remove(0, 1));
  EXPECT_EQ(reads(), "");
  EXPECT_EQ(reads(), "");
}

// Against a plain string, with every index kept up by every kind of change.
TEST(SharedTypes, RandomEditsOfALongText) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 rng(seed);
  const auto below = [&](size_t n) { return static_cast<uint32_t>(rng() % n); };
  Doc doc = make_doc();
  const Text text = *doc.get_text("t");
  std::string model;
  for (int step = 0; step < 4000; ++step) {
    const uint32_t at = below(model.size() + 1);
    if (model.empty() || below(3) > 0) {
      const std::string piece(1 + below(3), static_cast<char>('a' + below(26)));
      ASSERT_TRUE(text.insert(at, piece));
      model.insert(at, piece);
    } else {
      const uint32_t count = std::min<uint32_t>(1 + below(5), static_cast<uint32_t>(model.size()) - at);
      ASSERT_TRUE(text.remove(at, count));
      model.erase(at, count);
    }
    if (step % 250 == 0) {
      ASSERT_EQ(doc.check_invariants(), "");
      ASSERT_EQ(text.to_string(), model);
    }
  }
  EXPECT_EQ(text.to_string(), model);
}

}  // namespace
}  // namespace symphony
