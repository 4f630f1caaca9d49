// A byte sink that grows ahead of the writes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "symphony/types.h"

namespace symphony::crdt {

// Writes a varUint, which takes up to ten bytes (a uint32_t up to five); the end of what it wrote. Neighbours
// nearly always take equally many bytes: where the branches are foretold nothing is faster than byte by byte.
inline uint8_t* put_var_uint(uint8_t* at, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<uint8_t>(value | 0x80);
  *at++ = static_cast<uint8_t>(value);
  return at;
}

class Encoder {
 public:
  explicit Encoder(size_t expected_bytes = 256) { out_.reserve(expected_bytes); }

  void u8(uint8_t value) {
    reserve(1);
    out_[size_++] = value;
  }

  void var_uint(uint64_t value) {
    reserve(10);
    filled(put_var_uint(out_.data() + size_, value));
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

  void var_string(std::string_view text) { var_bytes(as_bytes(text)); }

  // For tight loops: room for `most` bytes, of which those up to the pointer given to filled() are kept. No
  // other call may come between.
  uint8_t* space(size_t most) {
    reserve(most);
    return out_.data() + size_;
  }
  void filled(const uint8_t* end) { size_ = static_cast<size_t>(end - out_.data()); }

  size_t size() const { return size_; }
  Bytes written() const { return {out_.data(), size_}; }
  // Begins anew in the same memory.
  void clear() { size_ = 0; }

  Buffer take() {
    out_.resize(size_);
    return std::move(out_);
  }

 private:
  void reserve(size_t more) {
    if (out_.size() - size_ < more) grow(more);
  }

  // What was reserved is not touched before it is needed: it may have been a generous guess.
  void grow(size_t more) {
    constexpr size_t kStep = 64 << 10;
    const size_t room = out_.capacity();
    const size_t next = out_.size() < room ? std::min(out_.size() + kStep, room) : room * 2;
    out_.resize(std::max(next, size_ + more));
  }

  Buffer out_;
  size_t size_ = 0;
};

}  // namespace symphony::crdt
