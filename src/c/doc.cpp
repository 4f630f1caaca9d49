#include "symphony/doc.h"

#include "c/convert.h"
#include "c/handles.h"
#include "symphony/random.h"

using symphony::Buffer;
using symphony::DocOptions;
using symphony::TypeKind;
using namespace symphony::c;

static_assert(SYMPHONY_XML_TEXT == static_cast<int>(TypeKind::kXmlText));

namespace {

symphony_code tell(const symphony::Result<symphony::Applied>& result, symphony_applied* applied,
                   symphony_error* error) {
  if (!result) return refuse(result.error(), error);
  if (applied != nullptr) *applied = {result->changed, result->pending, buffers_of(result->updates)};
  return SYMPHONY_OK;
}

}  // namespace

symphony_doc_options symphony_doc_options_default(void) {
  const DocOptions defaults;
  const symphony::DocLimits& limits = defaults.limits;
  symphony_doc_options out{};
  out.gc = defaults.gc;
  out.format_cleanup = defaults.format_cleanup;
  out.client_id = defaults.client_id.value_or(0);
  out.has_client_id = defaults.client_id.has_value();
  out.update_bytes_max = limits.update_bytes_max;
  out.update_structs_max = limits.update_structs_max;
  out.clients_max = limits.clients_max;
  out.roots_max = limits.roots_max;
  out.any_depth_max = limits.any_depth_max;
  out.pending_bytes_max = limits.pending_bytes_max;
  out.content_bytes_max = limits.content_bytes_max;
  out.work_max = limits.work_max;
  out.seed = defaults.seed;
  return out;
}

uint64_t symphony_random_client_id(void) { return symphony::random_client_id(); }

DocOptions symphony::c::options_of(const symphony_doc_options* options) {
  const symphony_doc_options given = options != nullptr ? *options : symphony_doc_options_default();
  DocOptions out;
  out.gc = given.gc;
  out.format_cleanup = given.format_cleanup;
  if (given.has_client_id) out.client_id = given.client_id;
  out.limits.update_bytes_max = given.update_bytes_max;
  out.limits.update_structs_max = given.update_structs_max;
  out.limits.clients_max = given.clients_max;
  out.limits.roots_max = given.roots_max;
  out.limits.any_depth_max = given.any_depth_max;
  out.limits.pending_bytes_max = given.pending_bytes_max;
  out.limits.content_bytes_max = given.content_bytes_max;
  out.limits.work_max = given.work_max;
  out.seed = given.seed;
  return out;
}

symphony_doc* symphony_doc_new(const symphony_doc_options* options) {
  return new symphony_doc{symphony::Doc(options_of(options))};
}

void symphony_doc_free(symphony_doc* doc) { delete doc; }

void symphony_applied_free(symphony_applied* applied) {
  symphony_buffers_free(&applied->updates);
  *applied = {};
}

symphony_code symphony_doc_apply_update(symphony_doc* doc, const uint8_t* update, size_t update_size,
                                        symphony_applied* applied, symphony_error* error) {
  auto result = doc->doc.apply_update(bytes_of(update, update_size));
  if (result && result->forward) {
    result->updates.insert(result->updates.begin(), Buffer(update, update + update_size));
  }
  return tell(result, applied, error);
}

symphony_code symphony_doc_apply_update_from(symphony_doc* doc, const uint8_t* update, size_t update_size,
                                             uint64_t origin, symphony_applied* applied,
                                             symphony_error* error) {
  return tell(doc->doc.apply_update(bytes_of(update, update_size), origin), applied, error);
}

symphony_code symphony_doc_apply_update_v2(symphony_doc* doc, const uint8_t* update, size_t update_size,
                                           symphony_applied* applied, symphony_error* error) {
  return tell(doc->doc.apply_update_v2(bytes_of(update, update_size)), applied, error);
}

symphony_code symphony_doc_encode_state_as_update(const symphony_doc* doc, const uint8_t* state_vector,
                                                  size_t state_vector_size, symphony_buffer* out,
                                                  symphony_error* error) {
  return give(doc->doc.encode_state_as_update(bytes_of(state_vector, state_vector_size)), out, error);
}

symphony_code symphony_doc_encode_state_as_update_v2(const symphony_doc* doc, const uint8_t* state_vector,
                                                     size_t state_vector_size, symphony_buffer* out,
                                                     symphony_error* error) {
  return give(doc->doc.encode_state_as_update_v2(bytes_of(state_vector, state_vector_size)), out, error);
}

void symphony_doc_encode_state_vector(const symphony_doc* doc, symphony_buffer* out) {
  *out = buffer_of(doc->doc.encode_state_vector());
}

bool symphony_doc_has_pending(const symphony_doc* doc) { return doc->doc.has_pending(); }

size_t symphony_doc_memory_bytes(const symphony_doc* doc) { return doc->doc.memory_bytes(); }

void symphony_doc_root_names(const symphony_doc* doc, symphony_buffers* out) {
  *out = buffers_of(doc->doc.root_names());
}

void symphony_doc_to_json(const symphony_doc* doc, const char* root, size_t root_size, symphony_kind kind,
                          symphony_buffer* out) {
  *out = buffer_of(doc->doc.to_json(text_of(root, root_size), static_cast<TypeKind>(kind)));
}

void symphony_doc_to_text(const symphony_doc* doc, const char* root, size_t root_size, symphony_buffer* out) {
  *out = buffer_of(doc->doc.to_text(text_of(root, root_size)));
}

void symphony_doc_to_delta(const symphony_doc* doc, const char* root, size_t root_size,
                           symphony_buffer* out) {
  *out = buffer_of(doc->doc.to_delta(text_of(root, root_size)));
}

void symphony_doc_transact(symphony_doc* doc, void (*body)(void* context), void* context, uint64_t origin) {
  doc->doc.transact([&] { body(context); }, origin);
}

symphony_subscription* symphony_doc_on_update(symphony_doc* doc, symphony_update_observer observer,
                                              void* context) {
  return new symphony_subscription{
      doc->doc.on_update([=](symphony::Bytes update, const symphony::TransactionInfo& info) {
        observer(context, update.data(), update.size(), info.origin, info.local);
      })};
}

void symphony_subscription_free(symphony_subscription* subscription) { delete subscription; }
