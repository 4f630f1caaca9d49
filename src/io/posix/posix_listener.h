// TCP listeners of a PosixLoop. Private to this folder.
#pragma once

#include <memory>
#include <string>

#include "io/loop.h"

namespace symphony::io::posix {

class PosixLoop;

Result<std::unique_ptr<Listener>> open_listener(PosixLoop& loop, const std::string& host, uint16_t port,
                                                Loop::OnAccept on_accept);

}  // namespace symphony::io::posix
