/// @file
/// rbees-orcd: the orchestrator, or with --supervise the parent that restarts it.

#include <cstdio>
#include <utility>

#include "orcd.hpp"
#include "rbees/base/home.hpp"
#include "rbees/base/log.hpp"
#include "rbees/process/signals.hpp"
#include "settings.hpp"
#include "supervisor.hpp"

int main(int argc, char** argv) {
    using namespace rbees;
    auto settings = orcd::read_settings(argc, argv, process_environment());
    if (!settings) {
        std::fputs(settings.error().text.c_str(), settings.error().code == orcd::ExitCode::ok ? stdout : stderr);
        return static_cast<int>(settings.error().code);
    }
    process::ignore_sigpipe();
    const auto log = Logger::to_stderr(settings->log_level);
    const auto code = settings->mode == orcd::Mode::supervise ? orcd::run_supervisor(*settings, log)
                                                              : orcd::run_orcd(std::move(*settings), log);
    return static_cast<int>(code);
}
