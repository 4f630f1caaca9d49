// Random edits by index and by peers; after each the index answers as a walk along the list does.
#include "crdt/store/position_index.h"

#include <gtest/gtest.h>

#include <random>

#include "crdt/edit/handles.h"

namespace symphony::crdt {
namespace {

Doc make_doc(uint64_t client_id) {
  DocOptions options;
  options.client_id = client_id;
  return Doc(options);
}

void compare_with_walk(const Store& store, PositionIndex& index, TypeIndex type) {
  ASSERT_EQ(index.check(), "");
  uint32_t before = 0;
  ItemIndex last = kNil;
  std::vector<ItemIndex> marks;
  for (ItemIndex at = store.types[type].start; at != kNil; at = store.items[at].right) {
    const Item& item = store.items[at];
    ASSERT_EQ(index.index_of(at), before);
    ASSERT_EQ(index.live_from(at) == at, !item.deleted);
    last = at;
    if (item.deleted) continue;
    if (item.ref == kFormat) marks.push_back(at);
    if (!item.countable()) continue;
    for (const uint32_t offset : {0u, item.len() / 2, item.len() - 1}) {
      const PositionIndex::Place place = index.find(type, before + offset);
      ASSERT_EQ(place.item, at);
      ASSERT_EQ(place.offset, offset);
      ASSERT_EQ(place.start, before);
    }
    before += item.len();
  }
  ASSERT_EQ(index.last(type), last);
  ASSERT_EQ(index.has_marks(type), !marks.empty());
  std::vector<ItemIndex> found;
  index.marks_before(type, kNil, found);
  ASSERT_EQ(found, marks);
}

TEST(PositionIndex, AnswersAsAWalkDoes) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](uint64_t bound) { return static_cast<uint32_t>(random() % bound); };
    Doc docs[] = {make_doc(1), make_doc(2)};
    for (int step = 0; step < 600; ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      Doc& doc = docs[below(4) == 0];
      const Text text = *doc.get_text("t");
      const uint32_t length = text.length();
      const uint32_t at = below(length + 1);
      // The list grows in the first half and shrinks in the second, so that leaves divide and vanish.
      const uint32_t span = std::min(length - at, 1 + below(step < 300 ? 3 : 30));
      switch (below(5)) {
        case 0:
          ASSERT_TRUE(text.remove(at, span));
          break;
        case 1:
          ASSERT_TRUE(text.format(at, span, {{"b", below(2) == 0 ? Value(true) : Value(nullptr)}}));
          break;
        default:
          ASSERT_TRUE(text.insert(at, std::string(1 + below(3), 'x')));
      }
      if (below(20) == 0) {
        for (const auto& [from, to] : {std::pair{0, 1}, std::pair{1, 0}}) {
          ASSERT_TRUE(
              docs[to].apply_update(*docs[from].encode_state_as_update(docs[to].encode_state_vector())));
        }
      }
      for (Doc& each : docs) {
        Store& store = Handles::impl(each).store;
        const TypeIndex type = store.find_root("t");
        if (type == kNil || store.positions == nullptr || !store.positions->has(type)) continue;
        compare_with_walk(store, *store.positions, type);
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace symphony::crdt
