// The structs of an update v1, one after the other, checked as they come (Yjs: LazyStructReader).
//
//   update    := varUint #clients, block*, delete set
//   block     := varUint #structs, varUint client, varUint clock, struct*
//   struct    := u8 info, [id origin], [id right origin], [parent, [key]], content
//
// Refused although Yjs takes it (no Yjs client writes such things): zero-length structs and deletes, bytes
// behind the delete set, flags on GC and Skip, references into the client's own future, clocks past 2^32-1,
// JSON or `any` nested deeper than the limit. Blocks come in the order of the bytes, whatever that is.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/varint.h"
#include "crdt/wire/content.h"
#include "crdt/wire/delete_set.h"
#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony::crdt {

inline constexpr uint64_t kNoClient = ~uint64_t{0};

// Bits of a struct's info byte; the low five are the content ref.
inline constexpr uint8_t kInfoOrigin = 0x80;
inline constexpr uint8_t kInfoRightOrigin = 0x40;
inline constexpr uint8_t kInfoParentSub = 0x20;
inline constexpr uint8_t kInfoRef = 0x1f;

struct Id {
  uint64_t client = kNoClient;
  uint32_t clock = 0;

  friend bool operator==(const Id&, const Id&) = default;
};

struct ParsedStruct {
  uint64_t origin_client = kNoClient;
  uint64_t right_origin_client = kNoClient;
  uint32_t origin_clock = 0;
  uint32_t right_origin_clock = 0;
  uint32_t clock = 0;
  uint32_t len = 0;
  uint32_t parent_at = 0;  // offset of the parent info in the input; only without origins
  uint32_t content_at =
      0;  // kString: the text; kJson, kAny: the elements; others: the payload as on the wire
  uint32_t content_bytes = 0;
  uint8_t info = 0;
  bool ascii = false;  // kString: one byte is one UTF-16 unit

  uint8_t ref() const { return info & kInfoRef; }
  bool has_origin() const { return origin_client != kNoClient; }
  bool has_right_origin() const { return right_origin_client != kNoClient; }
  bool has_parent() const { return ref() != kGc && ref() != kSkip && !has_origin() && !has_right_origin(); }
  uint32_t end() const { return clock + len; }
};

// The parent info of a struct without origins.
struct ParsedParent {
  bool is_root = false;
  std::string_view root;  // is_root: the name of the root type
  Id item;                // otherwise: the item that holds the type
  bool has_sub = false;   // an entry of a map rather than an element of a list
  std::string_view sub;
};

// The parent info of `s`, a struct of the validated `update` that has_parent().
ParsedParent parent_of(Bytes update, const ParsedStruct& s);

// Reads forward over an update, which must outlive it:
//
//   while (reader.next_block())
//     while (reader.next_struct(s)) ...
//   reader.read_deletes(ranges);
//   if (Result<void> outcome = reader.outcome(); !outcome) ...
//
// The first fault sticks: from then on everything ends, and outcome() says what is wrong and at which byte.
class StructReader {
 public:
  StructReader(Bytes update, const DocLimits& limits);

  // Enters the next client's block, whose structs must have been read; false behind the last one.
  bool next_block();
  uint64_t client() const { return client_; }                       // kNoClient before the first block
  uint32_t clock() const { return static_cast<uint32_t>(clock_); }  // of the next struct
  uint64_t block_structs() const { return block_structs_; }         // how many the block has

  // The next struct of the block; false behind the last one.
  bool next_struct(ParsedStruct& s);

  // The delete set, appended to `out` as it comes, and the end of the update. To be called behind the last
  // block.
  void read_deletes(std::vector<DeleteRange>& out);

  bool good() const { return in_.ok(); }
  size_t position() const { return in_.position(); }  // of the next byte
  Result<void> outcome() const;

  // Ends the reading with a fault that the caller found.
  void refuse(const char* what, Code code = Code::kInvalid);

 private:
  bool failed();
  void note(const char* fault);
  uint32_t length(uint64_t value);
  uint64_t read_client(Reader& in) const;
  const char* read_id(Reader& in, uint64_t& client, uint32_t& clock) const;
  void one_struct(ParsedStruct& s);
  void parent(ParsedStruct& s);
  void measure(Bytes text, ParsedStruct& s);
  void content(uint8_t ref, ParsedStruct& s);

  Reader in_;
  uint64_t structs_left_max_ = 0;
  size_t any_depth_max_ = 0;
  uint64_t blocks_left_ = 0;
  uint64_t block_structs_ = 0;
  uint64_t structs_left_ = 0;
  uint64_t client_ = kNoClient;
  uint64_t client_word_ = 0;  // its bytes, as they began the block; 0: too long or too near the end
  uint64_t client_mask_ = 0;
  size_t client_bytes_ = 0;
  uint64_t clock_ = 0;
  const char* what_ = nullptr;
  size_t failed_at_ = 0;
  Code code_ = Code::kInvalid;
};

}  // namespace symphony::crdt
