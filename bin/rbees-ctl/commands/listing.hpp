#pragma once
/// @file
/// The verbs `list` and `get` of things that rbees-orcd shows as they are: a path, a struct, a table.

#include <string>
#include <string_view>
#include <vector>

#include "cli/session.hpp"
#include "commands/details.hpp"
#include "output/table.hpp"

namespace rbees::ctl {

/// Shows all of them, or `when_empty` on stderr where there is none.
template <class View>
[[nodiscard]] Outcome show_list(Session& session, std::string_view path,
                                Table (*to_table)(const std::vector<View>& views, Terminal reader),
                                std::string_view when_empty) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto views = (*api)->get<std::vector<View>>(path);
    if (!views) return std::unexpected(views.error());
    auto& console = session.console();
    if (views->empty() && !session.is_json()) {
        console.note(when_empty);
    } else {
        console.answer(reflect::to_json(*views), to_table(*views, console.out().terminal));
    }
    return ExitCode::ok;
}

/// Shows one with all its fields.
template <class View>
[[nodiscard]] Outcome show_one(Session& session, const std::string& path) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto view = (*api)->get<View>(path);
    if (!view) return std::unexpected(view.error());
    auto& console = session.console();
    const auto json = reflect::to_json(*view);
    console.answer(json, render_details(json.get_object(), console.out().colour));
    return ExitCode::ok;
}

}  // namespace rbees::ctl
