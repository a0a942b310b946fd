#include "workers/preparation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "limits.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/random.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/pool_core/port_choice.hpp"
#include "workers/preflight.hpp"

namespace rbees::poold {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using contracts::SpawnWorker;

Problem missing_model(const ModelId& id) {
    return {.code = ErrorCode::MODEL_NOT_FOUND,
            .detail = fmt::format("the model {} is not on this node's disk", id.str()),
            .hint = fmt::format("rbees models pull {}", id.str())};
}

Problem too_many() {
    return {.code = ErrorCode::WORKER_START_FAILED,
            .detail = fmt::format("{} workers run on this node already, as many as it runs", limits::workers),
            .hint = "stop one: rbees workers list shows them, rbees workers stop WORKER",
            .limit = "workers",
            .retry_after_ms = std::chrono::duration_cast<std::chrono::milliseconds>(limits::workers_retry).count()};
}

std::expected<void, Problem> find_model(const SpawnWorker& order, const Surroundings& around, LiveWorker& worker) {
    if (pool::is_simulated(order.model)) {
        worker.order.model_path = order.model.str();
        return {};
    }
    const auto* model = around.store.find(order.model);
    if (model == nullptr) return std::unexpected(missing_model(order.model));
    const auto path = around.store.path_of(order.model);
    if (!path) {
        return std::unexpected(
            Problem{.code = ErrorCode::MODEL_LOAD_FAILED, .detail = path.error().message, .hint = path.error().remedy});
    }
    worker.order.model_path = path->native();
    worker.order.chat_template = around.store.chat_template_of(order.model);
    worker.record.model_hash = model->sha256;
    worker.file_size = model->size;
    return {};
}

std::expected<void, Problem> find_place(const SpawnWorker& order, const Surroundings& around, LiveWorker& worker) {
    const auto device = choose_device(around.devices, order.device);
    if (!device) return std::unexpected(device.error());
    Bytes promised;
    for (const auto& other : around.workers) {
        const bool is_loading = other->life.phase == pool::Phase::starting && other->record.device == device->id;
        if (is_loading) promised += other->expected_memory;
    }
    if (worker.file_size > Bytes(0)) {
        worker.expected_memory = expected_memory(worker.file_size, device->kind);
        auto fits = check_memory(order.model, worker.expected_memory, promised, *device);
        if (!fits) return fits;
    }
    const auto port = choose_port(around.workers, around.other_ports, around.is_port_free);
    if (!port) return std::unexpected(Problem{.code = ErrorCode::WORKER_START_FAILED, .detail = no_port_left});
    worker.record.port = *port;
    worker.record.device = device->id;
    return {};
}

}  // namespace

std::optional<std::uint16_t> choose_port(const LiveWorkers& workers, const std::set<std::uint16_t>& other_ports,
                                         const std::function<bool(std::uint16_t)>& is_port_free) {
    auto taken = other_ports;
    for (const auto& worker : workers) {
        if (!pool::is_over(worker->life.phase)) taken.insert(worker->record.port);
    }
    return pool::choose_worker_port(taken, is_port_free);
}

std::shared_ptr<LiveWorker> find_worker(const LiveWorkers& workers, const WorkerId& id) {
    const auto found = std::ranges::find_if(workers, [&](const auto& each) { return each->record.worker_id == id; });
    return found == workers.end() ? nullptr : *found;
}

std::optional<WorkerId> owner_of(const LiveWorkers& workers, std::string_view secret) {
    for (const auto& worker : workers) {
        const auto& own = worker->record.secret;
        if (!own.empty() && equal_in_constant_time(own, secret)) return worker->record.worker_id;
    }
    return std::nullopt;
}

std::size_t running(const LiveWorkers& workers) {
    return static_cast<std::size_t>(
        std::ranges::count_if(workers, [](const auto& each) { return !pool::is_over(each->life.phase); }));
}

std::set<WorkerId> running_ids(const LiveWorkers& workers) {
    std::set<WorkerId> ids;
    for (const auto& worker : workers) {
        if (!pool::is_over(worker->life.phase)) ids.insert(worker->record.worker_id);
    }
    return ids;
}

std::set<std::uint16_t> running_ports(const LiveWorkers& workers) {
    std::set<std::uint16_t> ports;
    for (const auto& worker : workers) {
        if (!pool::is_over(worker->life.phase)) ports.insert(worker->record.port);
    }
    return ports;
}

void forget_old(LiveWorkers& workers, std::size_t finished_max) {
    const auto is_over = [](const auto& each) { return pool::is_over(each->life.phase); };
    while (workers.size() - running(workers) > finished_max) {
        workers.erase(std::ranges::find_if(workers, is_over));
    }
}

std::optional<Instant> next_deadline(const LiveWorkers& workers) {
    std::optional<Instant> next;
    for (const auto& worker : workers) {
        const auto& deadline = worker->life.deadline;
        if (deadline && (!next || *deadline < *next)) next = deadline;
    }
    return next;
}

std::shared_ptr<LiveWorker> recorded_worker(WorkerRecord record, const pool::WorkerLimits& limits) {
    auto worker = std::make_shared<LiveWorker>();
    worker->life.limits = limits;
    worker->record = std::move(record);
    return worker;
}

std::expected<std::shared_ptr<LiveWorker>, Problem> prepare_worker(const SpawnWorker& order,
                                                                   const Surroundings& around) {
    // An id names a file of ours, too.
    if (!is_valid_id(order.worker_id.str()) || order.worker_id.str().starts_with('.')) {
        return std::unexpected(Problem{.code = ErrorCode::INVALID_PARAMS, .detail = "worker_id is not a valid id"});
    }
    if (running(around.workers) >= limits::workers) {
        return std::unexpected(too_many());
    }
    auto worker = std::make_shared<LiveWorker>();
    worker->life.limits = around.settings.limits;
    worker->record = {.worker_id = order.worker_id, .model = order.model, .secret = random_secret()};
    if (auto found = find_model(order, around, *worker); !found) return std::unexpected(found.error());
    if (auto placed = find_place(order, around, *worker); !placed) return std::unexpected(placed.error());
    worker->order.record = worker->record;
    worker->order.callback_url = around.callback_url;
    worker->order.slots = order.slots.value_or(around.settings.slots);
    const auto context = order.context ? order.context->value : around.settings.context;
    if (context > 0) worker->order.context = context;
    if (around.settings.threads > 0) worker->order.threads = around.settings.threads;
    worker->order.program = around.settings.program;
    worker->order.log_file = around.settings.logs / ("worker-" + order.worker_id.str() + ".log");
    worker->order.log_level = around.settings.log_level;
    worker->order.lease = around.settings.lease;
    worker->order.log_limits = around.settings.log_limits;
    return worker;
}

}  // namespace rbees::poold
