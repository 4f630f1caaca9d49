#include "storage/memory/memory_store.h"

#include "storage/conformance.h"
#include "storage/owners_conformance.h"

namespace symphony {
namespace {

struct MovedByHand final : MemoryMedium {
  Time time{};
  Time now() const override { return time; }
};

struct MemoryHarness {
  std::shared_ptr<MovedByHand> medium = std::make_shared<MovedByHand>();
  std::unique_ptr<Store> open(const OwnerOptions& owner) {
    return std::make_unique<MemoryStore>(owner, medium);
  }
  void pass(Duration time) { medium->time += time; }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreOwners, MemoryHarness);

}  // namespace
}  // namespace symphony
