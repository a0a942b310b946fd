#pragma once
/// @file
/// Structured logs: one JSON object a line with `ts, lvl, mod, msg` and named fields. Never prompts, tokens or secrets.
///
/// A `Logger` is a value that is handed down from `main`; there is no global one. A default-made Logger is silent, so
/// parts under test need none. Thread-safe; lines are written whole.

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rbees/base/failure.hpp"

namespace rbees {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// "debug", "info", "warning" or "error".
[[nodiscard]] std::string_view name_of(LogLevel level);

/// Reads these names and "warn", in any case.
[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view text);

/// One named value of a line: text, or a number that stays a number in JSON.
struct LogField {
    enum class Kind : std::uint8_t { text, number };

    std::string_view name;
    std::string value;
    Kind kind = Kind::text;

    LogField(std::string_view name_, std::string value_) : name(name_), value(std::move(value_)) {}
    LogField(std::string_view name_, const char* value_) : name(name_), value(value_) {}
    LogField(std::string_view name_, std::string_view value_) : name(name_), value(value_) {}

    template <std::integral Number>
        requires(!std::same_as<Number, bool>)
    LogField(std::string_view name_, Number value_) : name(name_), value(std::to_string(value_)), kind(Kind::number) {}
};

class LogSink;

class Logger {
  public:
    using Fields = std::initializer_list<LogField>;

    /// A silent logger.
    Logger() = default;

    /// Hands each line of at least `level` to `write`, without its end, under a lock. Daemons write to stderr
    /// (daemon/log_file.hpp), tests to a variable.
    [[nodiscard]] static Logger to_function(LogLevel level, std::function<void(std::string_view line)> write);

    /// The same sink under another module name.
    [[nodiscard]] Logger module(std::string_view name) const;

    void debug(std::string_view message, Fields fields = {}) const { write(LogLevel::debug, message, fields); }
    void info(std::string_view message, Fields fields = {}) const { write(LogLevel::info, message, fields); }
    void warning(std::string_view message, Fields fields = {}) const { write(LogLevel::warning, message, fields); }
    void error(std::string_view message, Fields fields = {}) const { write(LogLevel::error, message, fields); }

  private:
    void write(LogLevel level, std::string_view message, Fields fields) const;

    std::shared_ptr<LogSink> sink_;
    std::string module_ = "main";
};

}  // namespace rbees
