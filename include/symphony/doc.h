// A Yjs document: the CRDT engine's public face.
//
// A Doc holds what `new Y.Doc()` holds on a server: it takes updates in any order, keeps what must wait, and
// gives back states, diffs and state vectors, byte for byte what Yjs 13 would give. It never trusts its
// input: every update is validated whole before anything changes, so an update is applied completely or not
// at all.
//
// A Doc is single-threaded and does no I/O. Ids are Yjs's: a client is a 53-bit number, a clock counts UTF-16
// code units or array elements of that client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "symphony/events.h"
#include "symphony/types.h"
#include "symphony/value.h"

namespace symphony {

class Array;
class Map;
class Text;
class XmlElement;
class XmlFragment;
class XmlText;
struct Snapshot;  // symphony/snapshot.h

// Bounds on what peers may make a document hold. Each is checked before the document changes.
struct DocLimits {
  size_t update_bytes_max = 256u << 20;   // one update
  size_t update_structs_max = 5u << 20;   // structs in one update; reading takes 48 bytes for each
  size_t clients_max = (1u << 20) - 1;    // distinct client ids in the document
  size_t roots_max = 1u << 16;            // distinct root type names
  size_t any_depth_max = 128;             // nesting of one JSON-like value; of JSON text never past 1024
  size_t pending_bytes_max = 16u << 20;   // memory of updates waiting for something that has not arrived
  uint64_t content_bytes_max = 1u << 30;  // all contents of the document together
  // Steps one update may take that grow with the document and not with the update: concurrent inserts passed
  // at one place, deleted structs passed again. About half a second.
  uint64_t work_max = 50'000'000;
};

struct DocOptions {
  bool gc = true;             // drop the content of what is deleted, as Y.Doc does by default
  bool forward_input = true;  // let Applied::forward spare the encoding of what came in anyway
  // Remove redundant formatting after remote changes, as Y.Doc does: from nested texts, and from roots that
  // get_text or get_xml_text was called for (before that a root is not known to be a text, in Yjs either).
  bool format_cleanup = true;
  // What came before something that is missing: parked until that arrives, as in Yjs 13 (false), or read and
  // passed on at once where it does not depend on the gap, as in Yjs 14 (true). The encoded state is the
  // same.
  bool show_behind_gaps = false;
  // Who edits here (doc.clientID). Two documents that may ever meet must not have the same: draw one for each
  // with random_client_id(). Without one the document only takes updates.
  std::optional<uint64_t> client_id;
  DocLimits limits;
  uint64_t seed = 0;  // seeds the hash tables that are keyed by a peer's numbers
};

// The shared types of Yjs. A root has no kind of its own until somebody reads it as one.
enum class TypeKind : uint8_t { kArray, kMap, kText, kXmlElement, kXmlFragment, kXmlHook, kXmlText };

// A subdocument to be made (new Y.Doc(options)).
struct SubdocOptions {
  std::string guid;         // its name; the embedder's to choose, unique
  bool gc = true;           // as in DocOptions, for whoever loads it
  bool auto_load = false;   // peers load it without being asked
  bool should_load = true;  // load it here now
  Value meta = nullptr;     // anything; null: nothing
};

// What an applied update did.
struct Applied {
  bool changed = false;  // the document changed: see `forward` and `updates` for what other peers need
  bool pending = false;  // a part waits for updates that have not arrived yet (ask for them with sync step 1)
  bool forward = false;  // all of the input was new: it is itself the first update for the peers, and
                         // `updates` omits it (Yjs would write the same operations again, at times in other
                         // bytes). With DocOptions::show_behind_gaps also if some of it waits, changed or not
  std::vector<Buffer> updates;  // what else Yjs would emit as 'update' events, in order
};

class Doc {
 public:
  explicit Doc(const DocOptions& options = {});
  ~Doc();
  Doc(Doc&&) noexcept;
  Doc& operator=(Doc&&) noexcept;

  // Y.applyUpdate. kInvalid or kLimit with a sentence that says what and where; the document is then as
  // before. Cost: linear in the update, plus a search for each origin. Inside of transact() the update joins
  // the transaction, and what it emits comes with that. `origin`: see events.h.
  Result<Applied> apply_update(Bytes update, Origin origin = 0);

  // Y.applyUpdateV2: apply_update for the format that symphony/update.h calls v2. What there is to tell peers
  // is v1 as ever; `forward` is never set.
  Result<Applied> apply_update_v2(Bytes update);

  // apply_update for what this program stored itself: what was accepted once is not refused by a limit,
  // though together it takes more work than in pieces. Not for what a peer sends.
  Result<Applied> restore(Bytes update);

  // Y.encodeStateAsUpdate. An empty state vector asks for everything. kInvalid if the vector is malformed.
  Result<Buffer> encode_state_as_update(Bytes state_vector = {}) const;

  // Y.encodeStateAsUpdateV2.
  Result<Buffer> encode_state_as_update_v2(Bytes state_vector = {}) const;

  // Y.encodeStateVector.
  Buffer encode_state_vector() const;

  // Y.snapshot: the present moment. What waits for missing updates is not part of it. Cost: linear in the
  // document.
  Snapshot snapshot() const;

  // Y.createDocFromSnapshot: a new document with what this one held at that moment. kInvalid if this document
  // collects what is deleted (DocOptions::gc), or if the snapshot knows more than this document does. Cost:
  // that of encoding and applying the state.
  Result<Doc> restore(const Snapshot& snapshot, const DocOptions& options = {}) const;

  // Whether updates wait for others that have not arrived (store.pendingStructs or store.pendingDs).
  bool has_pending() const;

  // Names of the root types, in the order of their first integration.
  std::vector<std::string> root_names() const;

  // JSON.stringify(root.toJSON()) with the root read as `kind`: the same text, key order included, and
  // bigints as numbers with all their digits. An unknown root reads as empty.
  std::string to_json(std::string_view root, TypeKind kind) const;

  // Y.Text.toString of a root, as UTF-8.
  std::string to_text(std::string_view root) const;

  // JSON.stringify(text.toDelta()) of a root; embedded types appear as their toJSON().
  std::string to_delta(std::string_view root) const;

  // --- editing and observing: see shared_types.h and events.h

  // doc.getText(name) and so on: the root of that name, made if there is none. From then on it is of this
  // kind, in every later call. kInvalid if it is of another kind or the name is not UTF-8, kLimit past
  // DocLimits::roots_max.
  Result<Text> get_text(std::string_view name = {});
  Result<Array> get_array(std::string_view name = {});
  Result<Map> get_map(std::string_view name = {});
  Result<XmlFragment> get_xml_fragment(std::string_view name = {});
  Result<XmlElement> get_xml_element(std::string_view name = {});
  Result<XmlText> get_xml_text(std::string_view name = {});

  // doc.transact(body, origin): what `body` edits is one transaction, with one update. Inside of another
  // transact() it is part of that. `body` must not throw.
  void transact(const std::function<void()>& body, Origin origin = 0);

  // doc.clientID. Setting it ends a conflict about the old one; not inside of a transaction (kInvalid).
  std::optional<uint64_t> client_id() const;
  Result<void> set_client_id(uint64_t client_id);

  // doc.on('update'): the bytes are valid during the call. Of an update that is forwarded, its own.
  [[nodiscard]] Subscription on_update(std::function<void(Bytes update, const TransactionInfo&)> observer);
  // doc.on('afterTransaction').
  [[nodiscard]] Subscription on_after_transaction(std::function<void(const TransactionInfo&)> observer);
  // doc.on('subdocs'). Of what was removed it tells once (Yjs a second time, when it destroys it).
  [[nodiscard]] Subscription on_subdocs(std::function<void(const SubdocsEvent&)> observer);
  // doc.getSubdocs(), in the order of their clients and clocks. Linear in the document.
  std::vector<Subdoc> subdocs() const;

  // Drops all but the encoded state and the state vector: a fifth to two thirds of the memory. kSmallest
  // takes the shorter of v1 and v2, which costs three conversions; kQuickest v1, which costs one encoding,
  // and waking one load. Encoding is answered from the bytes, for any state vector, and an update that says
  // nothing is taken; any other call wakes the document again. False, with nothing done, if the document is
  // edited or observed here, or updates wait.
  enum class Rest : uint8_t { kSmallest, kQuickest };
  bool rest(Rest how = Rest::kSmallest);
  bool rests() const { return resting_ != nullptr; }

  // Bytes of memory held, without allocator overhead.
  size_t memory_bytes() const;

  // Checks every structural invariant (tests only, linear); the first broken one, or empty.
  std::string check_invariants() const;

  struct Impl;  // the engine's own

 private:
  friend struct crdt::Handles;

  struct Resting;

  Impl& live() const;  // wakes a document that rests
  const crdt::Store& readable() const;

  mutable std::unique_ptr<Impl> impl_;        // null: it rests
  mutable std::unique_ptr<Resting> resting_;  // null: it does not
};

}  // namespace symphony
