// How the engine's cost grows: one shape of input after the other, at doubling sizes. growth.mjs calls this,
// fits and plots.
//
//   engines_growth [--most N]     prints a line of JSON for each shape and size, { axis, name, what, n, ms }
//
// A size that the engine refuses because the work is beyond a limit (DocLimits) has the error as `refused`
// instead of ms. A shape is doubled until N (2^17) or until it takes more than half a second.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"
#include "symphony/update.h"
#include "update_builder.h"

namespace {

using engines::Id;
using engines::UpdateBuilder;
using symphony::Buffer;
using symphony::Doc;

// What a run does: apply `updates` to a document that has `before`, then `after`.
struct Work {
  std::vector<Buffer> before = {};
  std::vector<Buffer> updates = {};
  std::function<void(const Doc&)> after = {};
};

struct Shape {
  const char* axis;
  const char* name;
  const char* what;
  Work (*make)(size_t n);
};

class Random {
 public:
  size_t below(size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>((state_ >> 33) % n);
  }

 private:
  uint64_t state_ = 1;
};

// One client puts n characters at random places; none of them merge for long. `each` gets every struct by
// itself.
template <class Each>
void typed_at_random(size_t n, Each each) {
  constexpr size_t kEnd = SIZE_MAX;
  Random random;
  std::vector<size_t> next(n, kEnd);
  size_t first = kEnd;
  for (size_t clock = 0; clock < n; ++clock) {
    engines::Place place;
    const size_t left = clock == 0 ? kEnd : random.below(clock + 1) - 1;  // kEnd: at the beginning
    const size_t right = left == kEnd ? first : next[left];
    if (left != kEnd) place.origin = Id{1, left};
    if (right != kEnd) place.right_origin = Id{1, right};
    next[clock] = right;
    (left == kEnd ? first : next[left]) = clock;
    each(clock, place);
  }
}

Buffer random_text(size_t n) {
  UpdateBuilder update;
  update.by(1, 0);
  typed_at_random(n, [&](size_t, const engines::Place& place) { update.text(place, "a"); });
  return update.finish();
}

std::vector<Buffer> random_keystrokes(size_t n) {
  std::vector<Buffer> updates;
  typed_at_random(n, [&](size_t clock, const engines::Place& place) {
    updates.push_back(UpdateBuilder().by(1, clock).text(place, "a").finish());
  });
  return updates;
}

// Keystrokes of one client, one behind the other, from the clock on.
std::vector<Buffer> keystrokes(uint64_t client, size_t from, size_t to) {
  std::vector<Buffer> updates;
  for (size_t clock = from; clock < to; ++clock) {
    engines::Place place;
    if (clock > 0) place.origin = Id{client, clock - 1};
    updates.push_back(UpdateBuilder().by(client, clock).text(place, "a").finish());
  }
  return updates;
}

// n characters of which no two can merge: each stands before the one before it.
Buffer unmergeable(size_t n) {
  UpdateBuilder update;
  update.by(1, 0);
  for (size_t clock = 0; clock < n; ++clock) {
    engines::Place place;
    if (clock > 0) place.right_origin = Id{1, clock - 1};
    update.text(place, "a");
  }
  return update.finish();
}

// Clients 1 to n in some order, each with one insertion into an empty place.
std::vector<Buffer> everybody(const std::vector<size_t>& order, std::string_view key = {}) {
  std::vector<Buffer> updates;
  for (const size_t client : order) {
    updates.push_back(UpdateBuilder().by(client, 0).nulls({.key = key}, 1).finish());
  }
  return updates;
}

Buffer everybody_at_once(size_t n) {
  UpdateBuilder update;
  for (size_t client = n; client > 0; --client) update.by(client, 0).nulls({}, 1);
  return update.finish();
}

std::vector<size_t> ascending(size_t n) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{1});
  return order;
}

std::vector<size_t> shuffled(size_t n) {
  std::vector<size_t> order = ascending(n);
  Random random;
  for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

Buffer nested_arrays(size_t n) {
  UpdateBuilder update;
  update.by(1, 0);
  for (size_t clock = 0; clock < n; ++clock) {
    engines::Place place;
    if (clock > 0) place.parent = Id{1, clock - 1};
    update.array(place);
  }
  return update.finish();
}

// Empty, or why an update was refused.
std::string apply_all(Doc& doc, const std::vector<Buffer>& updates) {
  for (const Buffer& update : updates) {
    if (const auto applied = doc.apply_update(update); !applied) return applied.error().message;
  }
  return {};
}

void encode(const Doc& doc) {
  if (!doc.encode_state_as_update()) std::abort();
}

Doc editable() {
  symphony::DocOptions options;
  options.client_id = 1;
  return Doc(options);
}

// Edits of this engine's own, with somebody who wants every update.
void push(size_t n) {
  Doc doc = editable();
  const auto listening = doc.on_update([](symphony::Bytes, const symphony::TransactionInfo&) {});
  const symphony::Array array = *doc.get_array("a");
  for (size_t i = 0; i < n; ++i) {
    if (!array.push({symphony::Value(static_cast<double>(i))})) std::abort();
  }
}

void type(size_t n) {
  Doc doc = editable();
  const auto listening = doc.on_update([](symphony::Bytes, const symphony::TransactionInfo&) {});
  const symphony::Text text = *doc.get_text("t");
  for (size_t i = 0; i < n; ++i) {
    if (!text.insert(text.length(), "\xc3\xa9")) std::abort();
  }
}

const Shape kShapes[] = {
    {"document", "decode", "a text typed at n random places, as one update",
     [](size_t n) { return Work{.updates = {random_text(n)}}; }},
    {"document", "encode", "the state of that text",
     [](size_t n) { return Work{.before = {random_text(n)}, .after = encode}; }},
    {"document", "diff", "what somebody lacks who has all but the last update",
     [](size_t n) {
       Doc old;
       apply_all(old, {unmergeable(n - 1)});
       return Work{.before = {random_text(n)}, .after = [vector = old.encode_state_vector()](const Doc& doc) {
                     if (!doc.encode_state_as_update(vector)) std::abort();
                   }};
     }},
    {"document", "read", "that text as a string",
     [](size_t n) {
       return Work{.before = {random_text(n)}, .after = [](const Doc& doc) { (void)doc.to_text("t"); }};
     }},
    {"updates", "relay", "n keystrokes at random places, one update each",
     [](size_t n) { return Work{.updates = random_keystrokes(n)}; }},
    {"updates", "merge", "n keystrokes at random places merged without a document",
     [](size_t n) {
       return Work{.after = [updates = random_keystrokes(n)](const Doc&) {
         const std::vector<symphony::Bytes> views(updates.begin(), updates.end());
         if (!symphony::merge_updates(views)) std::abort();
       }};
     }},
    {"updates", "duplicates", "n keystrokes that are all there already",
     [](size_t n) { return Work{.before = {random_text(n)}, .updates = random_keystrokes(n)}; }},
    {"updates", "delete ranges", "every second of 2n characters deleted by one update",
     [](size_t n) {
       UpdateBuilder update;
       for (size_t i = 0; i < n; ++i) update.remove(1, 2 * i, 1);
       return Work{.before = {unmergeable(2 * n)}, .updates = {update.finish()}};
     }},
    {"updates", "deleted again", "n updates, each deletes all of n characters that are deleted already",
     [](size_t n) {
       const Buffer all = UpdateBuilder().remove(1, 0, n).finish();
       return Work{.before = {unmergeable(n), all}, .updates = std::vector<Buffer>(n, all)};
     }},
    {"updates", "cuts in an array", "n insertions into one run of 2n elements, from right to left",
     [](size_t n) {
       UpdateBuilder update;
       update.by(2, 0);
       for (size_t at = 2 * n; at > 0; at -= 2) {
         update.nulls({.origin = Id{1, at - 2}, .right_origin = Id{1, at - 1}}, 1);
       }
       return Work{.before = {UpdateBuilder().by(1, 0).nulls({}, 2 * n).finish()},
                   .updates = {update.finish()}};
     }},
    {"updates", "cuts in a text", "n insertions into one run of 2n two-byte characters, from right to left",
     [](size_t n) {
       std::string text;
       for (size_t i = 0; i < 2 * n; ++i) text += "\xc3\xa9";
       UpdateBuilder update;
       update.by(2, 0);
       for (size_t at = 2 * n; at > 0; at -= 2) {
         update.text({.origin = Id{1, at - 2}, .right_origin = Id{1, at - 1}}, "x");
       }
       return Work{.before = {UpdateBuilder().by(1, 0).text({}, text).finish()},
                   .updates = {update.finish()}};
     }},
    {"editing", "push", "n numbers pushed to an array, an update for each",
     [](size_t n) { return Work{.after = [n](const Doc&) { push(n); }}; }},
    {"editing", "type", "n two-byte characters typed one behind the other, an update for each",
     [](size_t n) { return Work{.after = [n](const Doc&) { type(n); }}; }},
    {"clients", "one update", "n clients with one character each, in one update",
     [](size_t n) { return Work{.updates = {everybody_at_once(n)}}; }},
    {"clients", "encode", "the state of n clients",
     [](size_t n) { return Work{.before = {everybody_at_once(n)}, .after = encode}; }},
    {"clients", "one map key", "n clients set one key, one update each",
     [](size_t n) { return Work{.updates = everybody(shuffled(n), "key")}; }},
    {"clients", "a key overwritten", "one client sets one key n times",
     [](size_t n) {
       std::vector<Buffer> updates;
       for (size_t clock = 0; clock < n; ++clock) {
         engines::Place place{.key = "key"};
         if (clock > 0) place.origin = Id{1, clock - 1};
         updates.push_back(UpdateBuilder().by(1, clock).nulls(place, 1).finish());
       }
       return Work{.updates = std::move(updates)};
     }},
    {"one position", "ascending", "n clients insert at the beginning at once; low ids come first",
     [](size_t n) { return Work{.updates = everybody(ascending(n))}; }},
    {"one position", "shuffled", "the same in any order",
     [](size_t n) { return Work{.updates = everybody(shuffled(n))}; }},
    {"one position", "worst case",
     "n insertions, each before another of n characters: YATA passes all of them",
     [](size_t n) {
       UpdateBuilder update;
       update.by(2, 0);
       for (size_t i = 0; i < n; ++i) update.text({.right_origin = Id{1, i}}, "b");
       return Work{.before = {unmergeable(n)}, .updates = {update.finish()}};
     }},
    {"nesting", "apply", "n arrays, each in the one before",
     [](size_t n) { return Work{.updates = {nested_arrays(n)}}; }},
    {"nesting", "read", "the JSON of those arrays, which is read 500 deep",
     [](size_t n) {
       return Work{.before = {nested_arrays(n)},
                   .after = [](const Doc& doc) { (void)doc.to_json("t", symphony::TypeKind::kArray); }};
     }},
    {"pending", "one gap", "n keystrokes whose first comes last",
     [](size_t n) {
       std::vector<Buffer> updates = keystrokes(1, 1, n);
       updates.push_back(keystrokes(1, 0, 1)[0]);
       return Work{.updates = std::move(updates)};
     }},
    {"pending", "backwards", "n keystrokes, the last one first",
     [](size_t n) {
       std::vector<Buffer> updates = keystrokes(1, 0, n);
       std::reverse(updates.begin(), updates.end());
       return Work{.updates = std::move(updates)};
     }},
    {"pending", "many clients", "n clients, each waits for one of n others, who then come",
     [](size_t n) {
       std::vector<Buffer> updates;
       for (size_t i = 1; i <= n; ++i) {
         updates.push_back(UpdateBuilder().by(2 * i, 0).text({.origin = Id{2 * i + 1, 0}}, "a").finish());
       }
       // High ids first: these find their places at once (see "one position").
       for (size_t i = n; i > 0; --i) updates.push_back(keystrokes(2 * i + 1, 0, 1)[0]);
       return Work{.updates = std::move(updates)};
     }},
    {"pending", "a chain", "n clients, each waits for the one before, and the first comes last",
     [](size_t n) {
       std::vector<Buffer> updates;
       for (size_t i = 2; i <= n; ++i) {
         updates.push_back(UpdateBuilder().by(i, 0).text({.origin = Id{i - 1, 0}}, "a").finish());
       }
       updates.push_back(keystrokes(1, 0, 1)[0]);
       return Work{.updates = std::move(updates)};
     }},
    {"pending", "deletes", "n delete ranges of somebody unknown wait while n keystrokes come",
     [](size_t n) {
       UpdateBuilder waiting;
       for (size_t i = 0; i < n; ++i) waiting.remove(9, 2 * i, 1);
       return Work{.before = {waiting.finish()}, .updates = keystrokes(1, 0, n)};
     }},
};

struct Spent {
  double run_ms = 1e9;  // the fastest run
  double whole_ms = 0;  // all runs, with what had to be there before
  std::string refused;  // why there is no figure
};

Spent run(const Work& work) {
  constexpr double kEnoughMs = 100;
  const double begin = engines::cpu_ms();
  Spent spent;
  do {
    Doc doc;
    spent.refused = apply_all(doc, work.before);
    const double start = engines::cpu_ms();
    if (spent.refused.empty()) spent.refused = apply_all(doc, work.updates);
    if (!spent.refused.empty()) return spent;
    if (work.after) work.after(doc);
    spent.run_ms = std::min(spent.run_ms, engines::cpu_ms() - start);
    spent.whole_ms = engines::cpu_ms() - begin;
  } while (spent.whole_ms < kEnoughMs);
  return spent;
}

}  // namespace

int main(int argc, char** argv) {
  size_t most = size_t{1} << 17;
  if (argc == 3 && std::strcmp(argv[1], "--most") == 0) {
    most = std::strtoull(argv[2], nullptr, 10);
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: engines_growth [--most N]\n");
    return 2;
  }
  constexpr double kPatienceMs = 500;
  for (const Shape& shape : kShapes) {
    Spent spent;
    for (size_t n = 1024; n <= most && spent.whole_ms < kPatienceMs && spent.refused.empty(); n *= 2) {
      spent = run(shape.make(n));
      std::printf("{\"axis\":\"%s\",\"name\":\"%s\",\"what\":\"%s\",\"n\":%zu,", shape.axis, shape.name,
                  shape.what, n);
      if (spent.refused.empty()) {
        std::printf("\"ms\":%.6f}\n", spent.run_ms);
      } else {
        std::printf("\"refused\":\"%s\"}\n", spent.refused.c_str());
      }
      std::fflush(stdout);
    }
  }
  return 0;
}
