#include "rbees/kernel/state.hpp"

#include <utility>

#include "rbees/base/overloaded.hpp"
#include "rbees/base/planted.hpp"

namespace rbees::kernel {
namespace {

/// What one domain decided, among what all domains may.
template <class Part, class Whole>
void move_into(std::vector<Whole>& whole, std::vector<Part>& part) {
    for (auto& one : part) {
        whole.emplace_back(std::move(one));
    }
}

std::expected<Decision, contracts::Problem> decide_fleet(const State& state,
                                                         const orchestrator::FleetCommand& command) {
    auto outcome = state.fleet.decide(command);
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    Decision decision;
    move_into(decision.records, outcome->records);
    move_into(decision.effects, outcome->effects);
    return decision;
}

std::expected<Decision, contracts::Problem> decide_access(const State& state,
                                                          const orchestrator::AccessCommand& command) {
    auto outcome = state.access.decide(command);
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    Decision decision;
    move_into(decision.records, *outcome);
    return decision;
}

/// What a job's beginning or end means for its session.
orchestrator::SessionOutcome decide_session_of(const State& state,
                                               const std::vector<orchestrator::JobRecord>& records) {
    for (const auto& record : records) {
        if (const auto* queued = std::get_if<orchestrator::JobQueued>(&record)) {
            const auto& job = queued->job;
            if (!job.session) continue;
            return state.sessions.decide_turn({job.owner, *job.session}, job.held.value_or(Tokens{}), job.submitted_at);
        }
        const auto* ended = std::get_if<orchestrator::JobEnded>(&record);
        const auto* job = ended == nullptr ? nullptr : state.jobs.find(ended->job);
        if (job == nullptr || !job->session) continue;
        if (planted(Bug::lost_spending) && !ended->usage) continue;
        // Without a result nobody counted the prompt: what is stored of the answer is what it spent.
        orchestrator::Spending spending{
            .freed = job->held.value_or(Tokens{}), .prompt = Tokens{}, .answer = job->generated};
        if (ended->usage) {
            spending.prompt = ended->usage->prompt_tokens;
            spending.answer = ended->usage->completion_tokens;
        }
        return state.sessions.decide_spending({job->owner, *job->session}, spending, ended->at);
    }
    return std::vector<orchestrator::SessionRecord>{};
}

std::expected<Decision, contracts::Problem> decide_session(const State& state,
                                                           const orchestrator::SessionCommand& command) {
    auto outcome = state.sessions.decide(command);
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    Decision decision;
    move_into(decision.records, *outcome);
    return decision;
}

std::expected<Decision, contracts::Problem> decide_jobs(const State& state, const orchestrator::JobCommand& command) {
    auto outcome = state.jobs.decide(command);
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    auto in_session = decide_session_of(state, outcome->records);
    if (!in_session) return std::unexpected(std::move(in_session.error()));
    Decision decision;
    move_into(decision.records, outcome->records);
    move_into(decision.records, *in_session);
    move_into(decision.effects, outcome->effects);
    decision.payloads = std::move(outcome->payloads);
    decision.erased = std::move(outcome->erased);
    return decision;
}

}  // namespace

std::expected<Decision, contracts::Problem> decide(const State& state, const Command& command) {
    return std::visit(overloaded{
                          [&](const orchestrator::FleetCommand& fleet) { return decide_fleet(state, fleet); },
                          [&](const orchestrator::AccessCommand& access) { return decide_access(state, access); },
                          [&](const orchestrator::JobCommand& job) { return decide_jobs(state, job); },
                          [&](const orchestrator::SessionCommand& session) { return decide_session(state, session); },
                      },
                      command);
}

void apply(State& state, const Record& record) {
    std::visit(overloaded{
                   [&](const orchestrator::FleetRecord& fleet) { state.fleet.apply(fleet); },
                   [&](const orchestrator::AccessRecord& access) { state.access.apply(access); },
                   [&](const orchestrator::JobRecord& job) { state.jobs.apply(job); },
                   [&](const orchestrator::SessionRecord& session) { state.sessions.apply(session); },
               },
               record);
}

void forget_ended(State& state) {
    state.fleet.forget_ended();
    state.jobs.forget_ended();
}

namespace {

/// Whether nothing new begins: a worker, a model, a token.
bool ends_or_notes(const orchestrator::FleetCommand& fleet) {
    return std::holds_alternative<orchestrator::BuryWorker>(fleet) ||
           std::holds_alternative<orchestrator::RetireWorker>(fleet) ||
           std::holds_alternative<orchestrator::RemoveNode>(fleet) ||
           std::holds_alternative<orchestrator::RemoveModel>(fleet) ||
           std::holds_alternative<orchestrator::ConfirmWorker>(fleet) ||
           std::holds_alternative<orchestrator::AdmitNode>(fleet) ||
           std::holds_alternative<orchestrator::AdoptWorker>(fleet) ||
           std::holds_alternative<orchestrator::DrainNode>(fleet);
}

Urgency urgency_of_job(const orchestrator::JobCommand& job) {
    if (std::holds_alternative<orchestrator::SubmitJob>(job)) return Urgency::ordinary;
    return std::holds_alternative<orchestrator::StoreFrames>(job) ? Urgency::progress : Urgency::closing;
}

}  // namespace

bool runs_ahead(const Effect& effect) {
    const auto* job = std::get_if<orchestrator::JobEffect>(&effect);
    return job != nullptr && std::holds_alternative<orchestrator::ExecuteEffect>(*job);
}

Urgency urgency_of(const Command& command) {
    const auto closing_if = [](bool closes) { return closes ? Urgency::closing : Urgency::ordinary; };
    return std::visit(overloaded{
                          [&](const orchestrator::FleetCommand& fleet) { return closing_if(ends_or_notes(fleet)); },
                          [&](const orchestrator::AccessCommand& access) {
                              return closing_if(std::holds_alternative<orchestrator::RevokeToken>(access));
                          },
                          [](const orchestrator::JobCommand& job) { return urgency_of_job(job); },
                          [&](const orchestrator::SessionCommand& session) {
                              return closing_if(!std::holds_alternative<orchestrator::OpenSession>(session));
                          },
                      },
                      command);
}

}  // namespace rbees::kernel
