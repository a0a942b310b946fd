/// @file
/// Clients that open and close sessions, and what sessions mean for those that submit tasks.

#include <fmt/format.h>

#include <chrono>

#include "client.hpp"

namespace rbees::simulation {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

constexpr Duration answer_limit = std::chrono::seconds(10);
constexpr Duration pause_shortest = std::chrono::milliseconds(100);
constexpr Duration pause_longest = std::chrono::seconds(2);

}  // namespace

orchestrator::SessionKey Client::session_key() const {
    return {TokenId(fmt::format("owner-{}", plan_.owner)), plan_.session.value_or("")};
}

/// Whether the refusal is one after which it is worth to ask again; then that is done.
bool Client::repeats_after(const Problem& problem, const std::function<void()>& what) {
    if (!problem.retry_after_ms && problem.code != ErrorCode::STORAGE_FAILED) return false;
    process_.after(std::chrono::milliseconds(problem.retry_after_ms.value_or(1'000)), what);
    return true;
}

/// Whether its session is the reason, and a good one.
bool Client::is_by_session(const Problem& problem) const {
    if (!plan_.session) return false;
    const auto* facts = stage_.ledger.find(session_key());
    if (facts == nullptr) return false;
    if (problem.code == ErrorCode::CONFLICT) return facts->was_closed;
    return problem.code == ErrorCode::BUDGET_EXCEEDED && facts->had_budget;
}

void Client::open_session() {
    const auto budget = plan_.budget ? std::optional(Tokens(*plan_.budget)) : std::nullopt;
    stage_.network.call<SessionAnswer>(
        {process_, orcd_.process(), answer_limit},
        [this, budget](std::function<void(SessionAnswer)> answer) {
            orcd_.open_session(session_key(), budget, std::move(answer));
        },
        [this](const std::expected<SessionAnswer, CallFailure>& answer) {
            if (!answer) {
                process_.after(random_.between(pause_shortest, pause_longest), [this] { open_session(); });
                return;
            }
            if (!*answer && repeats_after(answer->error(), [this] { open_session(); })) return;
            if (!*answer && answer->error().code != ErrorCode::CONFLICT) {
                return stage_.verdict.wrong("client",
                                            fmt::format("{} was refused: {}", name(), answer->error().detail));
            }
            stage_.count(*answer ? "sessions opened" : "sessions refused");
            if (!plan_.closes_after) {
                is_done_ = true;
                return;
            }
            process_.after(*plan_.closes_after, [this] { close_session(); });
        });
}

void Client::close_session() {
    const auto fate = plan_.cancels_tasks ? control::LiveTasks::are_cancelled : control::LiveTasks::go_on;
    stage_.network.call<CloseAnswer>(
        {process_, orcd_.process(), answer_limit},
        [this, fate](std::function<void(CloseAnswer)> answer) {
            if (fate == control::LiveTasks::are_cancelled) stage_.ledger.cancel_wanted(session_key());
            orcd_.close_session(session_key(), fate, std::move(answer));
        },
        [this](const std::expected<CloseAnswer, CallFailure>& answer) {
            if (!answer) {
                process_.after(random_.between(pause_shortest, pause_longest), [this] { close_session(); });
                return;
            }
            if (!*answer && repeats_after(answer->error(), [this] { close_session(); })) return;
            if (!*answer && answer->error().code != ErrorCode::NOT_FOUND) {
                return stage_.verdict.wrong("client",
                                            fmt::format("{} was refused: {}", name(), answer->error().detail));
            }
            stage_.count(*answer ? "sessions closed" : "sessions forgotten before they were closed");
            is_done_ = true;
        });
}

}  // namespace rbees::simulation
