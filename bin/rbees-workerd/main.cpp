/// @file
/// rbees-workerd: one model, loaded once, served over HTTP.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "command_line.hpp"
#include "engine_choice.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/home.hpp"
#include "rbees/net/server.hpp"
#include "rbees/net/task.hpp"
#include "rbees/process/signals.hpp"
#include "rbees/reflect/write.hpp"
#include "secret.hpp"
#include "service.hpp"

namespace {

using namespace rbees;
using workerd::ExitCode;

int exit_with(ExitCode code) {
    return static_cast<int>(code);
}

int fail_with(ExitCode code, const Failure& failure) {
    std::fprintf(stderr, "rbees-workerd: %s\n", describe(failure).c_str());
    return exit_with(code);
}

/// A taken port has a code of its own: the pool manager then chooses another one.
int cannot_listen(const Failure& failure) {
    const auto failed = fail_with(ExitCode::failed, failure);
    return net::is_port_taken(failure) ? contracts::worker_exit_port_taken : failed;
}

/// Without destructors: a thread may be inside the engine, where nothing can stop it.
void leave_at_once(ExitCode code) {
    std::fflush(nullptr);
    std::_Exit(exit_with(code));
}

int serve(workerd::Settings settings, std::string secret, const Logger& log) {
    net::IoContext io(1);
    auto loader = workerd::engine_for(settings.plan.model_path, log.module("engine"));
    pool::ExecutionLimits executions{.lease = settings.lease};
    workerd::Service service(io, std::move(settings), std::move(secret),
                             {.loader = std::move(loader),
                              .leave_at_once = leave_at_once,
                              .log = log,
                              .patience = {},
                              .executions = executions});
    const process::SignalWatch signals(
        io, {.drain = [&] { service.drain(); }, .stop_now = [&] { service.stop_now(); }, .hang_up = {}});
    const auto port = service.start();
    if (!port) return cannot_listen(port.error());
    io.run();
    if (service.failure()) return fail_with(service.exit_code(), *service.failure());
    return exit_with(service.exit_code());
}

}  // namespace

int main(int argc, char** argv) {
    if (workerd::asks_for_devices(argc, argv)) {
        std::puts(reflect::to_json_text(workerd::engine_devices()).c_str());
        return exit_with(ExitCode::ok);
    }
    auto settings = workerd::parse_command_line(argc, argv);
    if (!settings) return daemon::leave(settings.error());
    if (auto armed = arm_crash_points(process_environment()); !armed) return fail_with(ExitCode::failed, armed.error());
    process::ignore_signals_of_writes();
    auto secret = workerd::obtain_secret(settings->secret_fd, settings->worker, process_environment());
    if (!secret) return fail_with(ExitCode::failed, secret.error());
    if (secret->made_in) {
        std::fprintf(stderr, "rbees-workerd: the secret of this worker is in %s\n", secret->made_in->c_str());
    }
    const auto log = daemon::log_to_stderr(settings->log_level, settings->log_limits);
    return serve(std::move(*settings), std::move(secret->text), log);
}
