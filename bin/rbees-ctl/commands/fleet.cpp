#include <fmt/format.h>

#include <vector>

#include "commands/handlers.hpp"
#include "commands/listing.hpp"
#include "output/words.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::ctl {
namespace {

using contracts::NodeState;
using contracts::NodeView;
using contracts::WorkerState;
using contracts::WorkerView;

Cell state_of(const WorkerView& worker) {
    if (worker.orphan) return {"orphan", Tone::warning};
    const auto name = reflect::name_of(worker.state);
    switch (worker.state) {
        case WorkerState::ready:
            return {name, Tone::good};
        case WorkerState::starting:
            return {fmt::format("loading {}", percent(worker.load_progress)), Tone::warning};
        case WorkerState::failed:
            return {name, Tone::bad};
        case WorkerState::draining:
        case WorkerState::stopped:
            return name;
    }
    return name;
}

Cell state_of(const NodeView& node) {
    const auto name = reflect::name_of(node.state);
    if (node.state == NodeState::ready) return {name, Tone::good};
    return {node.reason.empty() ? std::string(name) : fmt::format("{}: {}", name, node.reason), Tone::warning};
}

Table table_of_workers(const std::vector<WorkerView>& workers, Terminal reader) {
    Table table{.heading = {"ID", "MODEL", "STATE", "BUSY", "NODE", "PID", "STARTED"}, .rows = {}};
    for (const auto& worker : workers) {
        // Of a stranger nobody knows when it started.
        const auto started = worker.orphan ? "" : time_in_words(worker.started_at, wall_now(), reader);
        table.rows.push_back({worker.id.str(), worker.model.str(), state_of(worker),
                              fmt::format("{}/{}", worker.slots_busy, worker.slots), worker.node.str(),
                              worker.pid ? std::to_string(*worker.pid) : "", started});
    }
    return table;
}

Table table_of_nodes(const std::vector<NodeView>& nodes, Terminal reader) {
    Table table{.heading = {"ID", "NAME", "KIND", "STATE", "WORKERS", "MODELS", "SINCE"}, .rows = {}};
    for (const auto& node : nodes) {
        table.rows.push_back({node.id.str(), node.name, reflect::name_of(node.kind), state_of(node),
                              std::to_string(node.workers.size()), std::to_string(node.models.size()),
                              time_in_words(node.registered_at, wall_now(), reader)});
    }
    return table;
}

}  // namespace

Outcome run_workers_list(Session& session, const Arguments& /*arguments*/) {
    return show_list(session, "/v2/workers", table_of_workers,
                     "no worker runs; the first request for a model starts one");
}

Outcome run_workers_get(Session& session, const Arguments& arguments) {
    return show_one<WorkerView>(session, path_of("/v2/workers", arguments.required("WORKER")));
}

Outcome run_workers_stop(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto worker = (*api)->remove<WorkerView>(path_of("/v2/workers", arguments.required("WORKER")));
    if (!worker) return std::unexpected(worker.error());
    session.console().answer(reflect::to_json(*worker), fmt::format("worker {} of {} finishes its work and stops\n",
                                                                    worker->id.str(), worker->model.str()));
    return ExitCode::ok;
}

Outcome run_nodes_list(Session& session, const Arguments& /*arguments*/) {
    return show_list(session, "/v2/nodes", table_of_nodes,
                     "no node is registered; `rbees doctor` looks for the reason");
}

Outcome run_nodes_get(Session& session, const Arguments& arguments) {
    return show_one<NodeView>(session, path_of("/v2/nodes", arguments.required("NODE")));
}

}  // namespace rbees::ctl
