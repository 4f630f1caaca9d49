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
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "symphony/types.h"

namespace symphony {

// Bounds on what peers may make a document hold. Each is checked before the document changes.
struct DocLimits {
  size_t update_bytes_max = 256u << 20;   // one update
  size_t update_structs_max = 5u << 20;   // structs in one update; reading takes 48 bytes for each
  size_t clients_max = (1u << 20) - 1;    // distinct client ids in the document
  size_t roots_max = 1u << 16;            // distinct root type names
  size_t any_depth_max = 128;             // nesting of one JSON-like value; of JSON text never past 1024
  size_t pending_bytes_max = 16u << 20;   // updates waiting for something that has not arrived
  uint64_t content_bytes_max = 1u << 30;  // all contents of the document together
};

struct DocOptions {
  bool gc = true;              // drop the content of what is deleted, as Y.Doc does by default
  bool forward_input = true;   // let Applied::forward spare the encoding of what came in anyway
  bool format_cleanup = true;  // remove redundant formatting after remote changes, as Y.Doc does
  DocLimits limits;
  uint64_t seed = 0;  // seeds the hash tables that are keyed by a peer's numbers
};

// The shared types of Yjs. A root has no kind of its own until somebody reads it as one.
enum class TypeKind : uint8_t { kArray, kMap, kText, kXmlElement, kXmlFragment, kXmlHook, kXmlText };

// What an applied update did.
struct Applied {
  bool changed = false;  // the document changed: see `forward` and `updates` for what other peers need
  bool pending = false;  // a part waits for updates that have not arrived yet (ask for them with sync step 1)
  bool forward =
      false;  // all of the input was new: it is itself the first update for the peers, and `updates`
              // omits it (Yjs would write the same operations again, at times in other bytes)
  std::vector<Buffer> updates;  // what else Yjs would emit as 'update' events, in order
};

class Doc {
 public:
  explicit Doc(const DocOptions& options = {});
  ~Doc();
  Doc(Doc&&) noexcept;
  Doc& operator=(Doc&&) noexcept;

  // Y.applyUpdate. kInvalid or kLimit with a sentence that says what and where; the document is then as
  // before. Cost: linear in the update, plus a search for each origin.
  Result<Applied> apply_update(Bytes update);

  // Y.applyUpdateV2: apply_update for the format that symphony/update.h calls v2. What there is to tell peers
  // is v1 as ever; `forward` is never set.
  Result<Applied> apply_update_v2(Bytes update);

  // Y.encodeStateAsUpdate. An empty state vector asks for everything. kInvalid if the vector is malformed.
  Result<Buffer> encode_state_as_update(Bytes state_vector = {}) const;

  // Y.encodeStateAsUpdateV2.
  Result<Buffer> encode_state_as_update_v2(Bytes state_vector = {}) const;

  // Y.encodeStateVector.
  Buffer encode_state_vector() const;

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

  // Bytes of memory held, without allocator overhead.
  size_t memory_bytes() const;

  // Checks every structural invariant (tests only, linear); the first broken one, or empty.
  std::string check_invariants() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace symphony
