#include "crdt/apply.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "crdt/encode.h"
#include "crdt/merge.h"

namespace symphony::crdt {
void Applier::apply(const ParsedUpdate& update, Transaction& transaction) {
  all_new_ = true;
  left_waiting_ = false;
  if (!apply_one(update, transaction)) return;

  const bool left_waiting = left_waiting_;
  const Buffer structs = std::move(pending_.structs);
  pending_.structs.clear();
  pending_.missing.clear();
  ParsedUpdate waiting;
  const Result<void> parsed = parse_update(structs, no_limits(), waiting);
  ASSERT(parsed.has_value());
  apply_one(waiting, transaction);
  left_waiting_ = left_waiting;
  all_new_ = false;
}

// True if something came that pending structs wait for.
bool Applier::apply_one(const ParsedUpdate& update, Transaction& transaction) {
  rest_.clear();
  rest_missing_.clear();
  integrate_structs(update, transaction);
  const bool retry = std::any_of(pending_.missing.begin(), pending_.missing.end(), [&](const Id& id) {
    return id.clock < store_.state(store_.find_client(id.client));
  });
  if (!rest_.empty()) {
    left_waiting_ = true;
    all_new_ = false;
    add_pending(encode_rest(update));
  }

  waiting_.clear();
  apply_deletes(update.deletes, transaction);
  if (!waiting_.empty()) {
    left_waiting_ = true;
    all_new_ = false;
  }
  if (!pending_.deletes.empty()) {
    const size_t before = transaction.deletes().size();
    apply_deletes(pending_.deletes, transaction);
    if (transaction.deletes().size() != before) all_new_ = false;
  }
  join_ranges(waiting_);
  pending_.deletes = waiting_;
  return retry;
}

void Applier::add_pending(Buffer rest) {
  if (pending_.structs.empty()) {
    pending_.structs = std::move(rest);
    pending_.missing = rest_missing_;
    keep_lowest(pending_.missing);
    return;
  }
  pending_.missing.insert(pending_.missing.end(), rest_missing_.begin(), rest_missing_.end());
  keep_lowest(pending_.missing);
  Result<Buffer> merged = merge_v1(std::array<Bytes, 2>{pending_.structs, rest}, no_limits());
  ASSERT(merged.has_value());
  pending_.structs = std::move(*merged);
}

// The client whose structs `in` waits for, or kNoClient. Fills in the slots of its origins.
uint64_t Applier::missing(const ParsedUpdate& update, uint64_t client, Incoming& in) const {
  const ParsedStruct& s = *in.parsed;
  const auto unknown = [&](uint64_t other, uint32_t clock) {
    return other != client && clock >= store_.state(store_.find_client(other));
  };
  // References to its own client point back: update.h.
  const auto waits = [&](uint64_t other, uint32_t clock, Slot& slot) {
    slot = other == client ? in.slot : store_.find_client(other);
    return other != client && clock >= store_.state(slot);
  };
  if (s.has_origin() && waits(s.origin_client, s.origin_clock, in.origin_slot)) return s.origin_client;
  if (s.has_right_origin() && waits(s.right_origin_client, s.right_origin_clock, in.right_origin_slot))
    return s.right_origin_client;
  if (s.has_parent()) {
    const ParsedParent parent = update.parent(s);
    if (!parent.is_root && unknown(parent.item.client, parent.item.clock)) return parent.item.client;
  }
  return kNoClient;
}

uint32_t Applier::find_refs(uint64_t client) const {
  const auto at = std::lower_bound(refs_.begin(), refs_.end(), client,
                                   [](const Refs& refs, uint64_t c) { return refs.client < c; });
  return at != refs_.end() && at->client == client && !at->taken ? static_cast<uint32_t>(at - refs_.begin())
                                                                 : kNil;
}

// Everything on the stack waits, and with it all that follows of the same clients.
void Applier::set_aside(const std::vector<Head>& stack) {
  for (const Head& head : stack) {
    Refs& refs = refs_[head.refs];
    if (refs.taken) continue;  // only a cycle of references gets here: it waits for ever
    refs.taken = true;
    rest_.push_back({refs.client, head.index, refs.first + refs.count - head.index});
  }
}

void Applier::integrate_structs(const ParsedUpdate& update, Transaction& transaction) {
  refs_.clear();
  for (auto block = update.blocks.rbegin(); block != update.blocks.rend(); ++block) {
    refs_.push_back({block->client, block->first, block->count, 0, false});
  }
  // From the highest client down: in conflicts the lower id then rarely has to pass the higher one.
  size_t targets = refs_.size();
  stack_.clear();
  Head head;
  const auto take_next = [&] {
    if (!stack_.empty()) {
      head = stack_.back();
      stack_.pop_back();
      return true;
    }
    while (targets > 0 && refs_[targets - 1].done()) --targets;
    if (targets == 0) return false;
    Refs& refs = refs_[targets - 1];
    head = {static_cast<uint32_t>(targets - 1), refs.first + refs.at++};
    return true;
  };

  for (bool more = take_next(); more;) {
    const ParsedStruct& s = update.structs[head.index];
    const uint64_t client = refs_[head.refs].client;
    const bool last = head.index + 1 == refs_[head.refs].first + refs_[head.refs].count;
    if (s.ref() != kSkip) {
      Incoming in;
      in.slot = store_.find_client(client);
      in.parsed = &s;
      in.update = &update;
      in.last = last;
      const uint32_t state = store_.state(in.slot);
      if (state < s.clock) {
        // An earlier update of the same client is missing: a dead end.
        stack_.push_back(head);
        rest_missing_.push_back({client, s.clock - 1});
        set_aside(stack_);
        stack_.clear();
      } else if (const uint64_t waits_for = missing(update, client, in); waits_for != kNoClient) {
        stack_.push_back(head);
        if (const uint32_t other = find_refs(waits_for); other != kNil && !refs_[other].done()) {
          Refs& refs = refs_[other];
          head = {other, refs.first + refs.at++};
          continue;
        }
        // It depends on an update that has not arrived.
        rest_missing_.push_back({waits_for, store_.state(store_.find_client(waits_for))});
        set_aside(stack_);
        stack_.clear();
      } else if (state >= s.end()) {
        all_new_ = false;  // known already
        transaction.touch(s);
      } else {
        const uint32_t offset = state - s.clock;
        if (offset > 0) all_new_ = false;
        if (in.slot == kNil) in.slot = store_.add_client(client);
        transaction.integrate(in, offset);
      }
    }
    more = take_next();
  }
}

Buffer Applier::encode_rest(const ParsedUpdate& update) {
  std::sort(rest_.begin(), rest_.end(), [](const Rest& a, const Rest& b) { return a.client > b.client; });
  Encoder out;
  out.var_uint(rest_.size());
  for (const Rest& rest : rest_) {
    out.var_uint(rest.count);
    out.var_uint(rest.client);
    out.var_uint(update.structs[rest.first].clock);
    for (uint32_t i = 0; i < rest.count; ++i) {
      write_parsed(out, update.input, rest.client, update.structs[rest.first + i], 0);
    }
  }
  out.var_uint(0);
  return out.take();
}

// What lies beyond the known clocks goes to waiting_.
void Applier::apply_deletes(const std::vector<DeleteRange>& deletes, Transaction& transaction) {
  for (const DeleteRange& range : deletes) {
    const Slot slot = store_.find_client(range.client);
    const uint32_t state = store_.state(slot);
    if (range.clock >= state) {
      waiting_.push_back(range);
      continue;
    }
    if (state < range.end()) waiting_.push_back({range.client, state, range.end() - state});
    transaction.delete_range(slot, range.clock, std::min(range.end(), state));
  }
}

}  // namespace symphony::crdt
