// Writing update v1: a byte sink that grows ahead of the writes, and the pieces of an update.
#pragma once

#include <cstring>
#include <span>
#include <string_view>

#include "crdt/store.h"
#include "crdt/transaction.h"
#include "symphony/types.h"

namespace symphony::crdt {

class Encoder {
 public:
  explicit Encoder(size_t expected_bytes = 256) { out_.resize(expected_bytes); }

  void u8(uint8_t value) {
    reserve(1);
    out_[size_++] = value;
  }

  void var_uint(uint64_t value) {
    reserve(10);
    uint8_t* at = out_.data() + size_;
    while (value >= 0x80) {
      *at++ = static_cast<uint8_t>(value) | 0x80;
      value >>= 7;
    }
    *at++ = static_cast<uint8_t>(value);
    size_ = static_cast<size_t>(at - out_.data());
  }

  void bytes(Bytes view) {
    if (view.empty()) return;
    reserve(view.size());
    std::memcpy(out_.data() + size_, view.data(), view.size());
    size_ += view.size();
  }

  void var_bytes(Bytes view) {
    var_uint(view.size());
    bytes(view);
  }

  void var_string(std::string_view text) {
    var_bytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }

  Buffer take() {
    out_.resize(size_);
    return std::move(out_);
  }

 private:
  void reserve(size_t more) {
    if (out_.size() - size_ < more) out_.resize(std::max(out_.size() * 2, size_ + more));
  }

  Buffer out_;
  size_t size_ = 0;
};

// An item as Item.write writes it, without its first `offset` clocks.
void write_item(Encoder& out, const Store& store, const Item& item, uint32_t offset);

// One client's block: its structs from `clock` on (Yjs: writeStructs).
void write_client(Encoder& out, const Store& store, Slot slot, uint32_t clock);

// Ranges of one slot stand together in ascending order; slots in any order. Written descending by client.
void write_deletes(Encoder& out, const Store& store, std::span<const SlotRange> deletes);

// All that is deleted in the document (createDeleteSetFromStructStore).
std::vector<SlotRange> deleted_ranges(const Store& store);

// A content of `len` clocks without the first `offset`, as its wire payload. For kType see write_item.
void write_content(Encoder& out, uint8_t ref, uint32_t len, Bytes content, uint32_t offset);

}  // namespace symphony::crdt
