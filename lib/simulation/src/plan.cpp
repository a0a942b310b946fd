#include "rbees/simulation/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "answer.hpp"
#include "rbees/reflect/describe.hpp"
#include "rbees/simulation/random.hpp"

namespace rbees::simulation {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::uint32_t owners = 3;
constexpr std::uint32_t sessions = 2;  ///< names, of each owner
constexpr std::uint32_t seeds = 1'000'000;

/// How long a fault of that kind lasts.
std::pair<Duration, Duration> span_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::orcd_crash:
        case FaultKind::torn_commit:
        case FaultKind::failed_commit:
        case FaultKind::everything_crash:
            return {100ms, 4s};
        case FaultKind::pool_crash:
        case FaultKind::node_reboot:
            return {200ms, 20s};
        case FaultKind::worker_freeze:
            return {500ms, 120s};  // a lease is 60 s; a worker that is silent for 100 s is killed
        case FaultKind::cut_both:
        case FaultKind::cut_to_node:
        case FaultKind::cut_from_node:
            return {500ms, 90s};  // a lease is 60 s
        default:
            return {500ms, 20s};
    }
}

Fault draw_fault(const Options& options, Random& random) {
    constexpr auto kinds = static_cast<std::uint64_t>(FaultKind::late_command) + 1;
    Fault fault;
    fault.kind = static_cast<FaultKind>(random.below(kinds));
    fault.at = random.between(5s, options.disturbed);
    fault.target = static_cast<std::uint32_t>(random.below(std::max(options.workers, options.nodes)));
    const auto [shortest, longest] = span_of(fault.kind);
    fault.lasts = random.between(shortest, longest);
    fault.amount = random.below(1'000);
    return fault;
}

ClientPlan draw_client(const Options& options, Random& random) {
    ClientPlan client;
    client.at = random.between(1s, options.disturbed);
    client.kind = random.chance(options.chat_per_mille) ? ClientKind::chat : ClientKind::task;
    const auto word = random.chance(100) ? PlannedAnswer::whole_word : std::string_view("tale");
    client.prompt = fmt::format("Tell a {} {}.", word, random.below(seeds));
    client.tokens_max = static_cast<std::uint32_t>(random.between(1, options.tokens_max));
    client.owner = static_cast<std::uint32_t>(random.below(owners));
    client.model = random.chance(850) ? "sim:a" : "sim:b";
    client.is_batch = random.chance(options.batch_per_mille);
    client.has_key = random.chance(750);
    if (random.chance(500)) client.seed = static_cast<std::uint32_t>(random.below(seeds));
    if (random.chance(300)) client.session = fmt::format("s{}", random.below(sessions));
    if (random.chance(80)) client.deadline = random.between(1s, 60s);
    if (random.chance(80)) client.cancel_after = random.between(10ms, 30s);
    return client;
}

ClientPlan draw_session(const Options& options, Random& random) {
    ClientPlan client;
    client.at = random.between(1s, options.disturbed);
    client.kind = ClientKind::session;
    client.owner = static_cast<std::uint32_t>(random.below(owners));
    client.session = fmt::format("s{}", random.below(sessions));
    if (random.chance(700)) client.budget = random.between(1, 4 * std::uint64_t{options.tokens_max});
    if (random.chance(500)) client.closes_after = random.between(1s, 120s);
    client.cancels_tasks = random.chance(500);
    return client;
}

double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

std::string session_text(const ClientPlan& client) {
    auto text = fmt::format("{:9.3f} s  client opens session {} of owner {}", seconds(client.at), *client.session,
                            client.owner);
    if (client.budget) text += fmt::format(", {} tokens", *client.budget);
    if (client.closes_after) {
        text += fmt::format(", closes it after {:.3f} s{}", seconds(*client.closes_after),
                            client.cancels_tasks ? " with its tasks" : "");
    }
    return text;
}

std::string to_text(const ClientPlan& client) {
    if (client.kind == ClientKind::session) return session_text(client);
    auto text = fmt::format("{:9.3f} s  client {} {}, {} tokens at most, owner {}{}{}", seconds(client.at),
                            client.kind == ClientKind::task ? "task" : "chat", client.model, client.tokens_max,
                            client.owner, client.is_batch ? ", batch" : "", client.has_key ? ", key" : "");
    if (client.session) text += ", session " + *client.session;
    if (client.deadline) text += fmt::format(", deadline {:.3f} s", seconds(*client.deadline));
    if (client.cancel_after) text += fmt::format(", cancels after {:.3f} s", seconds(*client.cancel_after));
    return text;
}

}  // namespace

Plan draw_plan(std::uint64_t seed, const Options& options) {
    Plan plan{.seed = seed, .options = options, .faults = {}, .clients = {}};
    Random faults(seed, "faults");
    for (std::uint32_t i = 0; i < options.faults; ++i) {
        plan.faults.push_back(draw_fault(options, faults));
    }
    Random clients(seed, "clients");
    for (std::uint32_t i = 0; i < options.clients; ++i) {
        plan.clients.push_back(draw_client(options, clients));
    }
    Random openers(seed, "sessions");
    for (std::uint32_t i = 0; i < options.sessions; ++i) {
        plan.clients.push_back(draw_session(options, openers));
    }
    std::ranges::sort(plan.faults, {}, &Fault::at);
    std::ranges::sort(plan.clients, {}, &ClientPlan::at);
    return plan;
}

std::string to_text(const Fault& fault) {
    return fmt::format("{:9.3f} s  fault {} of {} for {:.3f} s ({})", seconds(fault.at), reflect::name_of(fault.kind),
                       fault.target, seconds(fault.lasts), fault.amount);
}

std::string to_text(const Plan& plan) {
    auto text =
        fmt::format("seed {}: {} faults, {} clients, {} nodes, {} workers of {} slots\n", plan.seed, plan.faults.size(),
                    plan.clients.size(), plan.options.nodes, plan.options.workers, plan.options.slots);
    for (const auto& fault : plan.faults) {
        text += "  " + to_text(fault) + "\n";
    }
    for (const auto& client : plan.clients) {
        text += "  " + to_text(client) + "\n";
    }
    return text;
}

}  // namespace rbees::simulation
