// Immutable bytes with many owners: what a broadcast hands to every peer without copying.
#pragma once

#include <memory>

#include "symphony/types.h"

namespace symphony {

using SharedBuffer = std::shared_ptr<const Buffer>;

inline SharedBuffer share(Buffer bytes) { return std::make_shared<const Buffer>(std::move(bytes)); }

}  // namespace symphony
