#include "crdt/wire/delete_set.h"

#include <algorithm>

#include "base/huge_pages.h"
#include "crdt/wire/ranges.h"

namespace symphony::crdt {
namespace {

constexpr uint64_t kClockMax = 0xffffffffULL;

const char* refuse(Reader& in, const char* what) {
  if (!in.ok()) return nullptr;  // the bytes end too early
  in.set_failed();
  return what;
}

}  // namespace

const char* read_delete_set(Reader& in, WireFormat format, std::vector<DeleteRange>& out) {
  const uint64_t clients = in.read_var_uint();
  if (clients > in.remaining()) return refuse(in, "more clients are announced than the bytes can hold");
  for (uint64_t i = 0; i < clients && in.ok(); ++i) {
    const uint64_t client = in.read_var_uint();
    const uint64_t count = in.read_var_uint();
    if (count > in.remaining() / 2) return refuse(in, "more deletes are announced than the bytes can hold");
    // As much as it takes and no more, unless many clients have a few each.
    if (const size_t wanted = out.size() + static_cast<size_t>(count); wanted > out.capacity()) {
      set_capacity(out, std::max(wanted, out.size() * 2));
    }
    uint64_t end = 0;
    for (uint64_t k = 0; k < count; ++k) {
      uint64_t clock = in.read_var_uint();
      uint64_t len = in.read_var_uint();
      if (!in.ok()) return nullptr;
      if (format == WireFormat::kV2) {
        clock += end;
        ++len;
      }
      if (len == 0) return refuse(in, "a delete has no length");
      if (clock > kClockMax || len > kClockMax || clock + len > kClockMax) {
        return refuse(in, "a delete is past clock 2^32-1");
      }
      end = clock + len;
      out.push_back({client, static_cast<uint32_t>(clock), static_cast<uint32_t>(len)});
    }
  }
  return nullptr;
}

void join_ranges(std::vector<DeleteRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const DeleteRange& a, const DeleteRange& b) {
    return a.client != b.client ? a.client > b.client : a.clock < b.clock;
  });
  join_neighbours(ranges, [](const DeleteRange& a, const DeleteRange& b) { return a.client == b.client; });
}

void ensure_joined(std::vector<DeleteRange>& ranges) {
  const auto disorder = [](const DeleteRange& a, const DeleteRange& b) {
    return a.client != b.client ? a.client < b.client : a.end() >= b.clock;
  };
  if (std::adjacent_find(ranges.begin(), ranges.end(), disorder) != ranges.end()) join_ranges(ranges);
}

void write_delete_set(Encoder& out, WireFormat format, std::span<const DeleteRange> ranges) {
  size_t clients = 0;
  for (size_t i = 0; i < ranges.size(); ++i) clients += i == 0 || ranges[i - 1].client != ranges[i].client;
  out.var_uint(clients);
  for (size_t begin = 0; begin < ranges.size();) {
    size_t end = begin;
    while (end < ranges.size() && ranges[end].client == ranges[begin].client) ++end;
    out.var_uint(ranges[begin].client);
    out.var_uint(end - begin);
    uint32_t before = 0;
    for (; begin < end; ++begin) {
      const DeleteRange& range = ranges[begin];
      out.var_uint(range.clock - before);
      out.var_uint(format == WireFormat::kV2 ? range.len - 1 : range.len);
      if (format == WireFormat::kV2) before = range.end();
    }
  }
}

}  // namespace symphony::crdt
