#include "cli/values.hpp"

#include <fmt/format.h>

#include "house/listener.hpp"
#include "rbees/base/numbers.hpp"

namespace rbees::ctl {
namespace {

Checked<void> refuse(const Flag& flag, std::string_view value, std::string_view what, std::string hint = {}) {
    return usage_error(fmt::format("{} {}: {}", flag.name, value, what), std::move(hint));
}

Checked<void> check_whole_number(const Flag& flag, const std::string& value, std::int64_t least) {
    const auto number = parse_whole<std::int64_t>(value);
    if (number && *number >= least) return {};
    return refuse(flag, value, fmt::format("must be a whole number from {}", least));
}

Checked<void> check_duration(const Flag& flag, const std::string& value) {
    const auto duration = parse_duration(value);
    if (!duration) return refuse(flag, value, duration.error().message, duration.error().remedy);
    if (*duration <= Duration::zero()) return refuse(flag, value, "must be longer than 0s");
    return {};
}

}  // namespace

Checked<void> check_value(const Flag& flag, const std::string& value) {
    switch (flag.kind) {
        case ValueKind::none:
            return {};
        case ValueKind::text:
            if (value.empty()) return refuse(flag, "''", "must not be empty");
            return check_choice(flag.name, flag.choices, value);
        case ValueKind::whole_number:
            return check_whole_number(flag, value, 1);
        case ValueKind::whole_from_zero:
            return check_whole_number(flag, value, 0);
        case ValueKind::number: {
            const auto number = parse_real(value);
            if (!number || *number < 0) return refuse(flag, value, "must be a number from 0");
            return {};
        }
        case ValueKind::duration:
            return check_duration(flag, value);
        case ValueKind::endpoints:
            return check_listener(value);
    }
    return {};
}

Checked<void> check_choice(std::string_view name, std::string_view choices, std::string_view value) {
    bool is_known = choices.empty();
    std::string listed;
    for_each_choice(choices, [&](std::string_view choice) {
        is_known = is_known || choice == value;
        listed += fmt::format("{}{}", listed.empty() ? "" : ", ", choice);
    });
    if (is_known) return {};
    return usage_error(fmt::format("{} {}: must be one of {}", name, value, listed));
}

}  // namespace rbees::ctl
