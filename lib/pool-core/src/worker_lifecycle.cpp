#include "rbees/pool_core/worker_lifecycle.hpp"

#include <algorithm>
#include <cmath>

#include "rbees/base/overloaded.hpp"

namespace rbees::pool {
namespace {

using enum Phase;
using contracts::ErrorCode;
using Effects = std::vector<WorkerEffect>;

bool runs(Phase phase) {
    return phase == silent || phase == starting || phase == ready || phase == draining || phase == terminating ||
           phase == killing;
}

/// One worker and one moment; each function is one command.
class Advance {
  public:
    Advance(Worker& worker, Instant now) : worker_(worker), now_(now) {}

    Effects operator()(const Spawn& /*command*/) {
        if (worker_.phase != idle) return {WorkerEffect::report};
        enter(starting, worker_.limits.start_timeout);
        worker_.launches = 1;
        return {WorkerEffect::launch, WorkerEffect::report};
    }

    Effects operator()(const Found& /*command*/) {
        if (worker_.phase != idle) return {};
        enter(silent);
        return {WorkerEffect::report};
    }

    Effects operator()(const Adopted& /*command*/) {
        if (worker_.phase != idle && worker_.phase != silent) return {};
        worker_.unanswered = 0;
        enter(starting, worker_.limits.start_timeout);
        return {WorkerEffect::report};
    }

    Effects operator()(const LaunchFailed& command) {
        if (worker_.phase != starting) return {};
        worker_.failure = command.failure;
        enter(failed);
        return {WorkerEffect::forget_record, WorkerEffect::report};
    }

    Effects operator()(const ReportedProgress& command) {
        if (worker_.phase != starting || !std::isfinite(command.load_progress)) return {};
        const auto progress = std::clamp(command.load_progress, 0.0, 1.0);
        if (progress <= worker_.load_progress) return {};
        worker_.load_progress = progress;
        return {WorkerEffect::report};
    }

    Effects operator()(const ReportedReady& /*command*/) {
        if (worker_.phase != starting) return {};
        worker_.load_progress = 1;
        enter(ready);
        return {WorkerEffect::report};
    }

    Effects operator()(const Answered& /*command*/) {
        if (worker_.phase == ready) worker_.unanswered = 0;
        return {};
    }

    /// At once with SIGKILL: a process that stands still takes no other signal, and nothing of it is on disk.
    Effects operator()(const Silent& /*command*/) {
        const bool is_asked = worker_.phase == ready || worker_.phase == silent;
        if (!is_asked || ++worker_.unanswered < unanswered_max) return {};
        worker_.failure = {"the worker gave no answer for " + describe(worker_.limits.silence),
                           ErrorCode::WORKER_UNAVAILABLE};
        enter(killing, worker_.limits.terminate_grace);
        return {WorkerEffect::kill, WorkerEffect::report};
    }

    Effects operator()(const ReportedFailure& command) {
        if (worker_.phase != starting) return {};
        worker_.failure = command.failure;
        enter(terminating, worker_.limits.terminate_grace);
        return {WorkerEffect::report};
    }

    Effects operator()(const Exited& command) {
        if (!runs(worker_.phase)) return {};
        if (lost_its_port(command)) {
            ++worker_.launches;
            return {WorkerEffect::relaunch};  // nobody is told: nothing happened to what was ordered
        }
        if (worker_.phase == starting) {
            worker_.failure = {"the worker ended while it loaded the model (" + command.how + ")",
                               ErrorCode::WORKER_START_FAILED};
        } else if (worker_.phase == ready || worker_.phase == silent) {
            worker_.failure = {"the worker died (" + command.how + ")", ErrorCode::WORKER_UNAVAILABLE};
        }
        enter(worker_.failure ? failed : stopped);
        return {WorkerEffect::forget_record, WorkerEffect::report};
    }

    Effects operator()(const Stop& command) {
        const auto grace = std::max(command.grace.value_or(worker_.limits.stop_grace), Duration::zero());
        switch (worker_.phase) {
            case idle:
                enter(stopped);
                return {WorkerEffect::report};
            case silent:
            case starting:
                enter(terminating, worker_.limits.terminate_grace);
                return {WorkerEffect::terminate, WorkerEffect::report};
            case ready:
                enter(draining, grace);
                return {WorkerEffect::ask_shutdown, WorkerEffect::report};
            case draining:
                worker_.deadline = std::min(*worker_.deadline, now_ + grace);
                return {WorkerEffect::report};
            default:
                return {WorkerEffect::report};
        }
    }

    Effects operator()(const ShutdownFailed& /*command*/) {
        if (worker_.phase != draining) return {};
        enter(terminating, worker_.limits.terminate_grace);
        return {WorkerEffect::terminate};
    }

    Effects operator()(const Tick& /*command*/) {
        if (!worker_.deadline || now_ < *worker_.deadline) return {};
        if (worker_.phase == starting) return give_up_loading();
        if (worker_.phase == draining) {
            enter(terminating, worker_.limits.terminate_grace);
            return {WorkerEffect::terminate};
        }
        enter(killing, worker_.limits.terminate_grace);
        return {WorkerEffect::kill};
    }

  private:
    [[nodiscard]] bool lost_its_port(const Exited& exit) const {
        return worker_.phase == starting && exit.cause == ExitCause::port_taken && worker_.launches > 0 &&
               worker_.launches <= relaunches_max;
    }

    Effects give_up_loading() {
        worker_.failure = {"the model was not ready after " + describe(worker_.limits.start_timeout),
                           ErrorCode::WORKER_START_TIMEOUT};
        enter(terminating, worker_.limits.terminate_grace);
        return {WorkerEffect::terminate, WorkerEffect::report};
    }

    void enter(Phase phase) {
        worker_.phase = phase;
        worker_.deadline.reset();
    }

    void enter(Phase phase, Duration time) {
        worker_.phase = phase;
        worker_.deadline = now_ + time;
    }

    Worker& worker_;
    Instant now_;
};

}  // namespace

Step advance(Worker worker, const WorkerCommand& command, Instant now) {
    auto effects = std::visit(Advance(worker, now), command);
    return {std::move(worker), std::move(effects)};
}

contracts::WorkerState state_of(const Worker& worker) {
    using contracts::WorkerState;
    if (worker.failure) return WorkerState::failed;
    switch (worker.phase) {
        case idle:
        case silent:
        case starting:
            return WorkerState::starting;
        case ready:
            return WorkerState::ready;
        case draining:
        case terminating:
        case killing:
            return WorkerState::draining;
        case stopped:
            return WorkerState::stopped;
        case failed:
            return WorkerState::failed;
    }
    return WorkerState::failed;
}

}  // namespace rbees::pool
