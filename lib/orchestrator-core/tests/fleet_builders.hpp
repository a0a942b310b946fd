#pragma once
/// @file
/// Nodes, workers, facts and reports for tests of the fleet: plain ones by name, and any by rapidcheck.

#include <rapidcheck.h>

#include <chrono>
#include <string>
#include <vector>

#include "rbees/contracts/nodes.hpp"
#include "rbees/orchestrator_core/fleet.hpp"

namespace rbees::orchestrator {

inline Node make_node(const std::string& id) {
    Node node;
    node.id = NodeId(id);
    node.name = "host of " + id;
    node.url = "http://127.0.0.1:9200";
    node.version = "0.1.0";
    return node;
}

/// One that is ordered and starts.
inline Worker make_worker(const std::string& id, const std::string& node) {
    Worker worker;
    worker.id = WorkerId(id);
    worker.node = NodeId(node);
    worker.model = ModelId("smollm2");
    return worker;
}

inline ReadyFacts make_facts() {
    return {.url = "http://127.0.0.1:8001",
            .slots = 4,
            .context = Tokens(8192),
            .kind = contracts::ModelKind::chat,
            .model_hash = "sha256:00"};
}

inline contracts::WorkerReport make_report(const std::string& id, contracts::WorkerState state) {
    contracts::WorkerReport report;
    report.worker_id = WorkerId(id);
    report.model = ModelId("smollm2");
    report.state = state;
    if (state != contracts::WorkerState::ready) return report;
    report.url = make_facts().url;
    report.slots = make_facts().slots;
    report.context = make_facts().context;
    report.kind = make_facts().kind;
    report.model_hash = make_facts().model_hash;
    return report;
}

inline contracts::NodeStatus make_status(std::uint64_t sequence, std::vector<contracts::WorkerReport> workers = {}) {
    contracts::NodeStatus status;
    status.sequence = sequence;
    status.workers = std::move(workers);
    return status;
}

/// Decides the command and makes its records true.
inline FleetOutcome decide_and_apply(Fleet& fleet, const FleetCommand& command) {
    auto outcome = fleet.decide(command);
    if (!outcome) return outcome;
    for (const auto& record : outcome->records) {
        fleet.apply(record);
    }
    return outcome;
}

// Few ids, so that commands meet.

inline std::string any_node_id() {
    return *rc::gen::element<std::string>("n1", "n2", "n3");
}

inline std::string any_worker_id() {
    return *rc::gen::element<std::string>("w1", "w2", "w3", "w4");
}

inline std::string any_text() {
    return *rc::gen::element<std::string>("", "plain", "a \"quoted\" \\ one", "line\nbreak\x01",
                                          "gr\u00fc\u00dfe \U0001f41d");
}

inline WallTime any_time() {
    return WallTime{std::chrono::milliseconds(*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000))};
}

inline Node any_node(const NodeId& id) {
    auto node = make_node(id.str());
    node.kind = *rc::gen::element(contracts::NodeKind::pool, contracts::NodeKind::tool, contracts::NodeKind::memory);
    node.name = any_text();
    node.draining = *rc::gen::weightedElement<bool>({{1, true}, {5, false}});
    node.registered_at = any_time();
    return node;
}

/// One in any state, with any of what is known of it.
inline Worker any_worker(const std::string& id, const std::string& node) {
    using enum contracts::WorkerState;
    auto worker = make_worker(id, node);
    worker.state = *rc::gen::element(starting, ready, draining, failed, stopped);
    worker.created_at = any_time();
    if (*rc::gen::arbitrary<bool>()) {
        worker.slots = *rc::gen::arbitrary<std::uint32_t>();
        worker.context = Tokens(*rc::gen::arbitrary<std::uint64_t>());
        worker.kind = contracts::ModelKind::rerank;
    }
    if (*rc::gen::arbitrary<bool>()) {
        worker.url = any_text();
        worker.model_hash = any_text();
    }
    if (*rc::gen::arbitrary<bool>()) {
        worker.reason = any_text();
        worker.error_code = contracts::ErrorCode::MODEL_LOAD_FAILED;
    }
    return worker;
}

}  // namespace rbees::orchestrator
