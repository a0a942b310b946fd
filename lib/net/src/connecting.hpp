#pragma once
/// @file
/// Opening a client's connection: look-up, connect, within one bound.

#include <expected>
#include <memory>

#include "channel.hpp"
#include "deadlines.hpp"
#include "rbees/net/client.hpp"

namespace rbees::net {

/// Tries each address of the host in turn. A look-up that hangs is left behind when the bound passes.
[[nodiscard]] Task<std::expected<std::shared_ptr<Channel>, ClientError>> open_channel(
    IoContext& io, std::shared_ptr<Deadlines> deadlines, Url url, Duration limit);

}  // namespace rbees::net
