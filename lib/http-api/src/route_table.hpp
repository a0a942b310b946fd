#pragma once
/// @file
/// Path templates: which route a path means, and what stands in its `{name}` segments.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rbees/contracts/routes.hpp"

namespace rbees::http_api {

struct FoundRoute {
    const contracts::Route* route = nullptr;
    std::vector<std::pair<std::string_view, std::string>> parameters;  ///< decoded
};

/// The path exists, but not with this method.
struct WrongMethod {
    std::string allow;                        ///< "GET, POST"
    const contracts::Route* other = nullptr;  ///< a route of that path, for the shape of the error
};

struct NoRoute {};

using RouteMatch = std::variant<FoundRoute, WrongMethod, NoRoute>;

/// Matches the target as it was sent, segment by segment, and decodes afterwards: an id with an encoded slash
/// (`hf:org%2Frepo`) stays one segment. Where several templates fit, a literal segment beats a `{name}`.
class RouteTable {
  public:
    explicit RouteTable(std::span<const contracts::Route> routes);

    /// `target` is path and query as sent.
    [[nodiscard]] RouteMatch find(std::string_view method, std::string_view target) const;

  private:
    struct Entry {
        const contracts::Route* route = nullptr;
        std::vector<std::string_view> segments;
    };
    std::vector<Entry> entries_;  ///< more literal ones first
};

}  // namespace rbees::http_api
