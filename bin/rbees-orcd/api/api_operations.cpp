#include <boost/asio/post.hpp>
#include <map>

#include "api/api.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/http_api/build.hpp"

namespace rbees::orcd {
namespace {

using contracts::Readiness;

contracts::Health health_now() {
    return {.status = "healthy",
            .node_type = "orchestrator",
            .agent = "rbees-orcd",
            .version = http_api::this_build().version};
}

/// What the disk keeps us from; nothing while all is well.
std::optional<std::string> degraded_by(const store::Journal& journal) {
    if (const auto& cause = journal.read_only_cause()) {
        return "nothing can be recorded, only read: " + cause->message +
               "; when that is mended, rbees-orcd ends and its supervisor starts it anew; without one, start it "
               "yourself";
    }
    switch (journal.space()) {
        case store::SpaceState::normal:
            return std::nullopt;
        case store::SpaceState::below_watermark:
            return "the disk is nearly full: no new work is accepted (storage.watermark)";
        case store::SpaceState::closing_only:
            return "the disk is nearly full: only what ends something is recorded";
        case store::SpaceState::read_only:
            break;
    }
    return "the disk is full: nothing is recorded until there is room again";
}

Readiness readiness_of(Control& control) {
    const auto& fleet = control.fleet();
    Readiness readiness;
    if (auto cause = degraded_by(control.journal())) readiness.degraded = {std::move(*cause)};
    readiness.nodes = fleet.view().nodes;
    readiness.workers = static_cast<std::uint32_t>(fleet.view().workers.size());
    if (readiness.nodes == 0) readiness.reasons.emplace_back("no pool manager is connected");
    readiness.ready = readiness.reasons.empty();
    return readiness;
}

/// What only the control thread knows, for a scrape.
struct Gauges {
    std::vector<http_api::GaugeValue> waiting;
    double busy = 0;
    std::vector<http_api::GaugeValue> nodes;
    std::vector<http_api::GaugeValue> models;
    store::JournalMetrics journal;
};

Gauges gauges_of(Control& control) {
    Gauges gauges;
    const auto batch = static_cast<double>(control.demand().waiting_batch());
    gauges.waiting = {{{"interactive"}, static_cast<double>(control.demand().waiting()) - batch}, {{"batch"}, batch}};
    std::map<std::string, double> loaded;
    for (const auto& worker : control.fleet().view().workers) {
        gauges.busy += worker.slots->used();
        loaded[worker.model.str()] += 1;
    }
    for (const auto& [model, count] : loaded) {
        gauges.models.push_back({{model}, count});
    }
    for (const auto& [id, node] : control.fleet().presence().nodes()) {
        gauges.nodes.push_back({{id.str()}, node.state == contracts::NodeState::ready ? 1.0 : 0.0});
    }
    gauges.journal = control.journal().metrics();
    return gauges;
}

}  // namespace

void Api::bind_operations(http_api::Handlers& handlers) {
    handlers.answer("health", [](const http_api::Call&) { return http_api::json_answer(200, health_now()); });
    handlers.bind("ready", [this](http_api::Call& call) { return ready(call); });
    handlers.bind("metrics", [this](http_api::Call& call) { return scrape(call); });
    handlers.answer("openapi", [](const http_api::Call&) {
        auto document = contracts::openapi(contracts::orcd_routes(), "rbees-orcd", http_api::this_build().version);
        return http_api::json_text_answer(200, reflect::to_text(std::move(document)));
    });
    handlers.answer("version", [](const http_api::Call&) {
        auto version = http_api::this_build();
        version.journal_schema = store::journal_format();
        return http_api::json_answer(200, version);
    });
    handlers.answer("shutdown", [this](const http_api::Call& call) {
        // After the answer is on its way: draining waits for it.
        boost::asio::post(io_, shut_down_);
        return http_api::empty_answer(call.route.status);
    });
}

net::Task<void> Api::ready(http_api::Call& call) {
    std::function<void(Answerer<Readiness>)> question = [&control = control_](auto reply) {
        reply(readiness_of(control));
    };
    const auto readiness = co_await ask<Readiness>(control_.io(), std::move(question));
    auto response = http_api::json_answer(readiness.ready ? 200 : 503, readiness);
    if (!readiness.ready) response.headers.set("Retry-After", "1");
    co_await call.exchange.respond(std::move(response));
}

net::Task<void> Api::scrape(http_api::Call& call) {
    std::function<void(Answerer<Gauges>)> question = [&control = control_](auto reply) { reply(gauges_of(control)); };
    const auto gauges = co_await ask<Gauges>(control_.io(), std::move(question));
    metrics_.replace("orchd_queue_depth", gauges.waiting);
    metrics_.set("orchd_worker_connections_active", gauges.busy);
    metrics_.replace("rbees_node_up", gauges.nodes);
    metrics_.replace("rbees_model_loaded", gauges.models);
    metrics_.set("rbees_journal_records", static_cast<double>(gauges.journal.records));
    metrics_.set("rbees_journal_commits", static_cast<double>(gauges.journal.transactions));
    auto response = metrics_.answer();
    co_await call.exchange.respond(std::move(response));
}

}  // namespace rbees::orcd
