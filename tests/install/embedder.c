/* The same from C99. */
#include <stdio.h>
#include <string.h>
#include <symphony/c.h>

int main(void) {
  static const uint8_t typed[] = {1, 1, 1, 0, 4, 1, 1, 't', 2, 'a', 'b', 0};
  symphony_doc* doc = symphony_doc_new(NULL);
  symphony_doc* copy = symphony_doc_new(NULL);
  symphony_applied applied = {0};
  symphony_buffer vector = {0};
  symphony_buffer state = {0};
  symphony_buffer text = {0};
  symphony_error error;

  if (symphony_doc_apply_update(doc, typed, sizeof typed, &applied, &error) != SYMPHONY_OK) return 1;
  if (!applied.changed || applied.updates.count != 1) return 2;
  symphony_applied_free(&applied);

  symphony_doc_encode_state_vector(copy, &vector);
  if (symphony_doc_encode_state_as_update(doc, vector.data, vector.size, &state, &error) != SYMPHONY_OK)
    return 3;
  if (symphony_doc_apply_update(copy, state.data, state.size, NULL, NULL) != SYMPHONY_OK) return 4;
  symphony_doc_to_text(copy, "t", 1, &text);
  if (strcmp((const char*)text.data, "ab") != 0) return 5;
  printf("%s\n", (const char*)text.data);

  if (symphony_doc_apply_update(copy, typed, 1, NULL, &error) != SYMPHONY_INVALID) return 6;
  printf("%s\n", error.message);

  symphony_buffer_free(&vector);
  symphony_buffer_free(&state);
  symphony_buffer_free(&text);
  symphony_doc_free(doc);
  symphony_doc_free(copy);
  return 0;
}
