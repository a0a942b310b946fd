#include "rbees/pool_core/port_choice.hpp"

#include <algorithm>
#include <array>

namespace rbees::pool {
namespace {

constexpr std::array<std::uint16_t, 3> reserved{8002, 8003, 8080};

}  // namespace

std::optional<std::uint16_t> choose_worker_port(const std::set<std::uint16_t>& excluded,
                                                const std::function<bool(std::uint16_t)>& is_free) {
    for (auto port = worker_port_first; port <= worker_port_last; ++port) {
        if (std::ranges::find(reserved, port) != reserved.end() || excluded.contains(port)) continue;
        if (is_free(port)) return port;
    }
    return std::nullopt;
}

}  // namespace rbees::pool
