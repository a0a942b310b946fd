#include "api/api.hpp"
#include "api/storage_failed.hpp"
#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::orcd {
namespace {

using contracts::WorkerView;

/// A worker that is in memory, or one that has ended and lies in the store.
Checked<WorkerView> find_worker(Control& control, const WorkerId& id) {
    if (auto view = worker_view(control.fleet(), id)) return std::move(*view);
    const auto row = control.reader().entity("worker", id.str());
    if (!row) return std::unexpected(storage_failed(row.error()));
    if (*row) {
        const auto worker = reflect::from_json_text<orchestrator::Worker>((*row)->entity.json);
        if (worker) return control::worker_view_of(*worker);
    }
    return std::unexpected(orchestrator::no_worker(id));
}

}  // namespace

void Api::bind_workers(http_api::Handlers& handlers) {
    handlers.bind("worker_start", [this](http_api::Call& call) { return start_worker(call); });
    handlers.bind("worker", [this](http_api::Call& call) { return one_worker(call); });
    handlers.bind("worker_stop", [this](http_api::Call& call) { return stop_worker(call); });
    handlers.bind("workers", [this](http_api::Call& call) {
        return answer_with<std::vector<WorkerView>>(call, [&control = control_](auto reply) {
            control.fleet().when_durable([&control, reply] { reply(worker_views(control.fleet())); });
        });
    });
}

net::Task<void> Api::start_worker(http_api::Call& call) {
    const auto body = http_api::read_body<contracts::StartWorker>(call.request());
    if (!body) {
        co_await http_api::answer_refused(call, body.error());
        co_return;
    }
    std::function<void(Answerer<Checked<WorkerView>>)> question = [&control = control_, order = *body](auto reply) {
        const auto id = control.fleet().order_worker(order);
        if (!id) return reply(std::unexpected(id.error()));
        control.fleet().when_durable([&control, id = *id, reply] { reply(find_worker(control, id)); });
    };
    co_await answer_with<WorkerView>(call, std::move(question));
}

net::Task<void> Api::one_worker(http_api::Call& call) {
    std::function<void(Answerer<Checked<WorkerView>>)> question = [&control = control_,
                                                                   id = WorkerId(call.parameter("id"))](auto reply) {
        control.fleet().when_durable([&control, id, reply] { reply(find_worker(control, id)); });
    };
    co_await answer_with<WorkerView>(call, std::move(question));
}

net::Task<void> Api::stop_worker(http_api::Call& call) {
    std::function<void(Answerer<Checked<WorkerView>>)> question = [&control = control_,
                                                                   id = WorkerId(call.parameter("id"))](auto reply) {
        control.fleet().retire_worker(id, "it was asked to stop", [&control, id, reply](const Done& done) {
            if (!done) return reply(std::unexpected(done.error()));
            reply(find_worker(control, id));
        });
    };
    co_await answer_with<WorkerView>(call, std::move(question));
}

}  // namespace rbees::orcd
