#pragma once
/// @file
/// Workers on the ports of workers that we cannot prove to be ours. They are told of and left alone.

#include <cstdint>
#include <filesystem>
#include <set>
#include <string_view>
#include <vector>

#include "rbees/contracts/nodes.hpp"
#include "rbees/net/client.hpp"

namespace rbees::poold {

/// How the ids of orphans without a record begin; the port follows.
inline constexpr std::string_view orphan_prefix = "orphan-";

/// The ports of 8001 to 8999 that something listens on at loopback or everywhere, from the text of /proc/net/tcp.
[[nodiscard]] std::set<std::uint16_t> listening_worker_ports(std::string_view proc_net_tcp);

/// Asks everything that listens there, but for the ports in `ours`, for its health without a secret: what refuses that
/// as only a worker does is one. Workers that log to another home's folder belong there and are left out. The client
/// must outlive the task.
[[nodiscard]] net::Task<std::vector<contracts::WorkerReport>> find_orphans(net::Client& client,
                                                                           std::set<std::uint16_t> ours,
                                                                           std::filesystem::path logs);

}  // namespace rbees::poold
