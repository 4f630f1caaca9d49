#include "crdt/wire/columns.h"

namespace symphony::crdt {
namespace {

// A varInt, and behind it how long a run is if it is one.
void write_number(Encoder& out, uint64_t magnitude, bool negative, uint64_t count) {
  uint8_t* at = out.space(32);
  const uint64_t rest = magnitude >> 6;
  *at++ = static_cast<uint8_t>((rest > 0 ? 0x80 : 0) | (negative ? 0x40 : 0) | (magnitude & 0x3f));
  if (rest > 0) at = put_var_uint(at, rest);
  if (count > 1) at = put_var_uint(at, count - 2);
  out.filled(at);
}

}  // namespace

StringReader::StringReader(Reader in, bool& fault)
    : text_(in.read_var_bytes()), lengths_(in.read_bytes(in.remaining()), fault), fault_(fault) {
  const auto units = utf16_length(text_);
  if (!in.ok() || !units) fault_ = true;
  units_left_ = units.value_or(0);
  ascii_ = units_left_ == text_.size();
}

Bytes StringReader::read_wide(size_t units) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  if (units == 0) return {};
  const bool starts_inside = inside_pair_;
  const Utf16Cut cut = utf16_cut(text_, units + starts_inside);
  const Bytes whole = text_.first(cut.bytes).subspan(starts_inside ? 4 : 0);
  text_ = text_.subspan(cut.bytes);
  inside_pair_ = cut.inside_pair;
  if (!starts_inside && !cut.inside_pair) return whole;
  std::string& made = made_.emplace_back();
  if (starts_inside) made += kReplacement;
  made.append(reinterpret_cast<const char*>(whole.data()), whole.size());
  if (cut.inside_pair) made += kReplacement;
  return as_bytes(made);
}

void write_run(Encoder& out, uint64_t value, uint64_t count) { write_number(out, value, count > 1, count); }

void write_run(Encoder& out, int64_t difference, uint64_t count) {
  const int64_t encoded = difference * 2 + (count > 1);
  write_number(out, static_cast<uint64_t>(encoded < 0 ? -encoded : encoded), encoded < 0, count);
}

}  // namespace symphony::crdt
