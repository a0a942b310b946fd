#include "commands/paging.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <optional>

#include "rbees/base/time.hpp"

namespace rbees::ctl {
namespace {

constexpr std::size_t rows_usual = 20;

}  // namespace

std::size_t rows_wanted(const Arguments& arguments) {
    if (const auto limit = arguments.whole_number("--limit")) return static_cast<std::size_t>(*limit);
    return arguments.has("--all") ? std::numeric_limits<std::size_t>::max() : rows_usual;
}

std::string list_query(const Arguments& arguments, std::span<const ListParameter> parameters) {
    auto query = fmt::format("?limit={}", std::min(rows_wanted(arguments), rows_per_page));
    const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
        if (value) query += fmt::format("&{}={}", name, net::percent_encode(*value));
    };
    for (const auto& [name, flag] : parameters) {
        add(name, arguments.text(flag));
    }
    if (const auto span = arguments.duration("--since")) {
        add("since", to_rfc3339(wall_now() - std::chrono::duration_cast<std::chrono::milliseconds>(*span)));
    }
    return query;
}

}  // namespace rbees::ctl
