#pragma once
/// @file
/// The places that configuration comes from, each read into the same entries, and the check that all of them go
/// through.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/config.hpp"
#include "rbees/base/failure.hpp"

namespace rbees {

/// One setting as it was found.
struct ConfigEntry {
    std::string name;      ///< dotted in TOML; a variable's name in .env
    std::string text;      ///< the value, in the option's own syntax
    std::string origin;    ///< "flag", a variable's name, a file's path
    std::size_t line = 0;  ///< in that file; 0 where there are no lines
};

/// "config.toml line 3", or the origin alone: how messages name the place.
[[nodiscard]] std::string place_of(const ConfigEntry& entry);

/// Why a file that simply lies in the working folder is not to be trusted: another user's (root's is fine), or others
/// may write it. Nothing where it is ours alone, or is not there. A group that has the user's own number is the user's.
[[nodiscard]] std::optional<std::string> reason_for_distrust(const std::filesystem::path& path);

/// RBEES_HEARTBEAT_INTERVAL for heartbeat.interval.
[[nodiscard]] std::string variable_of(std::string_view option);

/// Every value of a TOML file, tables flattened to dotted names. Fails on bad syntax, and on values that are neither
/// text nor number nor truth.
[[nodiscard]] Result<std::vector<ConfigEntry>> read_toml(const std::filesystem::path& path);

/// The same of a text; `origin` is where it stands.
[[nodiscard]] Result<std::vector<ConfigEntry>> parse_toml(std::string_view content, const std::string& origin);

/// The RBEES_ variables of an environment file; what other programs keep there is not looked at.
/// Fails on a line of ours that is not KEY=VALUE.
[[nodiscard]] Result<std::vector<ConfigEntry>> read_dotenv(const std::filesystem::path& path);

/// The same of a text; `origin` is where it stands.
[[nodiscard]] Result<std::vector<ConfigEntry>> parse_dotenv(std::string_view content, const std::string& origin);

/// Whether the text is of the option's kind and range. Fails with a message that starts with where the value stands.
[[nodiscard]] Result<void> check_value(const Option& option, const ConfigEntry& entry);

/// Reads a truth: true, on, 1, or false, off, 0.
[[nodiscard]] Result<bool> parse_flag(std::string_view text);

/// Reads a whole number with an optional minus.
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);

}  // namespace rbees
