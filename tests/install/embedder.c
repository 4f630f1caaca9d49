/* The same from C99. */
#include <stdio.h>
#include <string.h>
#include <symphony/c.h>

static void send(void* peer, const uint8_t* update, size_t size, uint64_t origin, bool local) {
  (void)origin;
  if (local) symphony_doc_apply_update((symphony_doc*)peer, update, size, NULL, NULL);
}

int main(void) {
  symphony_doc_options options = symphony_doc_options_default();
  symphony_doc* ada;
  symphony_doc* bob;
  symphony_subscription* to_bob;
  symphony_undo_manager* undo;
  symphony_type* text = NULL;
  symphony_type* copy = NULL;
  symphony_buffer vector = {0};
  symphony_buffer state = {0};
  symphony_buffer read = {0};
  symphony_error error;

  options.has_client_id = true;
  options.client_id = symphony_random_client_id();
  ada = symphony_doc_new(&options);
  options.client_id += 1;
  bob = symphony_doc_new(&options);
  to_bob = symphony_doc_on_update(ada, send, bob);

  if (symphony_doc_get(ada, "notes", 5, SYMPHONY_TEXT, &text, &error)) return 1;
  if (symphony_doc_get(bob, "notes", 5, SYMPHONY_TEXT, &copy, &error)) return 2;
  undo = symphony_undo_manager_new(ada, NULL, 0, 500, NULL, NULL);
  if (symphony_text_insert(text, 0, "hello", 5, "{\"bold\":true}", 13, &error)) return 3;
  if (symphony_text_insert(copy, 5, " world", 6, NULL, 0, &error)) return 4;

  symphony_doc_encode_state_vector(ada, &vector);
  if (symphony_doc_encode_state_as_update(bob, vector.data, vector.size, &state, &error)) return 5;
  if (symphony_doc_apply_update_from(ada, state.data, state.size, 1, NULL, &error)) return 6;
  symphony_text_to_string(text, &read);
  if (strcmp((const char*)read.data, "hello world") != 0) return 7;
  printf("%s\n", (const char*)read.data);

  if (symphony_undo_manager_undo(undo, NULL, &error)) return 8;
  symphony_buffer_free(&read);
  symphony_text_to_string(text, &read);
  if (strcmp((const char*)read.data, " world") != 0) return 9;

  if (symphony_doc_apply_update(ada, state.data, 1, NULL, &error) != SYMPHONY_INVALID) return 10;
  printf("%s\n", error.message);

  symphony_buffer_free(&vector);
  symphony_buffer_free(&state);
  symphony_buffer_free(&read);
  symphony_type_free(text);
  symphony_type_free(copy);
  symphony_undo_manager_free(undo);
  symphony_subscription_free(to_bob);
  symphony_doc_free(ada);
  symphony_doc_free(bob);
  return 0;
}
