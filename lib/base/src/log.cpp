#include "rbees/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "json_text.hpp"
#include "log_sink.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/time.hpp"

namespace rbees {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};

void append_member(std::string& line, std::string_view name, std::string_view text) {
    line += line.empty() ? '{' : ',';
    append_json_string(line, name);
    line += ':';
    append_json_string(line, text);
}

void append_field(std::string& line, const LogField& field) {
    if (field.kind == LogField::Kind::text) return append_member(line, field.name, field.value);
    line += ',';
    append_json_string(line, field.name);
    line += ':';
    line += field.value;
}

}  // namespace

std::string_view name_of(LogLevel level) {
    return level_names.at(static_cast<std::size_t>(level));
}

Result<LogLevel> parse_log_level(std::string_view text) {
    std::string word(text);
    std::ranges::transform(word, word.begin(),
                           [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (word == "warn") word = "warning";
    const auto name = std::ranges::find(level_names, word);
    if (name == level_names.end()) {
        return fail(fmt::format("'{}' is not a log level", text), "use debug, info, warning or error");
    }
    return static_cast<LogLevel>(name - level_names.begin());
}

Logger Logger::to_function(LogLevel level, std::function<void(std::string_view line)> write) {
    RBEES_ASSERT(write != nullptr);
    Logger logger;
    logger.sink_ = std::make_shared<LogSink>(level, std::move(write));
    return logger;
}

Logger Logger::module(std::string_view name) const {
    Logger logger = *this;
    logger.module_ = name;
    return logger;
}

void Logger::write(LogLevel level, std::string_view message, Fields fields) const {
    if (!sink_ || !sink_->wants(level)) return;
    std::string line;
    append_member(line, "ts", to_rfc3339(wall_now()));
    append_member(line, "lvl", name_of(level));
    append_member(line, "mod", module_);
    append_member(line, "msg", message);
    for (const auto& field : fields) {
        append_field(line, field);
    }
    line += '}';
    sink_->put(line);
}

}  // namespace rbees
