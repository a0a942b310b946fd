#pragma once
/// @file
/// Lists that come from rbees-orcd page by page, the newest first: `jobs list`, `sessions list`.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "client/api.hpp"
#include "rbees/net/message.hpp"

namespace rbees::ctl {

/// Rows in one answer of rbees-orcd.
inline constexpr std::size_t rows_per_page = 200;

/// How many rows the list is to have, by `--limit` and `--all`; 20 without either.
[[nodiscard]] std::size_t rows_wanted(const Arguments& arguments);

/// A parameter of the query, and the option that sets it.
struct ListParameter {
    std::string_view name;
    std::string_view flag;
};

/// "?limit=20&status=live": what the command line says; `--since` becomes a time.
[[nodiscard]] std::string list_query(const Arguments& arguments, std::span<const ListParameter> parameters);

/// What a list came to.
template <class View>
struct Listed {
    std::vector<View> rows;
    bool has_more = false;  ///< there are older ones
};

/// Asks until there are as many as the command line wants. `rows` is the member of a page that holds them.
template <class Page, class View>
[[nodiscard]] Checked<Listed<View>> fetch_pages(Api& api, const std::string& path, const Arguments& arguments,
                                                std::vector<View> Page::* rows) {
    const auto wanted = rows_wanted(arguments);
    Listed<View> listed;
    std::string cursor;
    while (true) {
        auto page = api.get<Page>(path + cursor);
        if (!page) return std::unexpected(page.error());
        auto& more = (*page).*rows;
        listed.rows.insert(listed.rows.end(), std::make_move_iterator(more.begin()),
                           std::make_move_iterator(more.end()));
        listed.has_more = page->next.has_value() || listed.rows.size() > wanted;
        if (listed.rows.size() > wanted)
            listed.rows.erase(listed.rows.begin() + static_cast<std::ptrdiff_t>(wanted), listed.rows.end());
        if (!page->next || listed.rows.size() == wanted) return listed;
        cursor = "&cursor=" + net::percent_encode(*page->next);
    }
}

}  // namespace rbees::ctl
