#include "rbees/base/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "config_sources.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/spelling.hpp"

namespace rbees {
namespace {

namespace fs = std::filesystem;

const Option* find_option(std::span<const Option> table, std::string_view name) {
    const auto option = std::ranges::find(table, name, &Option::name);
    return option == table.end() ? nullptr : &*option;
}

std::unexpected<Failure> unknown_option(std::span<const Option> table, const ConfigEntry& entry) {
    std::vector<std::string_view> names;
    for (const auto& option : table) {
        names.push_back(option.name);
    }
    const auto nearest = nearest_name(entry.name, names);
    return fail(fmt::format("{}: unknown option '{}'", place_of(entry), entry.name),
                nearest ? fmt::format("did you mean '{}'?", *nearest) : "`rbees config view` lists every option");
}

/// Collects values from the strongest place to the weakest: the first one that sets an option keeps it.
class Resolution {
  public:
    explicit Resolution(std::span<const Option> table) : table_(table) {}

    /// Takes entries that are named by option; any other name is an error.
    Result<void> take(const std::vector<ConfigEntry>& entries) {
        for (const auto& entry : entries) {
            const auto* option = find_option(table_, entry.name);
            if (option == nullptr) return unknown_option(table_, entry);
            if (auto taken = take_one(*option, entry); !taken) return taken;
        }
        return {};
    }

    Result<void> take_one(const Option& option, const ConfigEntry& entry) {
        auto checked = check_value(option, entry);
        if (checked) values_.try_emplace(std::string(option.name), ConfigValue{entry.text, entry.origin});
        return checked;
    }

    Result<void> take_flags(const std::map<std::string, std::string>& flags) {
        std::vector<ConfigEntry> entries;
        for (const auto& [name, text] : flags) {
            entries.push_back({.name = name, .text = text, .origin = "flag", .line = 0});
        }
        return take(entries);
    }

    Result<void> take_environment(const Environment& environment) {
        for (const auto& option : table_) {
            const auto variable = variable_of(option.name);
            const auto text = environment(variable);
            if (!text || text->empty()) continue;
            const ConfigEntry entry{.name = variable, .text = *text, .origin = variable, .line = 0};
            if (auto taken = take_one(option, entry); !taken) return taken;
        }
        return {};
    }

    /// Variables that are not in the table are left alone, as in the environment: some are read elsewhere.
    Result<void> take_dotenv(const fs::path& path) {
        if (!is_present(path)) return {};
        const auto entries = read_dotenv(path);
        if (!entries) return std::unexpected(entries.error());
        for (const auto& option : table_) {
            const auto variable = variable_of(option.name);
            // The last line wins, as in a shell that reads the file.
            const auto entry = std::find_if(entries->rbegin(), entries->rend(),
                                            [&](const ConfigEntry& each) { return each.name == variable; });
            if (entry == entries->rend() || entry->text.empty()) continue;
            if (auto taken = take_one(option, *entry); !taken) return taken;
        }
        return {};
    }

    /// A file that lies in the working folder, which may be anybody's: read by `take` if nobody else can write it.
    Result<void> take_found(const fs::path& path, Result<void> (Resolution::*take)(const fs::path&)) {
        const auto reason = reason_for_distrust(path);
        if (!reason) return (this->*take)(path);
        warnings_.push_back(fmt::format("{} is not read: {}", path.native(), *reason));
        return {};
    }

    Result<void> take_toml(const fs::path& path) {
        if (!is_present(path)) return {};
        return take_named_toml(path);
    }

    /// A file that somebody named must be there.
    Result<void> take_named_toml(const fs::path& path) {
        const auto entries = read_toml(path);
        if (!entries) return std::unexpected(entries.error());
        return take(*entries);
    }

    Result<void> take_defaults() {
        for (const auto& option : table_) {
            const ConfigEntry entry{std::string(option.name), std::string(option.fallback), "default", 0};
            if (auto taken = take_one(option, entry); !taken) return taken;
        }
        return {};
    }

    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

    [[nodiscard]] std::vector<std::pair<std::string, ConfigValue>> in_table_order() && {
        std::vector<std::pair<std::string, ConfigValue>> ordered;
        for (const auto& option : table_) {
            const std::string name(option.name);
            ordered.emplace_back(name, std::move(values_.at(name)));
        }
        return ordered;
    }

  private:
    static bool is_present(const fs::path& path) {
        std::error_code error;
        return fs::is_regular_file(path, error);
    }

    std::span<const Option> table_;
    std::map<std::string, ConfigValue> values_;
    std::vector<std::string> warnings_;
};

template <class Value>
Value checked(Result<Value> value) {
    RBEES_ASSERT(value.has_value());  // load() let no bad value in; the option is of another kind
    return *value;
}

}  // namespace

Result<Config> Config::load(std::span<const Option> table, const Home& home, const Environment& environment,
                            const std::map<std::string, std::string>& flags) {
    std::error_code error;
    const auto folder = fs::current_path(error);  // a working folder that was removed simply has no files
    Resolution resolution(table);
    const std::array results{
        resolution.take_flags(flags),
        resolution.take_environment(environment),
        resolution.take_found(folder / ".env", &Resolution::take_dotenv),
        resolution.take_found(folder / "rbees.toml", &Resolution::take_toml),
        home.config_instead ? resolution.take_named_toml(home.config_file()) : resolution.take_toml(home.config_file()),
        resolution.take_toml("/etc/rbees/config.toml"),
        resolution.take_defaults(),
    };
    for (const auto& result : results) {
        if (!result) return std::unexpected(result.error());
    }
    Config config;
    config.warnings_ = resolution.warnings();
    config.values_ = std::move(resolution).in_table_order();
    return config;
}

const std::string& Config::text(std::string_view name) const {
    const auto value = std::ranges::find(values_, name, [](const auto& each) { return std::string_view(each.first); });
    RBEES_ASSERT(value != values_.end());
    return value->second.text;
}

std::int64_t Config::integer(std::string_view name) const {
    return checked(parse_integer(text(name)));
}
Duration Config::duration(std::string_view name) const {
    return checked(parse_duration(text(name)));
}
Bytes Config::bytes(std::string_view name) const {
    return checked(parse_bytes(text(name)));
}
bool Config::is_on(std::string_view name) const {
    return checked(parse_flag(text(name)));
}

}  // namespace rbees
