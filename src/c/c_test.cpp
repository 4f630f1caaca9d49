// The C interface hands through what the C++ interface does; what is tested here is the handing.
#include "symphony/c.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "crdt/wire/hex_testing.h"

namespace symphony {
namespace {

std::string text_and_free(symphony_buffer& buffer) {
  EXPECT_EQ(buffer.data[buffer.size], 0);
  std::string text(reinterpret_cast<const char*>(buffer.data), buffer.size);
  symphony_buffer_free(&buffer);
  EXPECT_EQ(buffer.data, nullptr);
  return text;
}

std::string hex_and_free(symphony_buffer& buffer) {
  const std::string text = text_and_free(buffer);
  return to_hex(as_bytes(text));
}

class CDoc : public ::testing::Test {
 protected:
  ~CDoc() override { symphony_doc_free(doc); }

  symphony_code apply(std::string_view hex, symphony_applied* applied = nullptr) {
    const Buffer update = from_hex(hex);
    return symphony_doc_apply_update(doc, update.data(), update.size(), applied, &error);
  }
  std::string state(std::string_view vector = "") {
    const Buffer sv = from_hex(vector);
    EXPECT_EQ(symphony_doc_encode_state_as_update(doc, sv.data(), sv.size(), &out, nullptr), SYMPHONY_OK);
    return hex_and_free(out);
  }

  symphony_doc* doc = symphony_doc_new(nullptr);
  symphony_error error{};
  symphony_buffer out{};
};

TEST_F(CDoc, TakesAndGivesUpdates) {
  symphony_applied applied{};
  ASSERT_EQ(apply("010101000401017402616200", &applied), SYMPHONY_OK);
  EXPECT_TRUE(applied.changed && !applied.pending);
  ASSERT_EQ(applied.updates.count, 1u) << "what came in is for the peers";
  EXPECT_EQ(applied.updates.items[0].size, 12u);
  symphony_applied_free(&applied);
  EXPECT_EQ(applied.updates.items, nullptr);
  ASSERT_EQ(apply("010101000401017402616200", &applied), SYMPHONY_OK);
  EXPECT_TRUE(!applied.changed && applied.updates.count == 0);
  symphony_applied_free(&applied);

  EXPECT_EQ(state(), "010101000401017402616200");
  EXPECT_EQ(state("010101"), "01010101840100016200");
  symphony_doc_encode_state_vector(doc, &out);
  EXPECT_EQ(hex_and_free(out), "010102");
  EXPECT_FALSE(symphony_doc_has_pending(doc));
  EXPECT_GT(symphony_doc_memory_bytes(doc), 0u);
}

TEST_F(CDoc, ReadsRoots) {
  ASSERT_EQ(apply("010301000601017404626f6c64047472756584010002686986010204626f6c64046e756c6c00"),
            SYMPHONY_OK);
  symphony_buffers names{};
  symphony_doc_root_names(doc, &names);
  ASSERT_EQ(names.count, 1u);
  EXPECT_STREQ(reinterpret_cast<const char*>(names.items[0].data), "t");
  symphony_buffers_free(&names);
  symphony_doc_to_text(doc, "t", 1, &out);
  EXPECT_EQ(text_and_free(out), "hi");
  symphony_doc_to_delta(doc, "t", 1, &out);
  EXPECT_EQ(text_and_free(out), R"([{"insert":"hi","attributes":{"bold":true}}])");
  symphony_doc_to_json(doc, "t", 1, SYMPHONY_TEXT, &out);
  EXPECT_EQ(text_and_free(out), "\"hi\"");
  symphony_doc_to_json(doc, "none", 4, SYMPHONY_MAP, &out);
  EXPECT_EQ(text_and_free(out), "{}");
}

TEST_F(CDoc, SaysWhatIsWrong) {
  EXPECT_EQ(apply("010102000000"), SYMPHONY_INVALID);
  EXPECT_EQ(error.code, SYMPHONY_INVALID);
  EXPECT_NE(std::string_view(error.message).find("no length"), std::string_view::npos) << error.message;
  EXPECT_EQ(symphony_doc_apply_update(doc, nullptr, 0, nullptr, nullptr), SYMPHONY_INVALID);
  const uint8_t broken = 1;
  EXPECT_EQ(symphony_doc_encode_state_as_update(doc, &broken, 1, &out, &error), SYMPHONY_INVALID);
  EXPECT_EQ(out.data, nullptr);
  EXPECT_EQ(state(), "0000");
}

TEST_F(CDoc, HasOptions) {
  symphony_doc_options options = symphony_doc_options_default();
  EXPECT_TRUE(options.gc);
  options.roots_max = 0;
  symphony_doc* rootless = symphony_doc_new(&options);
  const Buffer update = from_hex("010101000401017402616200");
  EXPECT_EQ(symphony_doc_apply_update(rootless, update.data(), update.size(), nullptr, &error),
            SYMPHONY_LIMIT);
  symphony_doc_free(rootless);
  symphony_doc_free(nullptr);
}

symphony_bytes view(const Buffer& bytes) { return {bytes.data(), bytes.size()}; }

TEST(CUpdates, AreMergedCutAndConverted) {
  const Buffer first = from_hex("0101010004010174016100");
  const Buffer second = from_hex("01010101840100016200");
  const Buffer vector = from_hex("010101");
  symphony_buffer out{};
  symphony_error error{};
  const symphony_bytes both[] = {view(second), view(first)};
  ASSERT_EQ(symphony_merge_updates(both, 2, &out, &error), SYMPHONY_OK);
  const Buffer merged(out.data, out.data + out.size);
  EXPECT_EQ(hex_and_free(out), "01020100040101740161840100016200");
  ASSERT_EQ(symphony_diff_update(view(merged), view(vector), &out, &error), SYMPHONY_OK);
  EXPECT_EQ(hex_and_free(out), to_hex(second));
  ASSERT_EQ(symphony_state_vector_from_update(view(merged), &out, &error), SYMPHONY_OK);
  EXPECT_EQ(hex_and_free(out), "010102");

  ASSERT_EQ(symphony_convert_update_v1_to_v2(view(merged), &out, &error), SYMPHONY_OK);
  const Buffer merged_v2(out.data, out.data + out.size);
  symphony_buffer_free(&out);
  const symphony_bytes one[] = {view(merged_v2)};
  ASSERT_EQ(symphony_merge_updates_v2(one, 1, &out, &error), SYMPHONY_OK);
  EXPECT_EQ(hex_and_free(out), to_hex(merged_v2));
  ASSERT_EQ(symphony_state_vector_from_update_v2(view(merged_v2), &out, &error), SYMPHONY_OK);
  EXPECT_EQ(hex_and_free(out), "010102");
  ASSERT_EQ(symphony_diff_update_v2(view(merged_v2), view(vector), &out, &error), SYMPHONY_OK);
  const Buffer second_v2(out.data, out.data + out.size);
  symphony_buffer_free(&out);
  ASSERT_EQ(symphony_convert_update_v2_to_v1(view(second_v2), &out, &error), SYMPHONY_OK);
  EXPECT_EQ(hex_and_free(out), to_hex(second));

  symphony_doc* doc = symphony_doc_new(nullptr);
  symphony_applied applied{};
  ASSERT_EQ(symphony_doc_apply_update_v2(doc, merged_v2.data(), merged_v2.size(), &applied, &error),
            SYMPHONY_OK);
  EXPECT_EQ(applied.updates.count, 1u);
  symphony_applied_free(&applied);
  ASSERT_EQ(symphony_doc_encode_state_as_update_v2(doc, vector.data(), vector.size(), &out, &error),
            SYMPHONY_OK);
  EXPECT_EQ(hex_and_free(out), to_hex(second_v2));
  symphony_doc_free(doc);

  EXPECT_EQ(symphony_merge_updates(both, 0, &out, &error), SYMPHONY_OK);
  EXPECT_EQ(hex_and_free(out), "0000");
  EXPECT_EQ(symphony_convert_update_v2_to_v1(view(first), &out, &error), SYMPHONY_INVALID);
}

TEST(CAwareness, Works) {
  symphony_awareness* ada = symphony_awareness_new(1, 0, 0);
  symphony_awareness* bob = symphony_awareness_new(2, 0, 0);
  symphony_awareness_event event{};
  symphony_error error{};
  symphony_buffer out{};
  EXPECT_EQ(symphony_awareness_set_local_state(ada, "{", 1, 5, &event, &error), SYMPHONY_INVALID);
  EXPECT_EQ(symphony_awareness_set_local_state(ada, "{\"x\":1}", 7, 5, nullptr, nullptr), SYMPHONY_OK);
  const uint64_t one = 1;
  ASSERT_EQ(symphony_awareness_encode_update(ada, &one, 1, &out, nullptr), SYMPHONY_OK);
  ASSERT_EQ(symphony_awareness_apply_update(bob, out.data, out.size, 6, &event, nullptr), SYMPHONY_OK);
  symphony_buffer_free(&out);
  ASSERT_EQ(event.added.count, 1u);
  EXPECT_EQ(event.added.ids[0], 1u);
  symphony_awareness_event_free(&event);

  ASSERT_EQ(symphony_awareness_state(bob, 1, &out, nullptr), SYMPHONY_OK);
  EXPECT_EQ(text_and_free(out), "{\"x\":1}");
  EXPECT_EQ(symphony_awareness_state(bob, 9, &out, &error), SYMPHONY_NOT_FOUND);
  symphony_clients clients{};
  symphony_awareness_clients(bob, &clients);
  EXPECT_EQ(clients.count, 2u);
  symphony_clients_free(&clients);

  EXPECT_EQ(symphony_awareness_next_tick_ms(bob), 15000);
  symphony_awareness_tick(bob, 40000, &event);
  EXPECT_EQ(event.updated.count, 1u);
  EXPECT_EQ(event.removed.count, 1u);
  symphony_awareness_event_free(&event);
  const uint64_t two = 2;
  symphony_awareness_remove_states(bob, &two, 1, 40000, nullptr);
  EXPECT_EQ(symphony_awareness_next_tick_ms(bob), std::numeric_limits<int64_t>::max());
  symphony_awareness_free(ada);
  symphony_awareness_free(bob);
}

}  // namespace
}  // namespace symphony
