// What an enemy sends, input by input: each with the error that it gets, and with a document that is
// afterwards byte for byte as before, sound, and open to the innocent.
//
// Limits and wounds have files of their own. The inputs are those that are known to have broken Yjs, yrs,
// y-octo, ygo and servers on top of them. tests/interop/vectors.mjs has the same spirit, with Yjs beside.
#include <string>
#include <vector>

#include "crdt/doc/hostile_testing.h"
#include "symphony/awareness.h"

namespace symphony {
namespace {

using namespace craft;

TEST_F(Hostile, CountsAndLengths) {
  const std::string_view clients = "more clients are announced than the bytes can hold";
  const std::string_view structs = "more structs are announced than the bytes can hold";
  const std::string_view elements = "more elements are announced than the bytes can hold";
  const std::string_view too_early = "it ends too early";
  refuses("nothing", {}, Code::kInvalid, too_early);
  refuses("one byte", {0}, Code::kInvalid, too_early);
  refuses("2^31 blocks", number(k2To31) + Bits{0}, Code::kInvalid, clients);
  for (const uint64_t count : {k2To31, k2To32, kLargest}) {
    refuses("struct count", Bits{1} + number(count) + Bits{9, 0}, Code::kInvalid, structs);
  }
  refuses("2^31 clients in the delete set", Bits{0} + number(k2To31), Code::kInvalid, clients);
  refuses("2^31 delete ranges", Bits{0, 1, 1} + number(k2To31), Code::kInvalid,
          "more deletes are announced than the bytes can hold");
  refuses("a number of ten bytes", Bits{1, 1} + repeat(10, {0xff}) + Bits{0, 0}, Code::kInvalid,
          "out of range");
  refuses("a number past 2^53", Bits{1, 1} + repeat(7, {0x80}) + Bits{0x20, 0, 0, 1, 0}, Code::kInvalid,
          "out of range");
  for (const uint8_t ref : {crdt::kBinary, crdt::kString, crdt::kEmbed}) {
    refuses("a content that ends behind the update", one(kText, {ref, number(16383) + Bits{'a'}}),
            Code::kInvalid, too_early);
  }
  refuses("2^31 any values", one(kText, {crdt::kAny, number(k2To31) + kAnyNull}), Code::kInvalid, elements);
  refuses("2^31 JSON values", one(kText, {crdt::kJson, number(k2To31) + string("1")}), Code::kInvalid,
          elements);
  refuses("an any array of 2^31", one(kText, any({Bits{117} + number(k2To31)})), Code::kInvalid, "announced");
  refuses("an any object of 2^31", one(kText, any({Bits{118} + number(k2To31)})), Code::kInvalid,
          "announced");
  refuses("any bytes of 2^31", one(kText, any({Bits{116} + number(k2To31)})), Code::kInvalid, too_early);
  refuses("bytes behind the delete set", one(kText, craft::text("x")) + Bits{0}, Code::kInvalid,
          "bytes follow");
}

TEST_F(Hostile, NothingHasNoLength) {
  for (const Content& empty : {deleted(0), craft::text(""), any({}), json({})}) {
    refuses("an empty content", one(kText, empty), Code::kInvalid, "a struct has no length");
  }
  refuses("a GC of 0", one({gc(0)}), Code::kInvalid, "update refused at byte 6: a struct has no length");
  refuses("a Skip of 0", one({skip(0), item(kText, craft::text("x"))}), Code::kInvalid,
          "a struct has no length");
  refuses("a deletion of 0", update({}, {{1, {{0, 0}}}}), Code::kInvalid, "a delete has no length");
}

TEST_F(Hostile, ClocksEnd) {
  const Bits x = item(kText, craft::text("x"));
  refuses("a GC of 2^53-1 and an item", one({gc(kLargest), x}), Code::kInvalid, "past 2^32-1");
  refuses("GCs that add up to 2^32", one({gc(k2To31), gc(k2To31), x}), Code::kInvalid, "past 2^32-1");
  refuses("a clock at 2^53-1", update({block(9, kLargest, {x})}), Code::kInvalid, "past 2^32-1");
  refuses("a deletion at 2^53-1", update({}, {{1, {{kLargest, 10}}}}), Code::kInvalid, "past clock 2^32-1");
  refuses("a deletion that ends past 2^32", update({}, {{1, {{5, k2To32 - 3}}}}), Code::kInvalid,
          "past clock");
  refuses("an origin at 2^53-1", one(after(1, kLargest), craft::text("x")), Code::kInvalid, "past 2^32-1");
  takes("a clock far ahead", update({block(9, k2To31, {x})}), true);
}

TEST_F(Hostile, ReferencesIntoTheOwnFuture) {
  const std::string_view future = "a struct refers to its own future";
  const Bits long_text = item(kText, craft::text("yyyyyyyy"));
  refuses("origin is itself", one(after(9, 0), craft::text("x")), Code::kInvalid, future);
  refuses("right origin is itself", one(before(9, 0), craft::text("x")), Code::kInvalid, future);
  refuses("parent is itself", one(inside(9, 0), craft::text("x")), Code::kInvalid, future);
  refuses("origin in the future", one({item(after(9, 5), craft::text("x")), long_text}), Code::kInvalid,
          future);
  refuses("right origin in the future", one({item(before(9, 5), craft::text("x")), long_text}),
          Code::kInvalid, future);
  refuses("parent in the future", one({item(inside(9, 1), craft::text("x")), item(kText, type(0))}),
          Code::kInvalid, future);
  refuses(
      "a client twice",
      update({block(9, 0, {item(kText, craft::text("x"))}), block(9, 1, {item(kText, craft::text("y"))})}),
      Code::kInvalid, "a client has two blocks of structs");
}

TEST_F(Hostile, ReferencesToNowhereWait) {
  takes("a cycle of origins",
        update({block(9, 0, {item(after(8, 0), craft::text("x"))}),
                block(8, 0, {item(after(9, 0), craft::text("y"))})}),
        true);
  takes("a cycle of parents",
        update({block(19, 0, {item(inside(18, 0), type(0))}), block(18, 0, {item(inside(19, 0), type(0))})}),
        true);
  takes("an unknown client", update({block(20, 0, {item(after(77, 3), craft::text("x"))})}), true);
  takes("a Skip first", update({block(21, 0, {skip(3), item(kText, craft::text("x"))})}), true);
  takes("deletions of unknown clients", update({}, {{77, {{0, 3}}}, {78, {{5, 1}}}}), true);
  takes("a deletion beyond what is known", update({}, {{1, {{8, 10}}}}), true);
  EXPECT_TRUE(doc.has_pending());
}

// They become GC structs, or go where Yjs puts them.
TEST_F(Hostile, ReferencesToTheWrongThing) {
  takes("a parent that is a string", one(inside(1, 1), craft::text("x")), false);
  takes("a parent that is a string of the same update",
        update({block(10, 0, {item(root("t2"), craft::text("abc")), item(inside(10, 1), craft::text("x"))})}),
        false);
  takes("origins in two types",
        update({block(11, 0, {item(between(after(1, 4), before(1, 6)), craft::text("x"))})}), false,
        "hellox");
}

// Where such an item goes depends on what came first, in Yjs too: peers may show different texts for ever,
// but all of them hold the same structs and go on working.
TEST_F(Hostile, ContradictoryPlaces) {
  const Bits crossed = one(between(after(1, 3), before(1, 1)), craft::text("y"));
  const Bits nowhere = update({block(10, 0, {item(between(after(1, 0), before(1, 0)), craft::text("z"))})});
  for (const Bits& input : {crossed, nowhere}) {
    ASSERT_TRUE(doc.apply_update(input));
    EXPECT_EQ(doc.check_invariants(), "");
    Doc copy;
    ASSERT_TRUE(copy.apply_update(*doc.encode_state_as_update()));
    EXPECT_EQ(copy.encode_state_vector(), doc.encode_state_vector());
    EXPECT_EQ(copy.to_text("text").size(), doc.to_text("text").size());
    EXPECT_EQ(copy.check_invariants(), "");
  }
}

TEST_F(Hostile, UnknownKinds) {
  for (uint8_t ref = 11; ref < 32; ++ref) {
    refuses("content ref", one(kText, {ref, {1, 1}}), Code::kInvalid, "an unknown content ref");
  }
  for (const uint64_t ref : {uint64_t{7}, uint64_t{9}, uint64_t{15}, k2To31}) {
    refuses("type ref", one(kText, type(ref)), Code::kInvalid, "an unknown shared type");
  }
  for (const uint8_t tag : Bits{0, 1, 64, 115, 128, 255}) {
    refuses("any tag", one(kText, any({Bits{tag} + repeat(8, {0})})), Code::kInvalid, "unknown");
  }
  refuses("a GC with flags", one({Bits{0x20, 3}}), Code::kInvalid, "a GC or Skip struct has item flags");
  refuses("a Skip with flags", one({Bits{0x2a, 3}}), Code::kInvalid, "a GC or Skip struct has item flags");
}

TEST_F(Hostile, Depth) {
  const Bits deep = repeat(100000, {117, 1}) + kAnyNull;
  refuses("any 100,000 deep", one(kText, any({deep})), Code::kInvalid, "nested too deeply");
  refuses("JSON 100,000 deep", one(kText, embed(std::string(100000, '[') + std::string(100000, ']'))),
          Code::kInvalid, "JSON");
  Parts types{item(root("deep"), type(0))};
  for (uint64_t i = 0; i < 20000; ++i) types.push_back(item(inside(9, i), type(0)));
  takes("types 20,000 deep", one(types), false);
  takes("and deleted at once", update({}, {{9, {{0, 1}}}}), false);
}

TEST_F(Hostile, TextsAreUtf8AndJson) {
  for (const std::string_view bad :
       {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\xbd", "\xf4\x90\x80\x80", "\xe0\x80\xaf"}) {
    refuses("text", one(kText, craft::text(bad)), Code::kInvalid, "UTF-8");
    refuses("root", one(root(bad), craft::text("x")), Code::kInvalid, "UTF-8");
    refuses("key", one(key("map", bad), any({kAnyNull})), Code::kInvalid, "UTF-8");
    refuses("format", one(kText, format(bad, "1")), Code::kInvalid, "UTF-8");
    refuses("any", one(kText, any({Bits{119} + string(bad)})), Code::kInvalid, "UTF-8");
    refuses("guid", one(kText, subdoc(bad, {118, 0})), Code::kInvalid, "UTF-8");
  }
  for (const std::string_view bad : {"", "{\"a\":", "tru", "{} {}", "'a'", "01", "\"\x01\""}) {
    refuses("embed", one(kText, embed(bad)), Code::kInvalid, "JSON");
    refuses("format value", one(kText, format("bold", bad)), Code::kInvalid, "JSON");
    refuses("JSON content", one(kText, json({string(bad)})), Code::kInvalid, "JSON");
  }
}

// Names that hurt JavaScript are names.
TEST_F(Hostile, PrototypesAreNames) {
  takes("a root", one(root("__proto__"), craft::text("x")), false);
  takes("a key", update({block(10, 0, {item(key("map", "__proto__"), any({kAnyNull}))})}), false);
  EXPECT_EQ(doc.to_text("__proto__"), "x");
  EXPECT_EQ(doc.to_json("map", TypeKind::kMap), R"({"nested":[],"__proto__":null})");
}

// Client ids are 53-bit numbers, lengths are UTF-16, and what lies behind a gap waits and is not lost: where
// others have lost or mixed up what was sent.
TEST_F(Hostile, NothingIsLostOrMixedUp) {
  takes("an id of 32 bits", update({block(k2To32 - 1, 0, {item(after(1, 4), craft::text("a"))})}), false,
        "helloa");
  takes("an id of 53 bits", update({block(kLargest, 0, {item(after(k2To32 - 1, 0), craft::text("b"))})}),
        false, "helloab");
  takes("its low 32 bits are another client",
        update({block(k2To32 - 1, 1, {item(after(kLargest, 0), craft::text("c"))})}), false, "helloabc");
  takes("two units of one character",
        update({block(6, 0, {item(after(1, 4), craft::text("\xf0\x9f\x98\x80"))})}, {{6, {{0, 2}}}}), false,
        "helloabc");
  takes("the end first", update({block(7, 2, {item(after(7, 1), craft::text("3"))})}), true, "helloabc");
  takes("its middle, behind a Skip", update({block(7, 0, {skip(1), item(after(7, 0), craft::text("2"))})}),
        true, "helloabc");
  takes("the beginning", update({block(7, 0, {item(before(1, 0), craft::text("1"))})}), false, "123helloabc");
  EXPECT_FALSE(doc.has_pending());
  takes("deletes that overlap, touch and fall", update({}, {{7, {{1, 2}, {0, 2}, {0, 1}}}}), false,
        "helloabc");
  takes("what is deleted is deleted again", update({}, {{7, {{0, 3}}}, {1, {{4, 1}}}}), false, "hellabc");
}

TEST_F(Hostile, StateVectors) {
  for (const Bits& bad : std::vector<Bits>{number(250'000'000),
                                           number(k2To31) + Bits{1, 1},
                                           {1},
                                           {1, 1},
                                           {1, 1, 1, 1},
                                           Bits{1, 1} + repeat(10, {0xff})}) {
    const auto diff = doc.encode_state_as_update(bad);
    ASSERT_FALSE(diff.has_value()) << to_hex(bad);
    EXPECT_EQ(diff.error().code, Code::kInvalid);
    EXPECT_NE(diff.error().message.find("malformed state vector"), std::string::npos);
  }
  const Bits everything_and_more =
      Bits{2} + number(1) + number(kLargest) + number(kLargest) + number(kLargest);
  EXPECT_EQ(to_hex(*doc.encode_state_as_update(everything_and_more)), "0000");
}

TEST(HostileAwareness, CountsCostNothing) {
  Awareness awareness({.client_id = 1}, 0);
  const Buffer before = *awareness.encode_update(awareness.clients());
  for (const Bits& bad :
       {number(250'000'000), number(kLargest) + Bits{1, 1, 0}, Bits{1, 2, 1} + number(k2To31)}) {
    const auto event = awareness.apply_update(bad, 0);
    ASSERT_FALSE(event.has_value());
    EXPECT_EQ(event.error().code, Code::kInvalid);
    EXPECT_EQ(*awareness.encode_update(awareness.clients()), before);
  }
}

}  // namespace
}  // namespace symphony
