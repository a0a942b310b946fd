#include "rbees/base/spelling.hpp"

#include <algorithm>
#include <utility>

namespace rbees {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        cost[i][0] = i;
    }
    for (std::size_t j = 0; j <= b.size(); ++j) {
        cost[0][j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
            const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (is_swap) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

std::optional<std::string_view> nearest_name(std::string_view name, const std::vector<std::string_view>& names) {
    std::optional<std::string_view> nearest;
    std::size_t nearest_distance = 0;
    for (const auto& candidate : names) {
        const auto distance = edit_distance(name, candidate);
        if (nearest && nearest_distance <= distance) continue;
        nearest = candidate;
        nearest_distance = distance;
    }
    const bool is_near = nearest && nearest_distance * 3 <= std::max(nearest->size(), std::size_t{3});
    return is_near ? nearest : std::nullopt;
}

}  // namespace rbees
