#include "storage/memory/memory_store.h"

#include "storage/conformance.h"

namespace symphony {
namespace {

struct MemoryHarness {
  std::shared_ptr<MemoryStore::Medium> medium = std::make_shared<MemoryStore::Medium>();
  std::unique_ptr<Store> open() { return std::make_unique<MemoryStore>(medium); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreConformance, MemoryHarness);

}  // namespace
}  // namespace symphony
