#include "symphony/awareness.h"

#include <span>

#include "c/convert.h"

using symphony::AwarenessEvent;
using symphony::Result;
using namespace symphony::c;

struct symphony_awareness {
  symphony::Awareness awareness;
};

namespace {

void tell(const AwarenessEvent& event, symphony_awareness_event* out) {
  if (out == nullptr) return;
  *out = {clients_of(event.added), clients_of(event.updated), clients_of(event.removed),
          clients_of(event.changed)};
}

symphony_code tell(const Result<AwarenessEvent>& event, symphony_awareness_event* out,
                   symphony_error* error) {
  if (!event) return refuse(event.error(), error);
  tell(*event, out);
  return SYMPHONY_OK;
}

}  // namespace

void symphony_awareness_event_free(symphony_awareness_event* event) {
  symphony_clients_free(&event->added);
  symphony_clients_free(&event->updated);
  symphony_clients_free(&event->removed);
  symphony_clients_free(&event->changed);
}

symphony_awareness* symphony_awareness_new(uint64_t client_id, uint64_t seed, int64_t now_ms) {
  symphony::AwarenessOptions options;
  options.client_id = client_id;
  options.seed = seed;
  return new symphony_awareness{symphony::Awareness(options, now_ms)};
}

void symphony_awareness_free(symphony_awareness* awareness) { delete awareness; }

symphony_code symphony_awareness_set_local_state(symphony_awareness* awareness, const char* json,
                                                 size_t json_size, int64_t now_ms,
                                                 symphony_awareness_event* event, symphony_error* error) {
  return tell(awareness->awareness.set_local_state(text_of(json, json_size), now_ms), event, error);
}

symphony_code symphony_awareness_apply_update(symphony_awareness* awareness, const uint8_t* update,
                                              size_t update_size, int64_t now_ms,
                                              symphony_awareness_event* event, symphony_error* error) {
  return tell(awareness->awareness.apply_update(bytes_of(update, update_size), now_ms), event, error);
}

void symphony_awareness_remove_states(symphony_awareness* awareness, const uint64_t* clients, size_t count,
                                      int64_t now_ms, symphony_awareness_event* event) {
  tell(awareness->awareness.remove_states(std::span(clients, count), now_ms), event);
}

void symphony_awareness_tick(symphony_awareness* awareness, int64_t now_ms, symphony_awareness_event* event) {
  tell(awareness->awareness.tick(now_ms), event);
}

int64_t symphony_awareness_next_tick_ms(const symphony_awareness* awareness) {
  return awareness->awareness.next_tick_ms();
}

void symphony_awareness_clients(const symphony_awareness* awareness, symphony_clients* out) {
  *out = clients_of(awareness->awareness.clients());
}

symphony_code symphony_awareness_state(const symphony_awareness* awareness, uint64_t client,
                                       symphony_buffer* out, symphony_error* error) {
  const auto state = awareness->awareness.state(client);
  if (!state) {
    return refuse({symphony::Code::kNotFound, "client " + std::to_string(client) + " is not present"}, error);
  }
  *out = buffer_of(*state);
  return SYMPHONY_OK;
}

symphony_code symphony_awareness_encode_update(const symphony_awareness* awareness, const uint64_t* clients,
                                               size_t count, symphony_buffer* out, symphony_error* error) {
  return give(awareness->awareness.encode_update(std::span(clients, count)), out, error);
}
