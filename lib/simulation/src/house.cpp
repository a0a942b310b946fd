#include "house.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "rbees/simulation/run.hpp"

namespace rbees::simulation {
namespace {

using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;

/// Between two looks of somebody who wants so many workers running.
constexpr Duration look_interval = 5s;

/// When faults have ended, everything must come to rest within this time.
constexpr Duration rest_limit = 30min;

/// At one moment of virtual time.
constexpr std::uint32_t steps_at_once_max = 100'000;

/// More than a lease, and than a message may be late: what nobody wants has ended then.
constexpr Duration lease_margin = 90s;

}  // namespace

House::House(const Plan& plan, Keeping keeping) : plan_(plan), stage_(plan_, keeping), orcd_(stage_, *this) {
    for (std::uint32_t number = 0; number < plan_.options.nodes; ++number) {
        nodes_.push_back(std::make_unique<PoolNode>(stage_, orcd_, number));
    }
    for (const auto& client : plan_.clients) {
        const auto number = static_cast<std::uint32_t>(clients_.size());
        clients_.push_back(std::make_unique<Client>(stage_, orcd_, client, number));
    }
}

House::~House() {
    orcd_.die();
    stage_.agenda.clear();
}

PoolNode* House::node(const std::string& url) {
    const auto found = std::ranges::find_if(nodes_, [&](const auto& node) { return node->url() == url; });
    return found == nodes_.end() ? nullptr : found->get();
}

WorkerProcess* House::worker(const std::string& url) {
    for (const auto& node : nodes_) {
        const auto found = node->workers().find(url);
        if (found != node->workers().end()) return found->second.get();
    }
    return nullptr;
}

Outcome House::run() {
    orcd_.start();
    for (const auto& node : nodes_) {
        node->start();
    }
    enter_clients();
    enter_faults();
    stage_.agenda.after(look_interval, [this] { keep_workers(); });
    const auto calm_at = Agenda::start + plan_.options.disturbed;
    while (step() && (stage_.agenda.now() < calm_at || stage_.agenda.steps() < plan_.options.steps_min)) {
    }
    calm_down();
    const auto limit = stage_.agenda.now() + rest_limit;
    while (!is_at_rest() && stage_.agenda.now() < limit && step()) {
    }
    const auto until = stage_.agenda.now() + lease_margin;
    while (stage_.agenda.now() < until && step()) {
    }
    check_rest();
    Outcome outcome;
    outcome.seed = plan_.seed;
    outcome.violation = stage_.verdict.violation();
    outcome.steps = stage_.agenda.steps();
    outcome.virtual_time = stage_.agenda.now() - Agenda::start;
    outcome.trace_hash = stage_.trace.hash();
    outcome.counts = stage_.counts;
    outcome.trace = stage_.trace.lines();
    fill_waits(outcome);
    return outcome;
}

/// False when nothing more is to happen, or something was found wrong.
bool House::step() {
    if (stage_.verdict.violation()) return false;
    const auto before = stage_.agenda.now();
    const bool is_done = stage_.agenda.step();
    still_ = before == stage_.agenda.now() ? still_ + 1 : 0;
    if (still_ > steps_at_once_max) stage_.verdict.wrong("standstill", "things happen for ever, and time stands still");
    return is_done;
}

void House::enter_clients() {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        stage_.agenda.at(Agenda::start + plan_.clients[i].at, [this, i] { clients_[i]->start(); });
    }
}

void House::enter_faults() {
    for (const auto& fault : plan_.faults) {
        stage_.agenda.at(Agenda::start + fault.at, [this, &fault] { befall(fault); });
    }
}

void House::keep_workers() {
    orcd_.keep_workers();
    stage_.agenda.after(look_interval, [this] { keep_workers(); });
}

/// All faults are over, and what died starts again.
void House::calm_down() {
    if (stage_.verdict.violation()) return;
    is_calm_ = true;
    stage_.note("house", "faults are over");
    stage_.network.heal_all();
    stage_.network.weather = {};
    orcd_.disk().commit_time = plan_.options.commit_time;
    orcd_.disk().heal();
    orcd_.process().thaw();
    orcd_.start();
    for (const auto& node : nodes_) {
        node->loads_fail = false;
        node->process().thaw();
        if (!node->process().is_up()) node->start();
        for (const auto& [url, worker] : node->workers()) {
            worker->process().thaw();
        }
    }
}

bool House::is_at_rest() const {
    const auto is_done = [](const auto& client) { return client->is_done(); };
    return stage_.ledger.open() == 0 && std::ranges::all_of(clients_, is_done) && !orcd_.unrest();
}

std::string House::unrest() const {
    for (const auto& client : clients_) {
        if (!client->is_done()) return client->name() + " waits for " + client->state();
    }
    for (const auto& [id, facts] : stage_.ledger.jobs()) {
        if (!facts.has_ended) return fmt::format("job {} has not ended", id.str());
    }
    return orcd_.unrest().value_or("nothing");
}

void House::check_rest() {
    if (stage_.verdict.violation()) return;
    if (!is_at_rest()) return stage_.verdict.wrong("rest", "when all faults were over: " + unrest());
    for (const auto& node : nodes_) {
        for (const auto& [url, worker] : node->workers()) {
            if (worker->executions() == 0 && worker->running() == 0) continue;
            return stage_.verdict.wrong("leases", fmt::format("{} still has {} executions, and generates {}", url,
                                                              worker->executions(), worker->running()));
        }
    }
}

void House::fill_waits(Outcome& outcome) const {
    for (const auto& [id, facts] : stage_.ledger.jobs()) {
        ++outcome.counts[facts.has_ended ? "jobs ended" : "jobs open"];
        outcome.counts["attempts"] += facts.attempt;
        outcome.counts["tokens"] += facts.tokens;
        if (!facts.dispatched_at) continue;
        const bool is_batch = facts.job.priority == contracts::Priority::batch;
        (is_batch ? outcome.waits.batch : outcome.waits.interactive).push_back(*facts.dispatched_at - facts.queued_at);
    }
}

Outcome run(const Plan& plan, Keeping keeping) {
    return House(plan, keeping).run();
}

}  // namespace rbees::simulation
