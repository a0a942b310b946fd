#pragma once
/// @file
/// Looks into a JSON text by a path in users' words: `processes.0.name`.

#include <expected>
#include <string>
#include <string_view>

namespace rbees::bdd {

/// The value there: a string as it is, anything else as JSON. Fails when the text is no JSON or nothing is there.
[[nodiscard]] std::expected<std::string, std::string> json_at(std::string_view text, std::string_view path);

}  // namespace rbees::bdd
