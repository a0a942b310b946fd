#pragma once
/// @file
/// The pages of docs/reference: the tables of this module as people read them. `tools/dev docs` writes them, and a test
/// compares them with what lies there, so that no page says what the programs do not do.

#include <string>
#include <string_view>
#include <vector>

namespace rbees::contracts {

struct ReferencePage {
    std::string_view file;  ///< its name in docs/reference: "options.md"
    std::string text;       ///< Markdown
};

/// Options, metrics, errors, routes. Pure.
[[nodiscard]] std::vector<ReferencePage> reference_pages();

}  // namespace rbees::contracts
