#include "symphony/awareness.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>

#include "base/json.h"
#include "base/prng.h"
#include "crdt/awareness/awareness_codec.h"
#include "crdt/wire/value.h"

namespace symphony {

namespace {

constexpr std::string_view kNull = "null";

// As JSON.stringify(JSON.parse(text)).
std::string normalized(std::string_view json) {
  std::string out;
  crdt::write_json(out, crdt::parse_json(json));
  return out;
}

// As lib0's equalityDeep on what JSON can hold.
bool equal_states(std::string_view a, std::string_view b) {
  return a == b || crdt::parse_json(a) == crdt::parse_json(b);
}

// What JavaScript takes for false; y-protocols writes such a state as null.
bool is_falsy(std::string_view state) {
  return state.empty() || state == "0" || state == "false" || state == "\"\"";
}

// The ids of (rank, id) by rank.
std::vector<uint64_t> in_order(std::vector<std::pair<uint64_t, uint64_t>> ranked) {
  std::sort(ranked.begin(), ranked.end());
  std::vector<uint64_t> ids;
  ids.reserve(ranked.size());
  for (const auto& [rank, id] : ranked) ids.push_back(id);
  return ids;
}

}  // namespace

std::vector<uint64_t> AwarenessEvent::clients() const {
  std::vector<uint64_t> all = added;
  all.insert(all.end(), updated.begin(), updated.end());
  all.insert(all.end(), removed.begin(), removed.end());
  return all;
}

struct Awareness::Impl {
  struct Client {
    uint64_t clock = 0;
    int64_t updated_ms = 0;
    uint64_t heard = 0;    // orders all that are known, by when they were first heard of
    uint64_t arrival = 0;  // orders those that are present
    std::string state;     // JSON as JSON.stringify writes it; empty: not present

    bool present() const { return !state.empty(); }
  };
  struct SeededHash {
    uint64_t seed;
    size_t operator()(uint64_t id) const { return Prng::mix(id ^ seed); }
  };

  explicit Impl(const AwarenessOptions& o)
      : options(o), known(16, SeededHash{Prng::mix(o.seed)}), own(known[o.client_id]) {}

  Result<void> check_state(Bytes json) const;
  Result<void> make_room(const std::vector<AwarenessEntry>& entries);
  void set_state(Client& client, std::string state) {
    if (!client.present() && !state.empty()) client.arrival = ++arrivals;
    client.state = std::move(state);
  }
  // What getLocalState() gives is neither null nor false for JavaScript.
  bool is_here() const { return own.present() && !is_falsy(own.state); }
  void set_own_state(std::string state, int64_t now_ms, AwarenessEvent& event);
  void apply_entry(const AwarenessEntry& entry, int64_t now_ms, AwarenessEvent& event);
  int64_t due_ms(uint64_t id, const Client& client) const {
    return client.updated_ms + (id == options.client_id ? kAwarenessTimeoutMs / 2 : kAwarenessTimeoutMs);
  }

  AwarenessOptions options;
  std::unordered_map<uint64_t, Client, SeededHash> known;
  Client& own;  // stays where it is: elements of the map do not move
  uint64_t heard = 0;
  uint64_t arrivals = 0;
  std::vector<AwarenessEntry> entries;  // scratch
};

Result<void> Awareness::Impl::check_state(Bytes json) const {
  if (json.size() > options.state_bytes_max) {
    return fail(Code::kLimit, "an awareness state has " + std::to_string(json.size()) +
                                  " bytes, more than the limit of " +
                                  std::to_string(options.state_bytes_max));
  }
  if (!is_json(json, options.state_depth_max)) {
    return fail(Code::kInvalid, "an awareness state is not JSON, or nested too deeply");
  }
  return {};
}

// Forgets who left if the clients that are new in `all` need the room.
Result<void> Awareness::Impl::make_room(const std::vector<AwarenessEntry>& all) {
  const auto unknown = [&](const AwarenessEntry& entry) { return known.count(entry.client) == 0; };
  const auto unknowns = [&] { return static_cast<size_t>(std::count_if(all.begin(), all.end(), unknown)); };
  if (known.size() + unknowns() <= options.clients_max) return {};
  std::erase_if(known,
                [&](const auto& one) { return !one.second.present() && one.first != options.client_id; });
  if (known.size() + unknowns() <= options.clients_max) return {};
  return fail(Code::kLimit, "there would be more awareness clients than the limit of " +
                                std::to_string(options.clients_max));
}

void Awareness::Impl::set_own_state(std::string state, int64_t now_ms, AwarenessEvent& event) {
  const uint64_t id = options.client_id;
  ++own.clock;
  own.updated_ms = now_ms;
  if (state == kNull) {
    event.removed.push_back(id);
    state.clear();
  } else if (!own.present()) {
    event.added.push_back(id);
  } else {
    event.updated.push_back(id);
    if (!equal_states(own.state, state)) event.changed.push_back(id);
  }
  set_state(own, std::move(state));
}

void Awareness::Impl::apply_entry(const AwarenessEntry& entry, int64_t now_ms, AwarenessEvent& event) {
  const auto [at, first_word] = known.try_emplace(entry.client);
  Client& client = at->second;
  if (first_word) client.heard = ++heard;
  if (entry.clock < client.clock) return;
  // Most messages repeat what is known: those are compared as bytes.
  const bool same = client.present() && as_text(entry.state) == client.state;
  std::string state = same ? client.state : normalized(as_text(entry.state));
  const bool leaves = state == kNull;
  if (entry.clock == client.clock && !(leaves && client.present())) {
    if (first_word) known.erase(at);
    return;
  }

  client.clock = entry.clock;
  client.updated_ms = now_ms;
  if (leaves) {
    if (!first_word) event.removed.push_back(entry.client);
    if (entry.client == options.client_id && is_here()) {
      ++client.clock;  // says that we are still here
    } else {
      client.state.clear();
    }
    return;
  }
  if (first_word) {
    event.added.push_back(entry.client);
  } else {
    event.updated.push_back(entry.client);
    if (!client.present() || !equal_states(client.state, state)) event.changed.push_back(entry.client);
  }
  set_state(client, std::move(state));
}

Awareness::Awareness(const AwarenessOptions& options, int64_t now_ms)
    : impl_(std::make_unique<Impl>(options)) {
  impl_->own.updated_ms = now_ms;
  impl_->set_state(impl_->own, "{}");
}
Awareness::~Awareness() = default;
Awareness::Awareness(Awareness&&) noexcept = default;
Awareness& Awareness::operator=(Awareness&&) noexcept = default;

uint64_t Awareness::client_id() const { return impl_->options.client_id; }

Result<AwarenessEvent> Awareness::set_local_state(std::string_view json, int64_t now_ms) {
  if (auto ok = impl_->check_state(as_bytes(json)); !ok) return tl::unexpected(std::move(ok.error()));
  AwarenessEvent event;
  impl_->set_own_state(normalized(json), now_ms, event);
  return event;
}

Result<AwarenessEvent> Awareness::set_local_state_field(std::string_view field, std::string_view json,
                                                        int64_t now_ms) {
  AwarenessEvent event;
  if (!impl_->is_here()) return event;
  if (auto ok = impl_->check_state(as_bytes(json)); !ok) return tl::unexpected(std::move(ok.error()));
  Value state = crdt::parse_json(impl_->own.state);
  if (state.kind != Value::Kind::kObject) {
    return fail(Code::kInvalid, "the local awareness state has no fields, it is not an object");
  }
  state.set(std::string(field), crdt::parse_json(json));
  std::string changed;
  crdt::write_json(changed, state);
  // The field's name has not been looked at yet, and may break the limits or UTF-8.
  if (auto ok = impl_->check_state(as_bytes(changed)); !ok) return tl::unexpected(std::move(ok.error()));
  impl_->set_own_state(std::move(changed), now_ms, event);
  return event;
}

std::optional<std::string_view> Awareness::local_state() const {
  if (!impl_->is_here()) return std::nullopt;
  return impl_->own.state;
}

std::optional<std::string_view> Awareness::state(uint64_t client) const {
  const auto at = impl_->known.find(client);
  if (at == impl_->known.end() || !at->second.present()) return std::nullopt;
  return at->second.state;
}

std::optional<uint64_t> Awareness::clock(uint64_t client) const {
  const auto at = impl_->known.find(client);
  if (at == impl_->known.end()) return std::nullopt;
  return at->second.clock;
}

std::vector<uint64_t> Awareness::clients() const {
  std::vector<std::pair<uint64_t, uint64_t>> present;
  for (const auto& [id, client] : impl_->known) {
    if (client.present()) present.emplace_back(client.arrival, id);
  }
  return in_order(std::move(present));
}

Result<AwarenessEvent> Awareness::apply_update(Bytes update, int64_t now_ms) {
  std::vector<AwarenessEntry>& entries = impl_->entries;
  if (auto ok = decode_awareness(update, entries); !ok) return tl::unexpected(std::move(ok.error()));
  for (const AwarenessEntry& entry : entries) {
    if (entry.clock > kAwarenessClockMax) return fail(Code::kInvalid, "an awareness clock is too large");
    if (auto ok = impl_->check_state(entry.state); !ok) return tl::unexpected(std::move(ok.error()));
  }
  if (auto ok = impl_->make_room(entries); !ok) return tl::unexpected(std::move(ok.error()));
  AwarenessEvent event;
  for (const AwarenessEntry& entry : entries) impl_->apply_entry(entry, now_ms, event);
  return event;
}

Result<Buffer> Awareness::encode_update(std::span<const uint64_t> clients) const {
  std::vector<AwarenessEntry> entries;
  entries.reserve(clients.size());
  for (const uint64_t id : clients) {
    const auto at = impl_->known.find(id);
    if (at == impl_->known.end()) {
      return fail(Code::kNotFound, "awareness has never heard of client " + std::to_string(id));
    }
    const std::string_view state = at->second.state;
    entries.push_back({id, at->second.clock, as_bytes(is_falsy(state) ? kNull : state)});
  }
  Buffer out;
  encode_awareness(out, entries);
  return out;
}

AwarenessEvent Awareness::remove_states(std::span<const uint64_t> clients, int64_t now_ms) {
  AwarenessEvent event;
  for (const uint64_t id : clients) {
    const auto at = impl_->known.find(id);
    if (at == impl_->known.end() || !at->second.present()) continue;
    at->second.state.clear();
    if (id == client_id()) {
      ++at->second.clock;
      at->second.updated_ms = now_ms;
    }
    event.removed.push_back(id);
  }
  return event;
}

AwarenessEvent Awareness::tick(int64_t now_ms) {
  AwarenessEvent event;
  Impl& impl = *impl_;
  if (impl.is_here() && impl.due_ms(client_id(), impl.own) <= now_ms) {
    impl.set_own_state(impl.own.state, now_ms, event);
  }
  std::vector<std::pair<uint64_t, uint64_t>> late;
  for (auto& [id, client] : impl.known) {
    if (!client.present() || id == client_id() || now_ms < impl.due_ms(id, client)) continue;
    client.state.clear();
    late.emplace_back(client.heard, id);
  }
  event.removed = in_order(std::move(late));
  return event;
}

int64_t Awareness::next_tick_ms() const {
  int64_t next = std::numeric_limits<int64_t>::max();
  for (const auto& [id, client] : impl_->known) {
    const bool waits = id == client_id() ? impl_->is_here() : client.present();
    if (waits) next = std::min(next, impl_->due_ms(id, client));
  }
  return next;
}

}  // namespace symphony
