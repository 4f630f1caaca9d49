// SHA-1 (FIPS 180-4), for the WebSocket handshake only: it proves that a server speaks WebSocket and protects
// nothing. Not for signatures.
#pragma once

#include <array>

#include "symphony/types.h"

namespace symphony {

using Sha1Digest = std::array<uint8_t, 20>;

Sha1Digest sha1(Bytes message);

}  // namespace symphony
