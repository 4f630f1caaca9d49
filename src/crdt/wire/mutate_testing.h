// Updates for fuzzing that are nearly right: a valid update taken apart, changed where it hurts, and put
// together again. What fuzzers make of bytes mostly dies in the parser; what comes from here mostly reaches
// the document.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/prng.h"
#include "crdt/wire/craft_testing.h"
#include "crdt/wire/update.h"

namespace symphony::craft {

struct LooseStruct {
  uint8_t ref = 0;
  uint32_t len = 0;
  std::optional<crdt::Id> origin;
  std::optional<crdt::Id> right_origin;
  Bits parent;  // as on the wire, with the key; for a struct without origins
  bool has_sub = false;
  Bits content;  // as on the wire

  Bits written() const {
    if (ref == crdt::kGc || ref == crdt::kSkip) return Bits{ref} + number(len);
    Place place;
    const auto id = [](const crdt::Id& of) { return number(of.client) + number(of.clock); };
    if (origin) place = {0x80, id(*origin)};
    if (right_origin) place = {static_cast<uint8_t>(place.flags | 0x40), place.bytes + id(*right_origin)};
    if (!origin && !right_origin) place.bytes = parent;
    if (has_sub) place.flags |= 0x20;
    return item(place, {ref, content});
  }
};

struct LooseBlock {
  uint64_t client = 0;
  uint64_t clock = 0;
  std::vector<LooseStruct> structs;
};

struct LooseUpdate {
  std::vector<LooseBlock> blocks;
  std::vector<crdt::DeleteRange> deletes;

  Bits written() const {
    Parts parts;
    for (const LooseBlock& one : blocks) {
      Parts structs;
      for (const LooseStruct& s : one.structs) structs.push_back(s.written());
      parts.push_back(block(one.client, one.clock, structs));
    }
    std::vector<Deletes> sets;
    for (const crdt::DeleteRange& range : deletes) sets.push_back({range.client, {{range.clock, range.len}}});
    return update(parts, sets);
  }
};

// Nothing if the update is not valid.
inline std::optional<LooseUpdate> take_apart(Bytes input) {
  crdt::ParsedUpdate parsed;
  if (!crdt::parse_update(input, DocLimits{}, parsed)) return std::nullopt;
  LooseUpdate loose;
  loose.deletes = parsed.deletes;
  for (const crdt::ParsedBlock& from : parsed.blocks) {
    if (from.count == 0) continue;
    LooseBlock& to = loose.blocks.emplace_back();
    to.client = from.client;
    to.clock = parsed.structs[from.first].clock;
    for (uint32_t i = 0; i < from.count; ++i) {
      const crdt::ParsedStruct& s = parsed.structs[from.first + i];
      LooseStruct& out = to.structs.emplace_back();
      out.ref = s.ref();
      out.len = s.len;
      if (out.ref == crdt::kGc || out.ref == crdt::kSkip) continue;
      if (s.has_origin()) out.origin = {s.origin_client, s.origin_clock};
      if (s.has_right_origin()) out.right_origin = {s.right_origin_client, s.right_origin_clock};
      out.has_sub = (s.info & crdt::kInfoParentSub) != 0;
      if (s.has_parent()) {
        const crdt::ParsedParent parent = parsed.parent(s);
        out.parent =
            parent.is_root ? root(parent.root).bytes : inside(parent.item.client, parent.item.clock).bytes;
        if (parent.has_sub) out.parent = std::move(out.parent) + string(parent.sub);
      }
      const Bytes content = parsed.content(s);
      out.content.assign(content.begin(), content.end());
      if (out.ref == crdt::kString) out.content = number(content.size()) + out.content;
      if (out.ref == crdt::kAny || out.ref == crdt::kJson) out.content = number(s.len) + out.content;
    }
  }
  return loose;
}

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  // What `pool` says (valid or not) lends ids, contents and parents.
  Bits mutate(Bytes input, const std::vector<Bits>& pool) {
    auto loose = take_apart(input);
    if (!loose) return Bits(input.begin(), input.end());
    for (const Bits& other : pool) {
      if (const auto known = take_apart(other)) lend(*known);
    }
    lend(*loose);
    for (uint64_t left = 1 + random_.below(3); left > 0; --left) {
      if (!loose->blocks.empty() && random_.below(4) > 0) {
        change_block(loose->blocks[random_.below(loose->blocks.size())]);
      } else {
        change_deletes(loose->deletes);
      }
      std::erase_if(loose->blocks, [](const LooseBlock& one) { return one.structs.empty(); });
    }
    return loose->written();
  }

 private:
  void lend(const LooseUpdate& from) {
    for (const LooseBlock& one : from.blocks) {
      uint64_t clock = one.clock;
      for (const LooseStruct& s : one.structs) {
        ids_.push_back({one.client, static_cast<uint32_t>(clock + random_.below(s.len))});
        structs_.push_back(s);
        clock += s.len;
      }
    }
  }

  crdt::Id any_id() {
    return ids_.empty() ? crdt::Id{random_.below(4), static_cast<uint32_t>(random_.below(8))}
                        : ids_[random_.below(ids_.size())];
  }

  void change_block(LooseBlock& one) {
    std::vector<LooseStruct>& structs = one.structs;
    const auto at = structs.begin() + static_cast<ptrdiff_t>(random_.below(structs.size()));
    switch (random_.below(10)) {
      case 0:
        structs.erase(at);
        return;
      case 1:
        structs.insert(at, LooseStruct(*at));
        return;
      case 2:
        std::iter_swap(at, structs.begin());
        return;
      case 3:
        structs.insert(at, structs_[random_.below(structs_.size())]);
        return;
      case 4:
        one.client = random_.below(3) > 0 ? any_id().client : random_.below(8);
        return;
      case 5:
        one.clock = one.clock + random_.below(5) > 2 ? one.clock + random_.below(5) - 2 : 0;
        return;
      default:
        change_struct(*at);
    }
  }

  void change_struct(LooseStruct& s) {
    const LooseStruct& other = structs_[random_.below(structs_.size())];
    switch (random_.below(9)) {
      case 0:
        s.origin = any_id();
        return;
      case 1:
        s.right_origin = any_id();
        return;
      case 2:
        if (s.origin) s.origin->clock += static_cast<uint32_t>(random_.below(3)) - 1;
        return;
      case 3:
        std::swap(s.origin, s.right_origin);
        return;
      case 4: {
        const crdt::Id parent = any_id();
        s.origin = s.right_origin = std::nullopt;
        s.parent = inside(parent.client, parent.clock).bytes;
        s.has_sub = false;
        return;
      }
      case 5:
        s.origin = other.origin;
        s.right_origin = other.right_origin;
        s.parent = other.parent;
        s.has_sub = other.has_sub;
        return;
      case 6:
        s.has_sub = !s.has_sub;
        if (s.has_sub) s.parent = std::move(s.parent) + string("k");
        return;
      case 7:
        s.ref = random_.below(2) > 0 ? crdt::kGc : crdt::kSkip;
        return;
      default:
        s.ref = other.ref;
        s.len = other.len;
        s.content = other.content;
    }
  }

  void change_deletes(std::vector<crdt::DeleteRange>& deletes) {
    if (!deletes.empty() && random_.below(3) == 0) {
      deletes.erase(deletes.begin() + static_cast<ptrdiff_t>(random_.below(deletes.size())));
      return;
    }
    const crdt::Id id = any_id();
    const uint32_t back = static_cast<uint32_t>(random_.below(3));
    deletes.push_back(
        {id.client, id.clock - std::min(id.clock, back), 1 + static_cast<uint32_t>(random_.below(6))});
  }

  Prng random_;
  std::vector<crdt::Id> ids_;
  std::vector<LooseStruct> structs_;
};

// --- sequences of updates, as fuzz inputs: { u16 little-endian length, that many bytes }*. A length beyond
// the rest takes the rest.

inline std::vector<Bits> read_sequence(Bytes input) {
  std::vector<Bits> updates;
  while (input.size() > 2) {
    const size_t length = std::min(input[0] + size_t{256} * input[1], input.size() - 2);
    updates.emplace_back(input.begin() + 2, input.begin() + 2 + static_cast<ptrdiff_t>(length));
    input = input.subspan(2 + length);
  }
  return updates;
}

inline Bits write_sequence(const std::vector<Bits>& updates, size_t size_max) {
  Bits out;
  for (const Bits& one : updates) {
    if (one.size() > 0xffff || out.size() + 2 + one.size() > size_max) continue;
    out.push_back(static_cast<uint8_t>(one.size()));
    out.push_back(static_cast<uint8_t>(one.size() >> 8));
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

// Another sequence, made of `input`: an update changed, repeated, left out, moved, or followed by a changed
// copy.
inline Bits mutate_sequence(Bytes input, size_t size_max, uint64_t seed) {
  Prng random(seed);
  std::vector<Bits> updates = read_sequence(input);
  if (updates.empty()) return Bits(input.begin(), input.end());
  const auto any = [&] { return updates.begin() + static_cast<ptrdiff_t>(random.below(updates.size())); };
  switch (random.below(8)) {
    case 0:
      updates.erase(any());
      break;
    case 1:
      updates.push_back(*any());
      break;
    case 2:
      std::iter_swap(any(), any());
      break;
    case 3:
    case 4: {
      const Bits changed = Mutator(seed).mutate(*any(), updates);
      updates.insert(any(), changed);
      break;
    }
    default: {
      const auto at = any();
      *at = Mutator(seed).mutate(*at, updates);
    }
  }
  return write_sequence(updates, size_max);
}

}  // namespace symphony::craft
