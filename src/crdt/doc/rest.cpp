// Documents that nobody uses for a while, kept as bytes.
#include <algorithm>

#include "base/assert.h"
#include "crdt/doc/doc_impl.h"
#include "crdt/doc/resting.h"
#include "crdt/store/encode.h"
#include "crdt/wire/merge.h"
#include "crdt/wire/update_v2.h"

namespace symphony {

using namespace crdt;

bool Doc::rest(Rest how) {
  if (resting_ != nullptr) return true;
  const auto is_typed = [&](TypeIndex root) { return impl_->store.types[root].type_ref != kTypeRefNone; };
  const std::vector<TypeIndex>& roots = impl_->store.roots;
  if (impl_->local != nullptr || impl_->transactions != nullptr || !impl_->pending.empty() ||
      std::any_of(roots.begin(), roots.end(), is_typed)) {
    return false;
  }
  Buffer state = *encode_state_as_update();
  auto resting = std::make_unique<Resting>();
  resting->options = impl_->options;
  if (how == Rest::kSmallest) {
    Result<Buffer> v2 = convert_v1_to_v2(state, no_limits(), Infos::kAsIs);
    // What somebody wrote as JSON in a way of his own would come back in JavaScript's.
    const auto is_exact = [&] {
      const Result<Buffer> back = convert_v2_to_v1(*v2, no_limits(), Infos::kAsIs);
      return back.has_value() && *back == state;
    };
    resting->is_v2 = v2.has_value() && v2->size() < state.size() && is_exact();
    if (resting->is_v2) state = std::move(*v2);
  }
  const Buffer vector = encode_state_vector();
  resting->vector_bytes = vector.size();
  resting->bytes.reserve(vector.size() + state.size());
  resting->bytes.insert(resting->bytes.end(), vector.begin(), vector.end());
  resting->bytes.insert(resting->bytes.end(), state.begin(), state.end());
  resting_ = std::move(resting);
  impl_.reset();
  return true;
}

Bytes Doc::Resting::state(Buffer& converted) const {
  const Bytes state = Bytes(bytes).subspan(vector_bytes);
  if (!is_v2) return state;
  Result<Buffer> v1 = convert_v2_to_v1(state, no_limits(), Infos::kAsIs);
  ASSERT(v1.has_value());
  converted = std::move(*v1);
  return converted;
}

Result<Buffer> Doc::Resting::encode(Bytes state_vector) const {
  std::vector<Id> known;
  if (!state_vector.empty()) {
    auto parsed = parse_state_vector(state_vector);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    known = std::move(*parsed);
  }
  Buffer converted;
  const Bytes whole = state(converted);
  if (!known.empty()) return diff_v1(whole, known, no_limits(), Infos::kAsIs);
  return whole.data() == converted.data() ? std::move(converted) : Buffer(whole.begin(), whole.end());
}

Doc::Impl& Doc::live() const {
  if (resting_ != nullptr) {
    Buffer converted;
    const Bytes state = resting_->state(converted);
    impl_ = std::make_unique<Impl>(resting_->options);
    const Result<Applied> applied = impl_->apply(state, 0, no_limits());
    ASSERT(applied.has_value());
    resting_.reset();
  }
  return *impl_;
}

}  // namespace symphony
