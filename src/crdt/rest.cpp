// Documents that nobody uses for a while, kept as bytes.
#include <algorithm>

#include "base/assert.h"
#include "crdt/doc_impl.h"
#include "crdt/resting.h"
#include "crdt/update_v2.h"

namespace symphony {

using namespace crdt;

bool Doc::rest() {
  if (resting_ != nullptr) return true;
  const auto is_typed = [&](TypeIndex root) { return impl_->store.types[root].type_ref != kTypeRefNone; };
  const std::vector<TypeIndex>& roots = impl_->store.roots;
  if (impl_->local != nullptr || impl_->transactions != nullptr || !impl_->pending.empty() ||
      std::any_of(roots.begin(), roots.end(), is_typed)) {
    return false;
  }
  const Buffer v1 = *encode_state_as_update();
  const Result<Buffer> v2 = convert_v1_to_v2(v1, no_limits(), Infos::kAsIs);
  // What somebody wrote as JSON in a way of his own would come back in JavaScript's.
  const auto is_exact = [&] {
    const Result<Buffer> back = convert_v2_to_v1(*v2, no_limits(), Infos::kAsIs);
    return back.has_value() && *back == v1;
  };
  auto resting = std::make_unique<Resting>();
  resting->options = impl_->options;
  resting->is_v2 = v2.has_value() && v2->size() < v1.size() && is_exact();
  const Buffer vector = encode_state_vector();
  const Buffer& state = resting->is_v2 ? *v2 : v1;
  resting->vector_bytes = vector.size();
  resting->bytes.reserve(vector.size() + state.size());
  resting->bytes.insert(resting->bytes.end(), vector.begin(), vector.end());
  resting->bytes.insert(resting->bytes.end(), state.begin(), state.end());
  resting_ = std::move(resting);
  impl_.reset();
  return true;
}

Buffer Doc::Resting::state() const {
  const Bytes state = Bytes(bytes).subspan(vector_bytes);
  if (!is_v2) return {state.begin(), state.end()};
  Result<Buffer> v1 = convert_v2_to_v1(state, no_limits(), Infos::kAsIs);
  ASSERT(v1.has_value());
  return std::move(*v1);
}

Doc::Impl& Doc::live() const {
  if (resting_ != nullptr) {
    auto woken = std::make_unique<Impl>(resting_->options);
    const Buffer state = resting_->state();
    impl_ = std::move(woken);
    const Result<Applied> applied = impl_->apply(state, 0, no_limits());
    ASSERT(applied.has_value());
    resting_.reset();
  }
  return *impl_;
}

}  // namespace symphony
