// The C++ of docs/engine.md. run.cmake takes it from there: the includes, and what follows them.
#include "documented_includes.h"

#include <cstdio>
#include <string>

namespace {

size_t sent = 0;

void send(symphony::Bytes update) { sent += update.size(); }
void log(const std::string& message) { std::printf("refused: %s\n", message.c_str()); }

}  // namespace

int main() {
  symphony::DocOptions other_options;
  other_options.client_id = 1;
  symphony::Doc other(other_options);
  if (!other.get_text("notes")->insert(0, "world")) return 1;
  const symphony::Buffer received = *other.encode_state_as_update();

#include "documented_cpp.inc"

  // "hello" and "world" were typed by two who did not know of each other: either may come first.
  if (text.to_string().size() != 10 || sent == 0) return 2;
}
