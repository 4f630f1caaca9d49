#include "c/convert.h"

void symphony_buffer_free(symphony_buffer* buffer) {
  std::free(buffer->data);
  *buffer = {nullptr, 0};
}

void symphony_buffers_free(symphony_buffers* buffers) {
  for (size_t i = 0; i < buffers->count; ++i) std::free(buffers->items[i].data);
  std::free(buffers->items);
  *buffers = {nullptr, 0};
}

void symphony_clients_free(symphony_clients* clients) {
  std::free(clients->ids);
  *clients = {nullptr, 0};
}
