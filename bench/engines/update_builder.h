// Writes updates (v1) by hand: shapes that no editor would type in reasonable time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace engines {

struct Id {
  uint64_t client;
  uint64_t clock;
};

// Where an item goes: its neighbours when it was made, or else its parent, by id or by a root's name.
struct Place {
  std::optional<Id> origin = {};
  std::optional<Id> right_origin = {};
  std::optional<Id> parent = {};
  std::string_view root = "t";
  std::string_view key = {};  // of a map entry; not written where a neighbour tells it
};

class UpdateBuilder {
 public:
  // What follows is by this client, from this clock on.
  UpdateBuilder& by(uint64_t client, uint64_t clock) {
    sections_.push_back({client, clock, 0, {}});
    return *this;
  }
  UpdateBuilder& text(const Place& place, std::string_view text) {
    head(4, place);
    string(section(), text);
    return *this;
  }
  // An array's or a map's content: `count` nulls.
  UpdateBuilder& nulls(const Place& place, uint64_t count) {
    head(8, place);
    number(section(), count);
    section().insert(section().end(), count, 126);
    return *this;
  }
  UpdateBuilder& array(const Place& place) {
    head(7, place);
    number(section(), 0);
    return *this;
  }
  // Deletes of one client, in ascending order.
  UpdateBuilder& remove(uint64_t client, uint64_t clock, uint64_t length) {
    if (deletes_.empty() || deletes_.back().client != client) deletes_.push_back({client, {}});
    deletes_.back().ranges.emplace_back(clock, length);
    return *this;
  }

  std::vector<uint8_t> finish() const {
    Buffer out;
    number(out, sections_.size());
    for (const Section& section : sections_) {
      number(out, section.structs);
      number(out, section.client);
      number(out, section.clock);
      out.insert(out.end(), section.bytes.begin(), section.bytes.end());
    }
    number(out, deletes_.size());
    for (const Deletes& deletes : deletes_) {
      number(out, deletes.client);
      number(out, deletes.ranges.size());
      for (const auto& [clock, length] : deletes.ranges) {
        number(out, clock);
        number(out, length);
      }
    }
    return out;
  }

 private:
  using Buffer = std::vector<uint8_t>;
  struct Section {
    uint64_t client;
    uint64_t clock;
    uint64_t structs;
    Buffer bytes;
  };
  struct Deletes {
    uint64_t client;
    std::vector<std::pair<uint64_t, uint64_t>> ranges;
  };

  Buffer& section() { return sections_.back().bytes; }
  static void number(Buffer& out, uint64_t value) {
    for (; value > 127; value >>= 7) out.push_back(static_cast<uint8_t>(value | 128));
    out.push_back(static_cast<uint8_t>(value));
  }
  static void string(Buffer& out, std::string_view text) {
    number(out, text.size());
    out.insert(out.end(), text.begin(), text.end());
  }
  static void id(Buffer& out, const Id& id) {
    number(out, id.client);
    number(out, id.clock);
  }
  void head(uint8_t content, const Place& place) {
    ++sections_.back().structs;
    Buffer& out = section();
    const bool alone = !place.origin && !place.right_origin;
    const bool keyed = alone && !place.key.empty();
    out.push_back(static_cast<uint8_t>(content | (place.origin ? 0x80 : 0) | (place.right_origin ? 0x40 : 0) |
                                       (keyed ? 0x20 : 0)));
    if (place.origin) id(out, *place.origin);
    if (place.right_origin) id(out, *place.right_origin);
    if (!alone) return;
    number(out, place.parent ? 0 : 1);
    if (place.parent) {
      id(out, *place.parent);
    } else {
      string(out, place.root);
    }
    if (keyed) string(out, place.key);
  }

  std::vector<Section> sections_;
  std::vector<Deletes> deletes_;
};

}  // namespace engines
