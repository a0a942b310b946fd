#pragma once
/// @file
/// Configuration: one table of options (contracts/options.hpp), several places to set them, one order.
///
/// flag, `RBEES_*` variable, `.env` and `rbees.toml` of the working folder, the home's config.toml,
/// /etc/rbees/config.toml. What others could have put into the working folder is left out, with a warning. An unknown
/// key or a bad value is an error that names the file: a typing error must not silently do nothing.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rbees/base/failure.hpp"
#include "rbees/base/home.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees {

enum class OptionKind : unsigned char { text, integer, duration, bytes, choice, flag };

/// One option of the table. `name` is dotted ("heartbeat.interval"); its variable is RBEES_HEARTBEAT_INTERVAL.
struct Option {
    std::string_view name;
    OptionKind kind = OptionKind::text;
    std::string_view fallback;     ///< the default, as text in the option's own syntax
    std::string_view range;        ///< "1..64", or "a|b|c" for a choice; empty = any
    std::string_view description;  ///< a sentence for people
};

/// A value and where it was set.
struct ConfigValue {
    std::string text;
    std::string origin;  ///< "flag", "RBEES_LISTEN", a file's path, or "default"
};

class Config {
  public:
    /// Resolves every option of `table`. `flags` are already parsed from the command line, by option name.
    /// Fails with the first unknown key or bad value and where it stands.
    [[nodiscard]] static Result<Config> load(std::span<const Option> table, const Home& home,
                                             const Environment& environment,
                                             const std::map<std::string, std::string>& flags);

    /// The value of an option that is in the table.
    [[nodiscard]] const std::string& text(std::string_view name) const;
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] Duration duration(std::string_view name) const;
    [[nodiscard]] Bytes bytes(std::string_view name) const;
    [[nodiscard]] bool is_on(std::string_view name) const;

    /// Every option with its value and origin, in the table's order; for `rbees config view`.
    [[nodiscard]] const std::vector<std::pair<std::string, ConfigValue>>& values() const { return values_; }

    /// Sentences for people: files of the working folder that were not read, because somebody else could write them.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  private:
    std::vector<std::pair<std::string, ConfigValue>> values_;
    std::vector<std::string> warnings_;
};

}  // namespace rbees
