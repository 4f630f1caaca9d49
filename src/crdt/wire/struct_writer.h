// Structs of updates, written again without a document: sliced, grouped into blocks, as Yjs's
// LazyStructWriter does it.
#pragma once

#include <span>
#include <vector>

#include "crdt/wire/encoder.h"
#include "crdt/wire/struct_reader.h"
#include "crdt/wire/update_v2.h"

namespace symphony::crdt {

// A content of `len` clocks without the first `offset`, as its wire payload. Of a kType only whole (offset
// 0).
void write_content(Encoder& out, uint8_t ref, uint32_t len, Bytes content, uint32_t offset);

// The part of write_parsed in front of the content.
void write_parsed_head(Encoder& out, Bytes update, uint64_t client, const ParsedStruct& s, uint32_t offset,
                       Infos infos = Infos::kAsRead);

// One struct of a validated update without its first `offset`: as Yjs writes a struct that was read and not
// integrated (kAsRead), or one that is in a document whose state the update is (kAsIs).
void write_parsed(Encoder& out, Bytes update, uint64_t client, const ParsedStruct& s, uint32_t offset,
                  Infos infos = Infos::kAsRead);

// A struct on its way from an update to the output, possibly sliced (Yjs: sliceStruct) or a Skip made to fill
// a hole.
struct Piece {
  Bytes update;
  ParsedStruct parsed;
  uint64_t client = 0;
  uint32_t clock = 0;
  uint32_t len = 0;

  uint32_t end() const { return clock + len; }
  bool is_skip() const { return parsed.ref() == kSkip; }
  bool is_gc() const { return parsed.ref() == kGc; }
};

class StructWriter {
 public:
  explicit StructWriter(size_t expected_bytes, Infos infos = Infos::kAsRead)
      : infos_(infos), structs_(expected_bytes) {}

  // Appends a struct without its first `offset`; one of another client than before begins a block.
  void write(const Piece& piece, uint32_t offset = 0);

  // All of it as an update v1 with these deletes.
  Buffer finish(std::span<const DeleteRange> deletes) const;

 private:
  struct Block {
    uint64_t client;
    size_t at;
    uint32_t clock;
    uint32_t structs;
  };

  Infos infos_;
  Encoder structs_;
  std::vector<Block> blocks_;
};

}  // namespace symphony::crdt
