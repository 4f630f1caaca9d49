#include "room/presence.h"

#include <algorithm>

#include "base/assert.h"
#include "base/json.h"
#include "protocol/sync.h"

namespace symphony {
namespace {

constexpr Duration kScanInterval = std::chrono::seconds(1);  // at most one expiry scan in this time
constexpr size_t kStateDepthMax = 64;                        // of the JSON of a presence state
constexpr size_t kRemovedMax = 4096;                         // removed clients remembered
constexpr size_t kKeptStateBytesMax = 1024;                  // a larger state's memory goes back on removal
constexpr uint8_t kNull[] = {'n', 'u', 'l', 'l'};

// Scratch of this thread: what is being read, or said.
std::vector<AwarenessEntry>& scratch_entries() {
  static thread_local std::vector<AwarenessEntry> entries;
  entries.clear();
  return entries;
}

}  // namespace

Presence::Presence(const RoomOptions& options, uint64_t seed)
    : options_(options), index_(0, SeededHash{Prng::mix(seed)}) {}

Presence::Owner* Presence::find_owner(PeerId peer) {
  const auto at = std::ranges::lower_bound(owners_, peer, {}, &Owner::peer);
  return at != owners_.end() && at->peer == peer ? &*at : nullptr;
}

void Presence::open(PeerId peer) {
  const auto at = std::ranges::lower_bound(owners_, peer, {}, &Owner::peer);
  if (at == owners_.end() || at->peer != peer) owners_.emplace(at)->peer = peer;
}

void Presence::seal(PeerId peer) {
  if (Owner* const owner = find_owner(peer)) owner->sealed = true;
}

Result<void> Presence::apply(PeerId peer, Bytes payload, Time now) {
  std::vector<AwarenessEntry>& entries = scratch_entries();
  if (auto ok = decode_awareness(payload, entries); !ok) return ok;
  Owner* const owner = find_owner(peer);
  if (owner == nullptr || entries.empty()) return {};
  const bool announces = !owner->sealed && entries.size() == 1;
  if (announces) owner->home = entries[0].client;
  owner->sealed = true;
  for (const AwarenessEntry& entry : entries) {
    if (auto ok = apply_entry(peer, *owner, entry, announces, now); !ok) return ok;
  }
  return {};
}

Result<void> Presence::apply_entry(PeerId peer, Owner& owner, const AwarenessEntry& entry, bool announces,
                                   Time now) {
  if (entry.clock > kAwarenessClockMax) return fail(Code::kInvalid, "an awareness clock is too large");
  const bool leaves = is_null_state(entry.state);
  const bool home = owner.home == entry.client;
  const auto at = index_.find(entry.client);
  Client* client = at == index_.end() ? nullptr : &clients_[at->second];

  if (client == nullptr ? leaves : is_elsewhere(*client, peer) && !announces) return {};
  if (leaves) {
    if (entry.clock < client->clock && !home) return {};
    client->clock = std::max(client->clock, entry.clock);
    if (!client->present) return {};
    remove(*client, now);
    mark(*client, peer);
    return {};
  }

  // An unknown client counts as known at clock 0, as in y-protocols.
  const uint64_t known = client == nullptr ? 0 : client->clock;
  const bool newer = entry.clock > known;
  if (!newer && !home) return {};
  if (client != nullptr && client->present && entry.clock == known &&
      std::ranges::equal(entry.state, client->state)) {
    own(*client, peer, owner);  // the same client on a new connection
    client->touched = now;
    return {};
  }

  if (auto ok = check_state(entry.state); !ok) return ok;
  const bool gains = client == nullptr || !client->present || (home && client->owner != peer);
  if (gains && owner.clients >= options_.presence_clients_per_peer_max) {
    return fail(Code::kLimit, "one connection announces more than " +
                                  std::to_string(options_.presence_clients_per_peer_max) +
                                  " awareness clients");
  }
  const bool raise = client == nullptr ? announces : !newer;
  if (client == nullptr) client = &introduce(entry.client, now);
  client->clock = raise ? std::max(entry.clock, known) + 1 : entry.clock;
  client->state.assign(entry.state.begin(), entry.state.end());
  client->touched = now;
  if (gains) own(*client, peer, owner);
  mark(*client, raise && announces ? std::nullopt : std::optional(peer));
  return {};
}

Result<void> Presence::check_state(Bytes state) const {
  if (state.size() > options_.presence_state_bytes_max) {
    return fail(Code::kLimit, "an awareness state is longer than " +
                                  std::to_string(options_.presence_state_bytes_max) + " bytes");
  }
  if (!is_json(state, kStateDepthMax)) return fail(Code::kInvalid, "an awareness state is not JSON");
  return {};
}

// Whether the client is present on a connection of its own other than `peer`.
bool Presence::is_elsewhere(const Client& client, PeerId peer) const {
  if (!client.present || client.owner == peer) return false;
  const auto at = std::ranges::lower_bound(owners_, client.owner, {}, &Owner::peer);
  return at != owners_.end() && at->peer == client.owner && at->home == client.id;
}

Presence::Client& Presence::introduce(uint64_t id, Time now) {
  if (index_.size() - present_ >= kRemovedMax) {
    for (uint32_t slot = 0; slot < clients_.size(); ++slot) {
      const Client& client = clients_[slot];
      if (client.used && !client.present && !client.dirty) forget(slot);
    }
  }
  uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(clients_.size());
    clients_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Client& client = clients_[slot];
  client.id = id;
  client.used = true;
  index_.emplace(id, slot);
  next_scan_ = std::min(next_scan_, now + options_.presence_expiry);
  return client;
}

void Presence::own(Client& client, PeerId peer, Owner& owner) {
  if (client.present) {
    if (client.owner == peer) return;
    if (Owner* const former = find_owner(client.owner)) --former->clients;
  } else {
    client.present = true;
    ++present_;
  }
  client.owner = peer;
  ++owner.clients;
}

void Presence::remove(Client& client, Time now) {
  if (Owner* const owner = find_owner(client.owner)) --owner->clients;
  client.present = false;
  client.touched = now;
  --present_;
  if (client.state.capacity() > kKeptStateBytesMax) {
    Buffer().swap(client.state);
  } else {
    client.state.clear();
  }
  next_scan_ = std::min(next_scan_, now + 2 * options_.presence_expiry);
}

void Presence::forget(uint32_t slot) {
  index_.erase(clients_[slot].id);
  clients_[slot] = Client{};
  free_.push_back(slot);
}

void Presence::close(PeerId peer, Time now) {
  for (Client& client : clients_) {
    if (!client.present || client.owner != peer) continue;
    remove(client, now);
    mark(client, std::nullopt);
  }
  if (Owner* const owner = find_owner(peer)) owners_.erase(owners_.begin() + (owner - owners_.data()));
}

void Presence::expire(Time now) {
  if (now < next_scan_) return;
  Time next = kNever;
  for (uint32_t slot = 0; slot < clients_.size(); ++slot) {
    Client& client = clients_[slot];
    if (!client.used) continue;
    if (client.present && client.touched + options_.presence_expiry <= now) {
      remove(client, now);
      mark(client, std::nullopt);
    }
    const Time due = client.touched + (client.present ? 1 : 2) * options_.presence_expiry;
    if (!client.present && !client.dirty && due <= now) {
      forget(slot);
    } else {
      next = std::min(next, due);
    }
  }
  next_scan_ = next == kNever ? kNever : std::max(next, now + kScanInterval);
}

void Presence::mark(Client& client, std::optional<PeerId> source) {
  if (!client.dirty) {
    client.dirty = true;
    client.to_all = false;
    client.source = source.value_or(0);
    dirty_.push_back(static_cast<uint32_t>(&client - clients_.data()));
  }
  if (!source || *source != client.source) client.to_all = true;
}

Presence::Delta Presence::take_delta() {
  Delta delta;
  if (dirty_.empty()) return delta;
  delta.sole_source = clients_[dirty_.front()].source;
  std::vector<AwarenessEntry>& entries = scratch_entries();
  for (const uint32_t slot : dirty_) {
    Client& client = clients_[slot];
    add_entry(entries, client);
    if (client.to_all || client.source != delta.sole_source) delta.sole_source.reset();
    client.dirty = false;
  }
  dirty_.clear();
  delta.frame = frame_entries(entries);
  return delta;
}

SharedBuffer Presence::everybody(bool removed) {
  std::vector<AwarenessEntry>& entries = scratch_entries();
  for (const Client& client : clients_) {
    if (client.present || (client.used && removed)) add_entry(entries, client);
  }
  return entries.empty() ? nullptr : frame_entries(entries);
}

void Presence::add_entry(std::vector<AwarenessEntry>& entries, const Client& client) {
  entries.push_back({client.id, client.clock, client.present ? Bytes(client.state) : Bytes(kNull)});
}

SharedBuffer Presence::frame_entries(const std::vector<AwarenessEntry>& entries) {
  static thread_local Buffer payload;
  payload.clear();
  encode_awareness(payload, entries);
  return share(frame_message(MessageType::kAwareness, payload));
}

void Presence::trim() { dirty_.shrink_to_fit(); }

std::string Presence::check_invariants() const {
  size_t used = 0;
  size_t present = 0;
  size_t dirty = 0;
  std::unordered_map<PeerId, size_t> owned;
  for (uint32_t slot = 0; slot < clients_.size(); ++slot) {
    const Client& client = clients_[slot];
    dirty += client.dirty ? 1 : 0;
    if (!client.used) {
      if (client.present || client.dirty) return "a free slot is present or dirty";
      continue;
    }
    ++used;
    const auto at = index_.find(client.id);
    if (at == index_.end() || at->second != slot) return "the index misses a client";
    if (!client.present) continue;
    ++present;
    ++owned[client.owner];
    if (std::ranges::find(owners_, client.owner, &Owner::peer) == owners_.end())
      return "a client is present and its owner has gone";
  }
  if (used != index_.size() || used + free_.size() != clients_.size()) return "slots and index disagree";
  if (present != present_) return "the count of present clients is wrong";
  if (dirty != dirty_.size()) return "the list of changed clients is wrong";
  if (!std::ranges::is_sorted(owners_, {}, &Owner::peer)) return "the owners are out of order";
  for (const Owner& owner : owners_) {
    const auto at = owned.find(owner.peer);
    if (owner.clients != (at == owned.end() ? 0 : at->second)) return "an owner's count of clients is wrong";
  }
  return {};
}

}  // namespace symphony
