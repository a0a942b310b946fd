#pragma once
/// @file
/// What may stand in names that become parts of addresses, paths and arguments.

#include <string>
#include <string_view>

namespace rbees::pool {

[[nodiscard]] bool is_alphanumeric(char c);

/// Names of organisations, repositories and revisions on Hugging Face; nothing that a URL or a path reads otherwise.
[[nodiscard]] bool is_name(std::string_view text);

/// A relative path of such names.
[[nodiscard]] bool is_repository_path(std::string_view path);

/// Such a path of a file in GGUF form.
[[nodiscard]] bool is_gguf_path(std::string_view path);

}  // namespace rbees::pool
