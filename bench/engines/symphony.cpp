// This engine's side of bench/engines, over its public headers only.
//
//   engines_symphony OPERATION FOLDER BUDGET_MS
//
// runs one operation on the fixture in FOLDER (see fixtures.mjs) and prints one line of JSON (see measure.h).
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fixture.h"
#include "measure.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"
#include "symphony/update.h"

namespace {

using engines::Edit;
using engines::measure;
using engines::Repeat;
using symphony::Buffer;
using symphony::Bytes;
using symphony::Doc;

[[noreturn]] void refuse(const symphony::Error& error) {
  std::fprintf(stderr, "refused: %s\n", error.message.c_str());
  std::exit(1);
}

// The bytes that a server would pass on.
size_t receive(Doc& doc, Bytes update) {
  const auto applied = doc.apply_update(update);
  if (!applied) refuse(applied.error());
  size_t bytes = applied->forward ? update.size() : 0;
  for (const Buffer& other : applied->updates) bytes += other.size();
  return bytes;
}

Doc load(Bytes state) {
  Doc doc;
  receive(doc, state);
  return doc;
}

Buffer encode(const Doc& doc, Bytes vector = {}) {
  auto encoded = doc.encode_state_as_update(vector);
  if (!encoded) refuse(encoded.error());
  return *std::move(encoded);
}

struct Fixture {
  std::string folder;
  double budget_ms;

  Buffer file(const char* name) const { return engines::read_file(folder + "/yjs/" + name); }
  bool has(const char* name) const { return engines::exists(folder + "/yjs/" + name); }

  Repeat repeat() const { return {.budget_ms = budget_ms}; }
  Repeat once_loaded() const { return {.budget_ms = budget_ms, .reuse = true}; }
  // Documents that are loaded beforehand take memory.
  Repeat each_loaded(size_t state_bytes) const {
    return {.budget_ms = budget_ms, .most = std::clamp<size_t>((4u << 20) / (state_bytes + 1), 1, 50)};
  }
};

// The shared types that scripts edit.
struct Handles {
  symphony::Text text;
  symphony::Array array;
  symphony::Map map;
};

void edit_once(const Handles& handles, const Edit& edit) {
  symphony::Result<void> done;
  switch (edit.kind) {
    case Edit::Kind::kText:
      if (edit.deleted > 0) done = handles.text.remove(edit.position, edit.deleted);
      if (done && !edit.text.empty()) done = handles.text.insert(edit.position, edit.text);
      break;
    case Edit::Kind::kArray: {
      const std::vector<symphony::Value> values(edit.values.begin(), edit.values.end());
      done = handles.array.insert(edit.position, values);
      break;
    }
    case Edit::Kind::kMap:
      done = handles.map.set(edit.key, edit.text);
      break;
  }
  if (!done) refuse(done.error());
}

bool by_itself(const Edit& edit) { return edit.last && (edit.deleted == 0 || edit.text.empty()); }

void edit(const Fixture& fixture) {
  if (!engines::exists(fixture.folder + "/script.bin")) return engines::print_skip("not one user");
  const auto script = engines::read_script(fixture.folder + "/script.bin");
  print_figures(measure(fixture.repeat(), [&] {
    symphony::DocOptions options;
    options.client_id = script.client;
    Doc doc(options);
    size_t bytes = 0;
    const auto listening =
        doc.on_update([&](Bytes update, const symphony::TransactionInfo&) { bytes += update.size(); });
    const Handles handles{*doc.get_text("text"), *doc.get_array("array"), *doc.get_map("map")};
    for (size_t at = 0; at < script.edits.size();) {
      if (by_itself(script.edits[at])) {
        edit_once(handles, script.edits[at++]);
        continue;
      }
      doc.transact([&] {
        do edit_once(handles, script.edits[at]);
        while (!script.edits[at++].last);
      });
    }
    return bytes;
  }));
}

void relay(const Fixture& fixture) {
  if (!fixture.has("updates.bin")) return engines::print_skip("no single updates");
  const auto log = engines::read_updates(fixture.folder + "/yjs/updates.bin");
  print_figures(measure(fixture.repeat(), [&] {
    Doc doc;
    size_t passed_on = 0;
    for (const Bytes update : log.updates) passed_on += receive(doc, update);
    return passed_on;
  }));
}

void exchange(const Fixture& fixture) {
  if (!fixture.has("user0.bin")) return engines::print_skip("not two users");
  const Buffer left = fixture.file("user0.bin");
  const Buffer right = fixture.file("user1.bin");
  print_figures(measure(
      fixture.each_loaded(left.size()), [&] { return std::pair(load(left), load(right)); },
      [&](std::pair<Doc, Doc>& both) { return receive(both.first, right) + receive(both.second, left); }));
}

void decode_v1(const Fixture& fixture) {
  const Buffer state = fixture.file("state.v1");
  print_figures(measure(fixture.repeat(), [&] {
    Doc doc;
    return receive(doc, state);
  }));
}

void decode_read(const Fixture& fixture) {
  const Buffer state = fixture.file("state.v1");
  print_figures(measure(fixture.repeat(), [&] {
    const Doc doc = load(state);
    return doc.to_text("text").size() + doc.to_json("array", symphony::TypeKind::kArray).size() +
           doc.to_json("map", symphony::TypeKind::kMap).size();
  }));
}

void decode_v2(const Fixture& fixture) {
  const Buffer state = fixture.file("state.v2");
  print_figures(measure(fixture.repeat(), [&] {
    Doc doc;
    const auto applied = doc.apply_update_v2(state);
    if (!applied) refuse(applied.error());
    return state.size();
  }));
}

void encode_v1(const Fixture& fixture) {
  const Buffer state = fixture.file("state.v1");
  print_figures(measure(
      fixture.each_loaded(state.size()), [&] { return load(state); },
      [](const Doc& doc) { return encode(doc).size(); }));
}

void encode_v2(const Fixture& fixture) {
  const Buffer state = fixture.file("state.v1");
  print_figures(measure(
      fixture.each_loaded(state.size()), [&] { return load(state); },
      [](const Doc& doc) {
        const auto encoded = doc.encode_state_as_update_v2();
        if (!encoded) refuse(encoded.error());
        return encoded->size();
      }));
}

void encode_again(const Fixture& fixture) {
  const Buffer state = fixture.file("state.v1");
  print_figures(measure(
      fixture.once_loaded(),
      [&] {
        Doc doc = load(state);
        encode(doc);
        return doc;
      },
      [](const Doc& doc) { return encode(doc).size(); }));
}

void diff(const Fixture& fixture) {
  if (!fixture.has("vector.bin")) return engines::print_skip("no old state vector");
  const Buffer state = fixture.file("state.v1");
  const Buffer vector = fixture.file("vector.bin");
  print_figures(measure(
      fixture.each_loaded(state.size()), [&] { return load(state); },
      [&](const Doc& doc) { return encode(doc, vector).size(); }));
}

void merge(const Fixture& fixture, size_t count) {
  if (!fixture.has("updates.bin")) return engines::print_skip("no single updates");
  const auto log = engines::read_updates(fixture.folder + "/yjs/updates.bin");
  if (count != SIZE_MAX && count > log.updates.size()) return engines::print_skip("not so many updates");
  const auto updates = std::span(log.updates).first(std::min(count, log.updates.size()));
  print_figures(measure(fixture.repeat(), [&] {
    const auto merged = symphony::merge_updates(updates);
    if (!merged) refuse(merged.error());
    return merged->size();
  }));
}

void merge_1000(const Fixture& fixture) { merge(fixture, 1000); }
void merge_4000(const Fixture& fixture) { merge(fixture, 4000); }
void merge_all(const Fixture& fixture) { merge(fixture, SIZE_MAX); }

void hold(const Fixture& fixture, bool idle) {
  const Buffer state = fixture.file("state.v1");
  const size_t count = std::clamp<size_t>(8'000'000 / state.size(), 1, 10'000);
  const auto held = [&] {
    Doc doc = load(state);
    if (idle && !doc.rest()) std::abort();
    return doc;
  };
  held();
  std::vector<Doc> docs;
  docs.reserve(count);
  const size_t heap = engines::heap_bytes();
  const size_t resident = engines::resident_bytes();
  for (size_t i = 0; i < count; ++i) docs.push_back(held());
  const auto each = [&](size_t now, size_t before) {
    return (static_cast<double>(now) - static_cast<double>(before)) / static_cast<double>(count);
  };
  engines::print_memory(count, each(engines::heap_bytes(), heap), each(engines::resident_bytes(), resident));
}

void memory(const Fixture& fixture) { hold(fixture, false); }
void memory_idle(const Fixture& fixture) { hold(fixture, true); }

const std::map<std::string, void (*)(const Fixture&)> kOperations = {
    {"edit", edit},
    {"relay", relay},
    {"decode_v2", decode_v2},
    {"encode_v2", encode_v2},
    {"merge_1000", merge_1000},
    {"merge_4000", merge_4000},
    {"merge_all", merge_all},
    {"exchange", exchange},
    {"decode_v1", decode_v1},
    {"decode_read", decode_read},
    {"encode_v1", encode_v1},
    {"encode_again", encode_again},
    {"diff", diff},
    {"memory", memory},
    {"memory_idle", memory_idle},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: engines_symphony OPERATION FOLDER BUDGET_MS\n");
    return 2;
  }
  const auto operation = kOperations.find(argv[1]);
  if (operation == kOperations.end()) {
    engines::print_skip("not in the public headers");
  } else {
    operation->second({argv[2], std::atof(argv[3])});
  }
  return 0;
}
