/* The C of docs/engine.md, which run.cmake takes from there. */
#include <stdio.h>
#include <string.h>
#include <symphony/c.h>

int main(void) {
  symphony_doc_options options = symphony_doc_options_default();
  symphony_buffer read = {0};
  symphony_doc* doc;
  options.has_client_id = true;
  options.client_id = 1;
  doc = symphony_doc_new(&options);
  {
#include "documented_c.inc"

    symphony_text_to_string(text, &read);
    symphony_type_free(text);
  }
  symphony_doc_free(doc);
  if (read.size != 5 || memcmp(read.data, "hello", 5) != 0) return 1;
  symphony_buffer_free(&read);
  return 0;
}
