#include "workers/live_worker.hpp"

#include "rbees/reflect/describe.hpp"
#include "workers/worker_client.hpp"
#include "workers/worker_logs.hpp"

namespace rbees::poold {

contracts::WorkerReport LiveWorker::report(Secrets secrets) const {
    contracts::WorkerReport report{.worker_id = record.worker_id,
                                   .model = record.model,
                                   .state = pool::state_of(life),
                                   .load_progress = life.load_progress};
    if (record.pid > 0 && !pool::is_over(life.phase)) report.pid = record.pid;
    if (!record.device.empty()) report.device = device();
    report.memory = memory;
    if (capabilities && !pool::is_over(life.phase)) {
        report.url = worker_url(record.port);
        report.slots = capabilities->slots;
        report.context = capabilities->context;
        report.kind = capabilities->kind;
        report.model_hash = capabilities->model_hash;
        if (secrets == Secrets::included) report.secret = record.secret;
    }
    if (life.failure) {
        report.reason = life.failure->reason;
        report.error_code = std::string(reflect::name_of(life.failure->code));
    }
    return report;
}

pool::WorkerCommand LiveWorker::hear(const contracts::WorkerReady& report) {
    using contracts::ErrorCode;
    if (report.memory) memory = report.memory;
    if (report.failure) {
        const auto code = reflect::value_of<ErrorCode>(report.error_code.value_or(""));
        return pool::ReportedFailure{{*report.failure, code.value_or(ErrorCode::MODEL_LOAD_FAILED)}};
    }
    if (!report.ready || !report.capabilities) return pool::ReportedProgress{report.load_progress};
    capabilities = report.capabilities;
    return pool::ReportedReady{};
}

std::string LiveWorker::device() const {
    const bool computes_elsewhere =
        capabilities && capabilities->device == contracts::DeviceKind::cpu && record.device != cpu_device_id;
    return computes_elsewhere ? cpu_device_id : record.device;
}

std::vector<CountedEvent> countable(const LiveWorker& worker, contracts::WorkerState state_before,
                                    pool::Phase phase_before) {
    using contracts::WorkerState;
    std::vector<CountedEvent> events;
    const auto state = pool::state_of(worker.life);
    if (state_before == WorkerState::starting && state == WorkerState::ready) events.push_back({"start", "ready"});
    if (state_before == WorkerState::starting && state == WorkerState::failed) events.push_back({"start", "failed"});
    if (!pool::is_over(phase_before) && pool::is_over(worker.life.phase)) {
        events.push_back({"stop", worker.life.failure ? "failed" : "stopped"});
    }
    return events;
}

void log_state(const Logger& log, const LiveWorker& worker) {
    if (worker.life.phase == pool::Phase::starting && worker.life.load_progress > 0) return;
    log.info("worker", {{"worker", worker.record.worker_id.str()},
                        {"model", worker.record.model.str()},
                        {"state", reflect::name_of(pool::state_of(worker.life))},
                        {"why", worker.life.failure ? worker.life.failure->reason : std::string()}});
}

pool::ExitCause cause_of(const process::ExitStatus& status) {
    const process::ExitStatus port_taken{process::ExitStatus::Kind::exited, contracts::worker_exit_port_taken};
    return status == port_taken ? pool::ExitCause::port_taken : pool::ExitCause::other;
}

std::string how_it_ended(const LiveWorker& worker, const process::ExitStatus& status) {
    auto how = process::describe(status);
    if (worker.life.phase != pool::Phase::starting || worker.order.log_file.empty()) return how;
    const auto words = last_words(worker.order.log_file);
    return words.empty() ? how : how + "; its last words: " + words;
}

}  // namespace rbees::poold
