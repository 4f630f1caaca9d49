// Uses the installed engine from C++: two documents edit one text.
#include <symphony/awareness.h>
#include <symphony/doc.h>
#include <symphony/random.h>
#include <symphony/shared_types.h>
#include <symphony/update.h>

#include <cstdio>

int main() {
  symphony::DocOptions options;
  options.client_id = symphony::random_client_id();
  symphony::Doc ada(options);
  options.client_id = *options.client_id + 1;
  symphony::Doc bob(options);

  const symphony::Subscription to_bob = ada.on_update(
      [&](symphony::Bytes update, const symphony::TransactionInfo&) { (void)bob.apply_update(update); });
  const symphony::Text text = *ada.get_text("notes");
  if (!text.insert(0, "hello", {{"bold", true}})) return 1;
  if (!bob.get_text("notes")->insert(5, " world")) return 2;

  const auto difference = bob.encode_state_as_update(ada.encode_state_vector());
  if (!difference || !ada.apply_update(*difference)) return 3;
  if (text.to_string() != "hello world" || bob.to_delta("notes") != ada.to_delta("notes")) return 4;
  if (!symphony::convert_update_v1_to_v2(*difference)) return 5;

  const auto refused = ada.apply_update(symphony::Buffer{1});
  if (refused || refused.error().code != symphony::Code::kInvalid) return 6;

  symphony::Awareness awareness({.client_id = *options.client_id}, 0);
  if (!awareness.set_local_state("{\"name\":\"Ada\"}", 0)) return 7;
  std::printf("%s, here: %zu\n", ada.to_delta("notes").c_str(), awareness.clients().size());
}
