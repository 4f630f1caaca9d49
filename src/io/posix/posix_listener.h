// TCP listeners of a loop. Private to this folder.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "io/loop.h"

namespace symphony::io::posix {

Result<std::unique_ptr<Listener>> open_listener(boost::asio::io_context& context, const std::string& host,
                                                uint16_t port, Loop::OnAccept on_accept);

}  // namespace symphony::io::posix
