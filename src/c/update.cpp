#include "symphony/update.h"

#include <span>

#include "c/convert.h"

using symphony::Bytes;
using namespace symphony::c;

namespace {

Bytes view(symphony_bytes bytes) { return {bytes.data, bytes.size}; }

std::vector<Bytes> views(const symphony_bytes* updates, size_t count) {
  std::vector<Bytes> out;
  out.reserve(count);
  for (const symphony_bytes& update : std::span(updates, count)) out.push_back(view(update));
  return out;
}

}  // namespace

symphony_code symphony_merge_updates(const symphony_bytes* updates, size_t count, symphony_buffer* out,
                                     symphony_error* error) {
  return give(symphony::merge_updates(views(updates, count)), out, error);
}

symphony_code symphony_merge_updates_v2(const symphony_bytes* updates, size_t count, symphony_buffer* out,
                                        symphony_error* error) {
  return give(symphony::merge_updates_v2(views(updates, count)), out, error);
}

symphony_code symphony_diff_update(symphony_bytes update, symphony_bytes state_vector, symphony_buffer* out,
                                   symphony_error* error) {
  return give(symphony::diff_update(view(update), view(state_vector)), out, error);
}

symphony_code symphony_diff_update_v2(symphony_bytes update, symphony_bytes state_vector,
                                      symphony_buffer* out, symphony_error* error) {
  return give(symphony::diff_update_v2(view(update), view(state_vector)), out, error);
}

symphony_code symphony_state_vector_from_update(symphony_bytes update, symphony_buffer* out,
                                                symphony_error* error) {
  return give(symphony::state_vector_from_update(view(update)), out, error);
}

symphony_code symphony_state_vector_from_update_v2(symphony_bytes update, symphony_buffer* out,
                                                   symphony_error* error) {
  return give(symphony::state_vector_from_update_v2(view(update)), out, error);
}

symphony_code symphony_convert_update_v1_to_v2(symphony_bytes update, symphony_buffer* out,
                                               symphony_error* error) {
  return give(symphony::convert_update_v1_to_v2(view(update)), out, error);
}

symphony_code symphony_convert_update_v2_to_v1(symphony_bytes update, symphony_buffer* out,
                                               symphony_error* error) {
  return give(symphony::convert_update_v2_to_v1(view(update)), out, error);
}
