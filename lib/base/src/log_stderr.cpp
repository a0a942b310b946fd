#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "log_sink.hpp"

namespace rbees {

LogSink::Write write_to_stderr() {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
    // The message is the whole line: spdlog adds the line's end only, so that line and end leave in one write.
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc));
    return [sink](std::string_view line) {
        const spdlog::string_view_t text(line.data(), line.size());
        sink->log(spdlog::details::log_msg("rbees", spdlog::level::info, text));
    };
}

}  // namespace rbees
