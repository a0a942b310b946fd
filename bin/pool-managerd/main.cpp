/// @file
/// pool-managerd: this machine's models and workers, for rbees-orcd.

#include "identity.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/files.hpp"
#include "rbees/process/signals.hpp"
#include "service.hpp"
#include "settings.hpp"

namespace {

using namespace rbees;

constexpr auto program = "pool-managerd";

int fail(const Failure& failure) {
    return static_cast<int>(daemon::fail(program, failure));
}

int serve(poold::Settings settings, poold::Identity identity) {
    const auto log = daemon::log_to_stderr(settings.log_level, settings.log_limits).module("pool");
    net::IoContext io(1);
    poold::Service service(io, std::move(settings), std::move(identity), poold::make_nvml_driver(log), log);
    const process::SignalWatch signals(io, {.drain = [&] { service.drain(contracts::WorkersAtExit::keep); },
                                            .stop_now = [&] { service.stop_now(); },
                                            .hang_up = {}});
    service.start();
    io.run();
    if (service.failure()) return fail(*service.failure());
    return static_cast<int>(poold::ExitCode::ok);
}

}  // namespace

int main(int argc, char** argv) {
    auto settings = poold::read_settings(argc, argv, process_environment());
    if (!settings) return daemon::leave(settings.error());
    if (auto armed = arm_crash_points(process_environment()); !armed) return fail(armed.error());
    process::ignore_signals_of_writes();
    if (auto made = poold::make_folders(settings->home); !made) return fail(made.error());
    const auto lock = FileLock::acquire(settings->home.run / "pool.lock");
    if (!lock)
        return fail({"another pool-managerd runs in this home: " + lock.error().message, "rbees status shows it"});
    auto identity = poold::keep_identity(settings->home);
    if (!identity) return fail(identity.error());
    return serve(std::move(*settings), std::move(*identity));
}
