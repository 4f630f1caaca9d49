#include "crdt/integrate/apply.h"

#include <algorithm>

#include "base/assert.h"
#include "crdt/store/encode.h"
#include "crdt/wire/struct_writer.h"

namespace symphony::crdt {

void Applier::apply(Store& store, Pending& pending, const ParsedUpdate& update, Transaction& transaction) {
  store_ = &store;
  pending_ = &pending;
  all_new_ = true;
  left_waiting_ = false;
  if (!apply_one(update, transaction) || transaction.exhausted()) return;

  const bool left_waiting = left_waiting_;
  const Buffer structs = pending_->take(arrived_);
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
  rest_needs_.clear();
  integrate_structs(update, transaction);
  const std::span<const Slot> changed = transaction.changed_clients();
  arrived_.clear();
  bool retry = false;
  if (WaitingStructs* const waiting = pending_->structs()) {
    for (const Slot slot : changed) arrived_.push_back({store_->client_id(slot), store_->state(slot)});
    waiting->note_known(arrived_);
    retry = std::any_of(arrived_.begin(), arrived_.end(), [&](const WaitingStructs::Arrived& of) {
      return waiting->waits_for(of.client, of.state);
    });
  }
  if (!rest_.empty()) {
    left_waiting_ = true;
    all_new_ = false;
    keep_rest(update);
  }

  waiting_.clear();
  apply_deletes(update.deletes, transaction);
  if (!waiting_.empty()) {
    left_waiting_ = true;
    all_new_ = false;
  }
  if (!pending_->deletes().empty()) {
    const size_t before = transaction.deletes().size();
    std::vector<DeleteRange> arrived;
    for (const Slot slot : changed)
      pending_->take_deletes(store_->client_id(slot), store_->state(slot), arrived);
    join_ranges(arrived);
    apply_deletes(arrived, transaction);
    if (transaction.deletes().size() != before) all_new_ = false;
  }
  pending_->add_deletes(waiting_);
  return retry;
}

// What `in` waits for; client kNoClient: nothing. Fills in the slots of its origins.
Id Applier::missing(uint64_t client, Incoming& in) const {
  const ParsedStruct& s = *in.parsed;
  // References to its own client point back: struct_reader.h.
  const auto waits = [&](const Id& id, Slot& slot) {
    slot = id.client == client ? in.slot : store_->find_client(id.client);
    return id.client != client && id.clock >= store_->state(slot);
  };
  if (s.has_origin()) {
    if (const Id origin{s.origin_client, s.origin_clock}; waits(origin, in.origin_slot)) return origin;
  }
  if (s.has_right_origin()) {
    const Id right_origin{s.right_origin_client, s.right_origin_clock};
    if (waits(right_origin, in.right_origin_slot)) return right_origin;
  }
  if (s.has_parent()) {
    Slot slot = kNil;
    const ParsedParent parent = in.update->parent(s);
    if (!parent.is_root && waits(parent.item, slot)) return parent.item;
  }
  return {};
}

uint32_t Applier::find_refs(uint64_t client) const {
  const auto at = std::lower_bound(refs_.begin(), refs_.end(), client,
                                   [](const Refs& refs, uint64_t c) { return refs.client < c; });
  return at != refs_.end() && at->client == client && !at->taken ? static_cast<uint32_t>(at - refs_.begin())
                                                                 : kNil;
}

// Everything on the stack waits, and with it all that follows of the same clients. What each of them waits
// for is kept: Yjs keeps only what the last one waits for, and the others may then wait for ever although
// what they need has come (an update merged with a gap of the same client in between).
void Applier::set_aside_stack() {
  for (const Head& head : stack_) {
    Refs& refs = refs_[head.refs];
    rest_needs_.push_back({refs.client, head.waits_for});
    if (refs.taken) continue;  // only a cycle of references gets here: it waits for ever
    refs.taken = true;
    rest_.push_back({refs.client, head.index, refs.first + refs.count - head.index});
  }
  stack_.clear();
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
    head = {static_cast<uint32_t>(targets - 1), refs.first + refs.at++, {}};
    return true;
  };

  for (bool more = take_next(); more && !transaction.exhausted();) {
    const ParsedStruct& s = update.structs[head.index];
    const uint64_t client = refs_[head.refs].client;
    const bool last = head.index + 1 == refs_[head.refs].first + refs_[head.refs].count;
    if (s.ref() != kSkip) {
      Incoming in;
      in.slot = store_->find_client(client);
      in.parsed = &s;
      in.update = &update;
      in.last = last;
      const uint32_t state = store_->state(in.slot);
      if (state < s.clock) {
        // An earlier update of the same client is missing: a dead end.
        stack_.push_back({head.refs, head.index, {client, s.clock - 1}});
        set_aside_stack();
      } else if (const Id waits_for = missing(client, in); waits_for.client != kNoClient) {
        stack_.push_back({head.refs, head.index, waits_for});
        if (const uint32_t other = find_refs(waits_for.client); other != kNil && !refs_[other].done()) {
          Refs& refs = refs_[other];
          head = {other, refs.first + refs.at++, {}};
          continue;
        }
        // It depends on an update that has not arrived.
        set_aside_stack();
      } else if (state >= s.end()) {
        all_new_ = false;  // known already
        transaction.touch(s);
      } else {
        const uint32_t offset = state - s.clock;
        if (offset > 0) all_new_ = false;
        if (in.slot == kNil) in.slot = store_->add_client(client);
        transaction.integrate(in, offset);
      }
    }
    more = take_next();
  }
}

void Applier::keep_rest(const ParsedUpdate& update) {
  std::sort(rest_.begin(), rest_.end(), [](const Rest& a, const Rest& b) { return a.client > b.client; });
  Encoder out;
  std::vector<WaitingStructs::Block> blocks;
  out.var_uint(rest_.size());
  for (const Rest& rest : rest_) {
    const size_t begin = out.written().size();
    const uint32_t clock = update.structs[rest.first].clock;
    out.var_uint(rest.count);
    out.var_uint(rest.client);
    out.var_uint(clock);
    for (uint32_t i = 0; i < rest.count; ++i) {
      write_parsed(out, update.input, rest.client, update.structs[rest.first + i], 0);
    }
    blocks.push_back({rest.client, clock, static_cast<uint32_t>(begin),
                      static_cast<uint32_t>(out.written().size() - begin)});
  }
  out.var_uint(0);
  pending_->add(out.take(), blocks, rest_needs_);
}

// What lies beyond the known clocks goes to waiting_.
void Applier::apply_deletes(const std::vector<DeleteRange>& deletes, Transaction& transaction) {
  for (const DeleteRange& range : deletes) {
    if (transaction.exhausted()) return;
    const Slot slot = store_->find_client(range.client);
    const uint32_t state = store_->state(slot);
    if (range.clock >= state) {
      waiting_.push_back(range);
      continue;
    }
    if (state < range.end()) waiting_.push_back({range.client, state, range.end() - state});
    transaction.delete_range(slot, range.clock, std::min(range.end(), state));
  }
}

}  // namespace symphony::crdt
