// Uses the installed engine from C++: two documents exchange what they know.
#include <symphony/awareness.h>
#include <symphony/doc.h>

#include <cstdio>

int main() {
  // What a Yjs client with the id 1 sends for doc.getText('t').insert(0, 'ab').
  const symphony::Buffer typed{1, 1, 1, 0, 4, 1, 1, 't', 2, 'a', 'b', 0};
  symphony::Doc doc;
  const auto applied = doc.apply_update(typed);
  if (!applied || !applied->changed) return 1;

  symphony::Doc copy;
  const auto state = doc.encode_state_as_update(copy.encode_state_vector());
  if (!state || !copy.apply_update(*state)) return 2;
  if (copy.to_text("t") != "ab") return 3;

  const auto refused = copy.apply_update(symphony::Buffer{1});
  if (refused || refused.error().code != symphony::Code::kInvalid) return 4;

  symphony::Awareness awareness({.client_id = 1}, 0);
  if (!awareness.set_local_state("{\"name\":\"Ada\"}", 0)) return 5;
  std::printf("%s, here: %zu\n", copy.to_text("t").c_str(), awareness.clients().size());
}
