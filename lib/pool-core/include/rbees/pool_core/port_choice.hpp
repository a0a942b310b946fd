#pragma once
/// @file
/// Which port a worker gets.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>

namespace rbees::pool {

inline constexpr std::uint16_t worker_port_first = 8001;
inline constexpr std::uint16_t worker_port_last = 8999;

/// The first port of 8001 to 8999 that `is_free` accepts and that is not in `excluded` (workers of this node,
/// configured listeners); never 8002 and 8003 (tool and memory node) nor 8080 (orcd). Nothing if all are taken.
[[nodiscard]] std::optional<std::uint16_t> choose_worker_port(const std::set<std::uint16_t>& excluded,
                                                              const std::function<bool(std::uint16_t)>& is_free);

}  // namespace rbees::pool
