// The same updates in other orders, in other groups and in the other format make the same document, byte for
// byte.
//
// The input is a program: three clients edit a text, a list and a map, and hear of each other now and then.
// All that they sent then goes to fresh documents: as it came, shuffled, merged in groups, merged as a whole,
// as v2.
#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "base/assert.h"
#include "base/prng.h"
#include "crdt/edit/program_testing.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"
#include "symphony/update.h"

using namespace symphony;

namespace {

struct Client {
  std::unique_ptr<Doc> doc;
  Subscription subscription;
  size_t heard = 0;  // of the updates of all
};

DocOptions options_of(uint64_t client) {
  DocOptions options;
  options.client_id = client;
  options.format_cleanup = false;  // each document would delete its own marks
  return options;
}

// No surrogate pairs: an edit inside one changes it for whoever made it, and for nobody else (yjs#248).
constexpr std::array<std::string_view, 6> kTexts{"a",        "bc",           "12345",
                                                 "\xc3\xa9", "\xe6\xbc\xa2", "x\xe2\x82\xacy"};
constexpr std::array<std::string_view, 3> kKeys{"bold", "color", "k"};

void edit(Doc& doc, Program& program) {
  const Text text = *doc.get_text("text");
  const Array array = *doc.get_array("array");
  const Map map = *doc.get_map("map");
  const std::string_view key = kKeys[program.below(3)];
  switch (program.below(8)) {
    case 0:
    case 1: {
      const uint32_t at = program.below(text.length() + 1);
      ASSERT(text.insert(at, kTexts[program.below(6)]).has_value());
      return;
    }
    case 2: {
      const uint32_t at = program.below(text.length() + 1);
      ASSERT(text.remove(at, program.below(text.length() - at + 1)).has_value());
      return;
    }
    case 3: {
      const uint32_t at = program.below(text.length() + 1);
      const uint32_t length = program.below(text.length() - at + 1);
      const Value value = program.below(2) > 0 ? Value(true) : Value(nullptr);
      ASSERT(text.format(at, length, {{std::string(key), value}}).has_value());
      return;
    }
    case 4: {
      const uint32_t at = program.below(array.length() + 1);
      ASSERT(array.insert(at, {Value(at), Value(std::string(key))}).has_value());
      return;
    }
    case 5:
      if (const uint32_t length = array.length(); length > 0) {
        const uint32_t at = program.below(length);
        ASSERT(array.remove(at, 1 + program.below(length - at)).has_value());
      }
      return;
    case 6:
      ASSERT(map.set(key, Value(static_cast<int>(program.below(100)))).has_value());
      return;
    default:
      ASSERT(map.remove(key).has_value());
  }
}

// What a fresh document holds that got `updates`.
Buffer state_after(const std::vector<Buffer>& updates, bool v2 = false) {
  Doc doc(options_of(99));
  for (const Buffer& update : updates) {
    ASSERT(
        (v2 ? doc.apply_update_v2(*convert_update_v1_to_v2(update)) : doc.apply_update(update)).has_value());
  }
  ASSERT(doc.check_invariants().empty());
  ASSERT(!doc.has_pending());
  return *doc.encode_state_as_update();
}

std::vector<Buffer> merged_in_groups(const std::vector<Buffer>& updates, size_t group) {
  std::vector<Buffer> merged;
  for (size_t at = 0; at < updates.size(); at += group) {
    const std::vector<Bytes> some(
        updates.begin() + static_cast<ptrdiff_t>(at),
        updates.begin() + static_cast<ptrdiff_t>(std::min(updates.size(), at + group)));
    merged.push_back(*merge_updates(some));
  }
  return merged;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Program program(Bytes(data, size));
  Prng random(program.below(256));
  std::vector<Buffer> sent;
  std::array<Client, 3> clients;
  for (size_t i = 0; i < clients.size(); ++i) {
    const uint64_t id = i < 2 ? i + 1 : uint64_t{1} << 40;
    clients[i].doc = std::make_unique<Doc>(options_of(id));
    clients[i].subscription = clients[i].doc->on_update([&sent](Bytes update, const TransactionInfo& info) {
      if (info.local) sent.emplace_back(update.begin(), update.end());
    });
  }
  const auto hear = [&](Client& client, size_t up_to) {
    for (; client.heard < up_to; ++client.heard) {
      const Buffer update = sent[client.heard];
      ASSERT(client.doc->apply_update(update).has_value());
    }
  };
  for (int steps = 0; steps < 200 && !program.at_end(); ++steps) {
    Client& client = clients[program.below(3)];
    if (program.below(4) == 0) {
      hear(client, client.heard + program.below(static_cast<uint32_t>(sent.size() - client.heard + 1)));
    } else if (program.below(6) == 0) {
      client.doc->transact([&] {
        for (uint32_t left = 1 + program.below(4); left > 0; --left) edit(*client.doc, program);
      });
    } else {
      edit(*client.doc, program);
    }
  }
  for (Client& client : clients) hear(client, sent.size());

  const Buffer expected = state_after(sent);
  for (const Client& client : clients) {
    ASSERT(client.doc->check_invariants().empty());
    ASSERT(*client.doc->encode_state_as_update() == expected);
  }
  std::vector<Buffer> shuffled = sent;
  for (size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);
  ASSERT(state_after(shuffled) == expected);
  ASSERT(state_after(shuffled, true) == expected);
  ASSERT(state_after(merged_in_groups(shuffled, 1 + random.below(5))) == expected);
  ASSERT(state_after(merged_in_groups(sent, sent.size() + 1)) == expected);
  ASSERT(state_after({expected}) == expected);
  return 0;
}
