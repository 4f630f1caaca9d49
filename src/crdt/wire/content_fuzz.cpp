// Accepted `any` values and JSON texts can be read and written as JSON, and what is written is JSON again.
#include "base/assert.h"
#include "base/json.h"
#include "crdt/wire/content.h"
#include "crdt/wire/value.h"

using namespace symphony;
using namespace symphony::crdt;

namespace {

bool is_json_text(const std::string& text) { return is_json(as_bytes(text), 64); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input(data, size);
  Reader any(input);
  skip_any(any, 64);
  if (any.ok()) {
    const size_t end = any.position();
    Reader in(input);
    const Value value = read_any(in);
    ASSERT(in.ok() && in.position() == end);
    std::string json;
    write_json(json, value);
    ASSERT(value.kind == Value::Kind::kUndefined || is_json_text(json));
    to_js_string(value);
  }
  Reader text(input);
  skip_json(text, 64);
  if (text.ok()) {
    std::string again;
    write_json(again, parse_json(Reader(input).read_var_string()));
    ASSERT(is_json_text(again));
  }
  return 0;
}
