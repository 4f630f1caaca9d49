// The run-length columns of update v2 (lib0: UintOptRle, IntDiffOptRle, Rle of bytes, StringEncoder).
//
//   UintColumn    varInt value for one; -value (-0 too), varUint count-2 for a run of equal values
//   ClockColumn   varInt 2*difference, +1 and varUint count-2 for a run of equal differences
//   ByteColumn    u8 value, varUint count-1; the last value has no count and holds for ever
//   StringColumn  varString of all texts together, UintColumn of their lengths in UTF-16 units
//
// Readers point into the update. Reading past the end, or a number out of range, sets the fault flag that
// they share, and gives zeros from then on, so that a decoder may read a whole struct and test once. A run
// can be as long as it says: whoever reads must know when to stop.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/utf8.h"
#include "base/varint.h"
#include "crdt/wire/encoder.h"

namespace symphony::crdt {

class UintReader {
 public:
  UintReader(Bytes column, bool& fault) : in_(column), fault_(fault) {}

  uint64_t read() {
    if (left_ == 0) next_run();
    --left_;
    return value_;
  }

 private:
  void next_run() {
    left_ = 1;
    if (in_.read_var_int(value_)) left_ = in_.read_var_uint() + 2;
    if (!in_.ok()) fault_ = true;
  }

  Reader in_;
  uint64_t value_ = 0;
  uint64_t left_ = 0;
  bool& fault_;
};

class ClockReader {
 public:
  ClockReader(Bytes column, bool& fault) : in_(column), fault_(fault) {}

  // What comes out may be anything; a fault only means that there is no more.
  uint64_t read() {
    if (left_ == 0) next_run();
    --left_;
    value_ += difference_;
    return value_;
  }

 private:
  void next_run() {
    uint64_t magnitude;
    const bool negative = in_.read_var_int(magnitude);
    const int64_t encoded = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
    difference_ = static_cast<uint64_t>(encoded >> 1);
    left_ = 1;
    if (encoded & 1) left_ = in_.read_var_uint() + 2;
    if (!in_.ok()) fault_ = true;
  }

  Reader in_;
  uint64_t value_ = 0;  // in two's complement
  uint64_t difference_ = 0;
  uint64_t left_ = 0;
  bool& fault_;
};

class ByteReader {
 public:
  ByteReader(Bytes column, bool& fault) : in_(column), fault_(fault) {}

  uint8_t read() {
    if (left_ == 0) next_run();
    --left_;
    return value_;
  }

 private:
  void next_run() {
    value_ = in_.read_u8();
    if (!in_.ok()) fault_ = true;
    left_ = in_.at_end() ? ~uint64_t{0} : in_.read_var_uint() + 1;
    if (!in_.ok()) fault_ = true;
  }

  Reader in_;
  uint8_t value_ = 0;
  uint64_t left_ = 0;
  bool& fault_;
};

class StringReader {
 public:
  StringReader(Bytes column, bool& fault) : StringReader(Reader(column), fault) {}

  // The next text and its length in UTF-16 units. Where JavaScript would cut a surrogate pair in two, each
  // half is U+FFFD, as JavaScript writes it. The view lasts as long as this reader and the update.
  Bytes read(uint64_t& units) {
    units = lengths_.read();
    if (units > units_left_) {
      fault_ = true;
      units = units_left_;
    }
    units_left_ -= units;
    if (!ascii_) return read_wide(static_cast<size_t>(units));
    const Bytes view = text_.first(static_cast<size_t>(units));
    text_ = text_.subspan(static_cast<size_t>(units));
    return view;
  }

  Bytes read() {
    uint64_t units;
    return read(units);
  }

  uint64_t units_left() const { return units_left_; }

 private:
  StringReader(Reader in, bool& fault);
  Bytes read_wide(size_t units);

  Bytes text_;  // not yet read
  uint64_t units_left_ = 0;
  bool ascii_ = false;
  bool inside_pair_ = false;      // the first half of the first character of text_ has been read
  std::deque<std::string> made_;  // texts with a half of a pair
  UintReader lengths_;
  bool& fault_;
};

// One number of a column and how often it comes.
void write_run(Encoder& out, uint64_t value, uint64_t count);      // of a UintColumn
void write_run(Encoder& out, int64_t difference, uint64_t count);  // of a ClockColumn

template <class Number>
class RunWriter {
 public:
  void write(Number number) {
    if (number == number_ && count_ > 0) {
      ++count_;
    } else {
      flush();
      number_ = number;
      count_ = 1;
    }
  }

  Bytes finish() {
    flush();
    count_ = 0;
    return out_.written();
  }

 private:
  void flush() {
    if (count_ > 0) write_run(out_, number_, count_);
  }

  Encoder out_;
  Number number_ = 0;
  uint64_t count_ = 0;
};

using UintWriter = RunWriter<uint64_t>;

class ClockWriter {
 public:
  void write(uint64_t value) {
    differences_.write(static_cast<int64_t>(value - value_));
    value_ = value;
  }

  Bytes finish() { return differences_.finish(); }

 private:
  RunWriter<int64_t> differences_;
  uint64_t value_ = 0;
};

class ByteWriter {
 public:
  void write(uint8_t value) {
    if (value == value_ && count_ > 0) {
      ++count_;
      return;
    }
    if (count_ > 0) out_.var_uint(count_ - 1);
    out_.u8(value);
    value_ = value;
    count_ = 1;
  }

  Bytes finish() { return out_.written(); }

 private:
  Encoder out_;
  uint8_t value_ = 0;
  uint64_t count_ = 0;
};

class StringWriter {
 public:
  // Valid UTF-8 of so many UTF-16 units.
  void write(Bytes text, uint64_t units) {
    text_.bytes(text);
    lengths_.write(units);
  }

  // The two parts of the column: the texts, still without their length in front, and what follows them.
  Bytes text() { return text_.written(); }
  Bytes finish_lengths() { return lengths_.finish(); }

 private:
  Encoder text_;
  UintWriter lengths_;
};

}  // namespace symphony::crdt
