/* The engine for C99 and for every language that can call C: documents and awareness.
 *
 *   symphony_error error;
 *   symphony_buffer state = {0};
 *   symphony_doc* doc = symphony_doc_new(NULL);
 *   if (symphony_doc_apply_update(doc, update, update_size, NULL, &error)) puts(error.message);
 *   symphony_doc_encode_state_as_update(doc, NULL, 0, &state, NULL);
 *   ...
 *   symphony_buffer_free(&state);
 *   symphony_doc_free(doc);
 *
 * Rules that hold for all functions
 * - What can fail returns a symphony_code. Unless it is SYMPHONY_OK (0) nothing has changed and no result
 *   has been written; `error`, unless it is NULL, then says what was wrong and where.
 * - Bytes and texts that go in are a pointer and a size, and are only looked at during the call; the
 *   pointer may be NULL if the size is 0. Names and JSON are UTF-8 and need no zero at the end.
 * - A symphony_buffer, symphony_buffers, symphony_clients or an event that comes out is the caller's, to
 *   be freed with the function that stands beside it. What the variable held before is overwritten, not
 *   freed.
 * - A handle may be used by one thread at a time. Pointers to handles and results must not be NULL unless
 *   it is said that they may.
 * - When memory is exhausted the process ends.
 *
 * What the calls do, their bytes and their costs stand in the C++ headers beside this one; each names the
 * function there, or in Yjs, that it is.
 */
#ifndef SYMPHONY_C_H
#define SYMPHONY_C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- errors and buffers */

/* Why a call was refused. In the order of symphony::Code, after SYMPHONY_OK. */
typedef enum symphony_code {
  SYMPHONY_OK = 0,
  SYMPHONY_INVALID,     /* the input breaks the format or the rules */
  SYMPHONY_LIMIT,       /* the input is beyond a limit */
  SYMPHONY_NOT_FOUND,   /* what was asked for does not exist */
  SYMPHONY_CONFLICT,    /* somebody else was first */
  SYMPHONY_UNAVAILABLE, /* for now; a retry can help */
  SYMPHONY_CORRUPT,     /* stored bytes are not what was written */
  SYMPHONY_INTERNAL     /* a library failed in a way its contract does not name */
} symphony_code;

typedef struct symphony_error {
  symphony_code code;
  char message[256]; /* one sentence, ends with a zero; cut if it is longer */
} symphony_error;

/* Owned bytes or text. Texts are UTF-8 and end with a zero that is not counted in `size`. */
typedef struct symphony_buffer {
  uint8_t* data; /* never NULL in a result */
  size_t size;
} symphony_buffer;

/* Frees what the buffer owns and empties it. An empty one ({0}) is fine. */
void symphony_buffer_free(symphony_buffer* buffer);

typedef struct symphony_buffers {
  symphony_buffer* items; /* NULL if there are none */
  size_t count;
} symphony_buffers;

/* Frees all of them and empties the list. */
void symphony_buffers_free(symphony_buffers* buffers);

/* --- documents */

/* A document: symphony::Doc, in Yjs Y.Doc. */
typedef struct symphony_doc symphony_doc;

/* As in symphony::DocOptions and symphony::DocLimits, which say what each is for. */
typedef struct symphony_doc_options {
  bool gc;
  bool format_cleanup;
  bool has_client_id; /* without one, the document only takes updates */
  uint64_t client_id; /* doc.clientID: who writes what is edited here; see symphony_random_client_id */
  size_t update_bytes_max;
  size_t update_structs_max;
  size_t clients_max;
  size_t roots_max;
  size_t any_depth_max;
  size_t pending_bytes_max;
  uint64_t content_bytes_max;
  uint64_t work_max;
  uint64_t seed; /* of hash tables that peers' numbers go into: random if peers are not trusted */
} symphony_doc_options;

/* The defaults, to change some of them. */
symphony_doc_options symphony_doc_options_default(void);

/* 32 random bits: a client id that no other document has. */
uint64_t symphony_random_client_id(void);

/* An empty document. `options` may be NULL for the defaults. */
symphony_doc* symphony_doc_new(const symphony_doc_options* options);
/* NULL is fine. */
void symphony_doc_free(symphony_doc* doc);

/* What an applied update did: symphony::Applied. */
typedef struct symphony_applied {
  bool changed;             /* the document changed */
  bool pending;             /* a part waits for updates that have not arrived yet */
  symphony_buffers updates; /* what Yjs emits as 'update' events, in order: what other peers need */
} symphony_applied;

void symphony_applied_free(symphony_applied* applied);

/* Y.applyUpdate. `applied` may be NULL if nobody wants to know. */
symphony_code symphony_doc_apply_update(symphony_doc* doc, const uint8_t* update, size_t update_size,
                                        symphony_applied* applied, symphony_error* error);

/* Y.applyUpdate with an origin below 2^63. Who undoes gives peers' updates one that is not tracked: without,
 * as in Yjs, they have origin 0, and so has what is edited here. */
symphony_code symphony_doc_apply_update_from(symphony_doc* doc, const uint8_t* update, size_t update_size,
                                             uint64_t origin, symphony_applied* applied,
                                             symphony_error* error);

/* Y.applyUpdateV2. What there is for peers is v1 all the same. */
symphony_code symphony_doc_apply_update_v2(symphony_doc* doc, const uint8_t* update, size_t update_size,
                                           symphony_applied* applied, symphony_error* error);

/* Y.encodeStateAsUpdate. Without a state vector (size 0): everything. */
symphony_code symphony_doc_encode_state_as_update(const symphony_doc* doc, const uint8_t* state_vector,
                                                  size_t state_vector_size, symphony_buffer* out,
                                                  symphony_error* error);

/* Y.encodeStateAsUpdateV2. */
symphony_code symphony_doc_encode_state_as_update_v2(const symphony_doc* doc, const uint8_t* state_vector,
                                                     size_t state_vector_size, symphony_buffer* out,
                                                     symphony_error* error);

/* Y.encodeStateVector. */
void symphony_doc_encode_state_vector(const symphony_doc* doc, symphony_buffer* out);

/* Whether updates wait for others that have not arrived. */
bool symphony_doc_has_pending(const symphony_doc* doc);

/* Bytes of memory that the document holds. */
size_t symphony_doc_memory_bytes(const symphony_doc* doc);

/* --- reading. `root` is the name of a root type; one that does not exist reads as empty. */

/* In the order of symphony::TypeKind. */
typedef enum symphony_kind {
  SYMPHONY_ARRAY,
  SYMPHONY_MAP,
  SYMPHONY_TEXT,
  SYMPHONY_XML_ELEMENT,
  SYMPHONY_XML_FRAGMENT,
  SYMPHONY_XML_HOOK,
  SYMPHONY_XML_TEXT
} symphony_kind;

/* The names of the root types, in the order of their first integration. */
void symphony_doc_root_names(const symphony_doc* doc, symphony_buffers* out);

/* JSON.stringify(root.toJSON()) with the root read as `kind`. */
void symphony_doc_to_json(const symphony_doc* doc, const char* root, size_t root_size, symphony_kind kind,
                          symphony_buffer* out);

/* The text of a root: Y.Text.toString. */
void symphony_doc_to_text(const symphony_doc* doc, const char* root, size_t root_size, symphony_buffer* out);

/* JSON.stringify(text.toDelta()) of a root. */
void symphony_doc_to_delta(const symphony_doc* doc, const char* root, size_t root_size, symphony_buffer* out);

/* --- editing: symphony/shared_types.h. Indices and lengths count UTF-16 code units in texts and elements in
 * lists. Values and attributes are JSON text; attributes are an object, in which null ends a key's
 * formatting.
 *
 * Edits are refused with SYMPHONY_INVALID if the document has no client id, an index is beyond the end, a
 * text is not UTF-8 or JSON is not JSON; with SYMPHONY_NOT_FOUND if the type has been deleted; with
 * SYMPHONY_LIMIT if the document would grow past its limits; with SYMPHONY_CONFLICT if somebody else writes
 * with its client id. */

/* A shared type of a document, which must outlive it. Free it when done; the type itself stays. */
typedef struct symphony_type symphony_type;

/* NULL is fine. */
void symphony_type_free(symphony_type* type);

/* doc.getText(name), getArray, getMap and so on: the root of that name, made if there is none.
 * SYMPHONY_INVALID if it is of another kind. There are no roots that are hooks. */
symphony_code symphony_doc_get(symphony_doc* doc, const char* name, size_t name_size, symphony_kind kind,
                               symphony_type** out, symphony_error* error);

symphony_kind symphony_type_kind(const symphony_type* type);
/* Whether it is still part of its document. */
bool symphony_type_exists(const symphony_type* type);
/* text.length, array.length or the number of children; 0 for a map. */
uint32_t symphony_type_length(const symphony_type* type);
/* JSON.stringify(type.toJSON()). */
void symphony_type_to_json(const symphony_type* type, symphony_buffer* out);

/* text.insert(index, string, attributes). `attributes` NULL: formatted like the character before. */
symphony_code symphony_text_insert(symphony_type* text, uint32_t index, const char* string,
                                   size_t string_size, const char* attributes, size_t attributes_size,
                                   symphony_error* error);
/* text.insertEmbed(index, embed, attributes). `attributes` may be NULL. */
symphony_code symphony_text_insert_embed(symphony_type* text, uint32_t index, const char* embed,
                                         size_t embed_size, const char* attributes, size_t attributes_size,
                                         symphony_error* error);
/* text.delete(index, length). */
symphony_code symphony_text_remove(symphony_type* text, uint32_t index, uint32_t length,
                                   symphony_error* error);
/* text.format(index, length, attributes). */
symphony_code symphony_text_format(symphony_type* text, uint32_t index, uint32_t length,
                                   const char* attributes, size_t attributes_size, symphony_error* error);
/* text.applyDelta(delta): `delta` is a JSON array of {"insert": string or embed}, {"retain": n}, {"delete":
 * n}, the first two with "attributes" or without. */
symphony_code symphony_text_apply_delta(symphony_type* text, const char* delta, size_t delta_size,
                                        symphony_error* error);
/* text.toString(), and JSON.stringify(text.toDelta()). Empty if it is no text. */
void symphony_text_to_string(const symphony_type* text, symphony_buffer* out);
void symphony_text_to_delta(const symphony_type* text, symphony_buffer* out);

/* array.insert(index, values): `values` is a JSON array. */
symphony_code symphony_array_insert(symphony_type* array, uint32_t index, const char* values,
                                    size_t values_size, symphony_error* error);
/* array.delete(index, length), also of the children of an XmlFragment or XmlElement. */
symphony_code symphony_array_remove(symphony_type* array, uint32_t index, uint32_t length,
                                    symphony_error* error);
/* array.insert(index, [new type]), also of children: the new type. `name`: of an XmlElement or XmlHook. */
symphony_code symphony_array_insert_type(symphony_type* array, uint32_t index, symphony_kind kind,
                                         const char* name, size_t name_size, symphony_type** out,
                                         symphony_error* error);
/* array.insert(index, [type.clone()]), also of children: a copy of `type`, of this or another document. */
symphony_code symphony_array_insert_clone(symphony_type* array, uint32_t index, const symphony_type* type,
                                          symphony_type** out, symphony_error* error);
/* The value at `index` as JSON; of a type, its toJSON(). SYMPHONY_NOT_FOUND beyond the end. */
symphony_code symphony_array_get(const symphony_type* array, uint32_t index, symphony_buffer* out,
                                 symphony_error* error);
/* The type at `index`. SYMPHONY_NOT_FOUND if there is none. */
symphony_code symphony_array_get_type(const symphony_type* array, uint32_t index, symphony_type** out,
                                      symphony_error* error);

/* map.set(key, value), also of the attributes of an XmlElement or XmlText. */
symphony_code symphony_map_set(symphony_type* map, const char* key, size_t key_size, const char* value,
                               size_t value_size, symphony_error* error);
/* map.delete(key). A key that is not there is no error. */
symphony_code symphony_map_remove(symphony_type* map, const char* key, size_t key_size,
                                  symphony_error* error);
/* map.set(key, new type): the new type. `name`: of an XmlElement or XmlHook. */
symphony_code symphony_map_set_type(symphony_type* map, const char* key, size_t key_size, symphony_kind kind,
                                    const char* name, size_t name_size, symphony_type** out,
                                    symphony_error* error);
/* map.set(key, type.clone()). */
symphony_code symphony_map_set_clone(symphony_type* map, const char* key, size_t key_size,
                                     const symphony_type* type, symphony_type** out, symphony_error* error);
/* The value under a key as JSON, and the type under a key. SYMPHONY_NOT_FOUND if there is none. */
symphony_code symphony_map_get(const symphony_type* map, const char* key, size_t key_size,
                               symphony_buffer* out, symphony_error* error);
symphony_code symphony_map_get_type(const symphony_type* map, const char* key, size_t key_size,
                                    symphony_type** out, symphony_error* error);

/* doc.transact(body, origin): what `body` edits is one transaction with one update. `origin` is any number
 * below 2^63, 0 for nobody in particular. */
void symphony_doc_transact(symphony_doc* doc, void (*body)(void* context), void* context, uint64_t origin);

/* Keeps an observer called until it is freed. May outlive the document. */
typedef struct symphony_subscription symphony_subscription;
void symphony_subscription_free(symphony_subscription* subscription);

/* doc.on('update'): `update` is valid during the call; `local` is false for what came with an update. The
 * observer may edit, but must not free the document. */
typedef void (*symphony_update_observer)(void* context, const uint8_t* update, size_t update_size,
                                         uint64_t origin, bool local);
symphony_subscription* symphony_doc_on_update(symphony_doc* doc, symphony_update_observer observer,
                                              void* context);

/* What happened to one type: symphony::Event, valid only during the call of the observer. */
typedef struct symphony_event symphony_event;

/* The type that changed. The handle is the caller's. */
symphony_type* symphony_event_target(const symphony_event* event);
/* event.path as JSON: keys and indices from the observed type to the target. */
void symphony_event_path(const symphony_event* event, symphony_buffer* out);
/* event.changes.delta, or of a text event.delta, as JSON. */
void symphony_event_delta(const symphony_event* event, symphony_buffer* out);
/* event.changes.keys as JSON: {"key":{"action":"add" or "update" or "delete","oldValue":..}}; no oldValue
 * where it is undefined. */
void symphony_event_keys(const symphony_event* event, symphony_buffer* out);
/* Of the transaction: symphony::TransactionInfo. */
uint64_t symphony_event_origin(const symphony_event* event);
bool symphony_event_local(const symphony_event* event);

/* type.observe: called with one event after each transaction that changed the type itself. type.observeDeep:
 * with one for each type that changed, it or below it. The observer may edit, when it has asked what it wants
 * to know of the events, but must not free the document. */
typedef void (*symphony_type_observer)(void* context, const symphony_event* const* events, size_t count);
symphony_subscription* symphony_type_observe(symphony_type* type, symphony_type_observer observer,
                                             void* context);
symphony_subscription* symphony_type_observe_deep(symphony_type* type, symphony_type_observer observer,
                                                  void* context);

/* --- undo and redo: symphony/undo_manager.h */

/* symphony::UndoManager, in Yjs Y.UndoManager. Free it before its document. */
typedef struct symphony_undo_manager symphony_undo_manager;

/* Tracks the types in `scope` and what is in them; without any, the whole document. Changes closer together
 * than `capture_timeout_ms` by the clock `now_ms` are undone together; `now_ms` NULL: all up to
 * symphony_undo_manager_stop_capturing. */
symphony_undo_manager* symphony_undo_manager_new(symphony_doc* doc, const symphony_type* const* scope,
                                                 size_t scope_count, uint64_t capture_timeout_ms,
                                                 uint64_t (*now_ms)(void* context), void* context);
/* NULL is fine. */
void symphony_undo_manager_free(symphony_undo_manager* manager);
/* Origins whose changes can be undone, in the beginning only 0. */
void symphony_undo_manager_add_tracked_origin(symphony_undo_manager* manager, uint64_t origin);
void symphony_undo_manager_remove_tracked_origin(symphony_undo_manager* manager, uint64_t origin);
/* Undoes or redoes one step. `done`, unless NULL: whether there was one with an effect. */
symphony_code symphony_undo_manager_undo(symphony_undo_manager* manager, bool* done, symphony_error* error);
symphony_code symphony_undo_manager_redo(symphony_undo_manager* manager, bool* done, symphony_error* error);
bool symphony_undo_manager_can_undo(const symphony_undo_manager* manager);
bool symphony_undo_manager_can_redo(const symphony_undo_manager* manager);
void symphony_undo_manager_stop_capturing(symphony_undo_manager* manager);
void symphony_undo_manager_clear(symphony_undo_manager* manager);

/* --- places that stay where they were meant: symphony/relative_position.h */

/* Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(type, index, assoc)). */
symphony_code symphony_relative_position_create(const symphony_type* type, uint32_t index, int64_t assoc,
                                                symphony_buffer* out, symphony_error* error);
/* Y.createAbsolutePositionFromRelativePosition: the type, unless `type` is NULL, and the index in it.
 * SYMPHONY_NOT_FOUND if the document does not know the place (yet) or has collected it. */
symphony_code symphony_relative_position_resolve(symphony_doc* doc, const uint8_t* position,
                                                 size_t position_size, symphony_type** type, uint32_t* index,
                                                 symphony_error* error);

/* --- moments in the history: symphony/snapshot.h */

/* Y.encodeSnapshot(Y.snapshot(doc)). */
void symphony_doc_snapshot(const symphony_doc* doc, symphony_buffer* out);
/* Y.createDocFromSnapshot: a new document, with `options` as in symphony_doc_new. SYMPHONY_INVALID if `doc`
 * collects what is deleted (`gc`), or if the snapshot knows more than it does. */
symphony_code symphony_doc_restore_snapshot(const symphony_doc* doc, const uint8_t* snapshot,
                                            size_t snapshot_size, const symphony_doc_options* options,
                                            symphony_doc** out, symphony_error* error);

/* --- updates without a document: symphony/update.h, with its default limits. */

/* Bytes that somebody else owns. */
typedef struct symphony_bytes {
  const uint8_t* data;
  size_t size;
} symphony_bytes;

/* Y.mergeUpdates, Y.mergeUpdatesV2. */
symphony_code symphony_merge_updates(const symphony_bytes* updates, size_t count, symphony_buffer* out,
                                     symphony_error* error);
symphony_code symphony_merge_updates_v2(const symphony_bytes* updates, size_t count, symphony_buffer* out,
                                        symphony_error* error);

/* Y.diffUpdate, Y.diffUpdateV2. */
symphony_code symphony_diff_update(symphony_bytes update, symphony_bytes state_vector, symphony_buffer* out,
                                   symphony_error* error);
symphony_code symphony_diff_update_v2(symphony_bytes update, symphony_bytes state_vector,
                                      symphony_buffer* out, symphony_error* error);

/* Y.encodeStateVectorFromUpdate, Y.encodeStateVectorFromUpdateV2. */
symphony_code symphony_state_vector_from_update(symphony_bytes update, symphony_buffer* out,
                                                symphony_error* error);
symphony_code symphony_state_vector_from_update_v2(symphony_bytes update, symphony_buffer* out,
                                                   symphony_error* error);

/* Y.convertUpdateFormatV1ToV2, Y.convertUpdateFormatV2ToV1. */
symphony_code symphony_convert_update_v1_to_v2(symphony_bytes update, symphony_buffer* out,
                                               symphony_error* error);
symphony_code symphony_convert_update_v2_to_v1(symphony_bytes update, symphony_buffer* out,
                                               symphony_error* error);

/* --- awareness. Times are milliseconds of any clock that does not go backwards. */

/* symphony::Awareness, in y-protocols Awareness. */
typedef struct symphony_awareness symphony_awareness;

typedef struct symphony_clients {
  uint64_t* ids; /* NULL if there are none */
  size_t count;
} symphony_clients;

void symphony_clients_free(symphony_clients* clients);

/* symphony::AwarenessEvent: an 'update' event. */
typedef struct symphony_awareness_event {
  symphony_clients added;
  symphony_clients updated;
  symphony_clients removed;
  symphony_clients changed; /* those of `updated` whose state is a different value */
} symphony_awareness_event;

void symphony_awareness_event_free(symphony_awareness_event* event);

/* new Awareness(doc): the own client's state is {}. With the default limits of symphony::AwarenessOptions. */
symphony_awareness* symphony_awareness_new(uint64_t client_id, uint64_t seed, int64_t now_ms);
/* NULL is fine. */
void symphony_awareness_free(symphony_awareness* awareness);

/* In each of these, `event` may be NULL if nobody wants to know. */

/* setLocalState; `json` is "null" to leave. */
symphony_code symphony_awareness_set_local_state(symphony_awareness* awareness, const char* json,
                                                 size_t json_size, int64_t now_ms,
                                                 symphony_awareness_event* event, symphony_error* error);

/* applyAwarenessUpdate. */
symphony_code symphony_awareness_apply_update(symphony_awareness* awareness, const uint8_t* update,
                                              size_t update_size, int64_t now_ms,
                                              symphony_awareness_event* event, symphony_error* error);

/* removeAwarenessStates. */
void symphony_awareness_remove_states(symphony_awareness* awareness, const uint64_t* clients, size_t count,
                                      int64_t now_ms, symphony_awareness_event* event);

/* Renews the own state and removes who was not heard of in time; symphony_awareness_next_tick_ms says when
 * there will be something to do (INT64_MAX: never). */
void symphony_awareness_tick(symphony_awareness* awareness, int64_t now_ms, symphony_awareness_event* event);
int64_t symphony_awareness_next_tick_ms(const symphony_awareness* awareness);

/* Who is present, in the order of their coming. */
void symphony_awareness_clients(const symphony_awareness* awareness, symphony_clients* out);

/* The JSON text of a client's state. SYMPHONY_NOT_FOUND if it is not present. */
symphony_code symphony_awareness_state(const symphony_awareness* awareness, uint64_t client,
                                       symphony_buffer* out, symphony_error* error);

/* encodeAwarenessUpdate. SYMPHONY_NOT_FOUND if one of the clients was never heard of. */
symphony_code symphony_awareness_encode_update(const symphony_awareness* awareness, const uint64_t* clients,
                                               size_t count, symphony_buffer* out, symphony_error* error);

#ifdef __cplusplus
}
#endif

#endif
