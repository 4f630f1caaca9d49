// A fresh client id, for those who embed the engine: the engine itself draws no randomness.
#pragma once

#include <cstdint>
#include <random>

namespace symphony {

// 32 random bits, as Yjs takes. A document that is edited needs an id that no other has: draw one for each
// Doc.
inline uint64_t random_client_id() { return std::random_device{}() & 0xffffffffu; }

}  // namespace symphony
