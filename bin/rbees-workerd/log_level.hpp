#pragma once
/// @file
/// How much a worker logs. It reads no configuration file: its pool manager hands down what it needs.

#include "rbees/base/failure.hpp"
#include "rbees/base/home.hpp"
#include "rbees/base/log.hpp"

namespace rbees::workerd {

/// RBEES_LOG_LEVEL, else info. Fails when it is not a level.
[[nodiscard]] inline Result<LogLevel> log_level_of(const Environment& environment) {
    const auto text = environment("RBEES_LOG_LEVEL");
    return text ? parse_log_level(*text) : Result<LogLevel>(LogLevel::info);
}

}  // namespace rbees::workerd
