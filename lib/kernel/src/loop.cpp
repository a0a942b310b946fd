#include "rbees/kernel/loop.hpp"

#include "rbees/base/crash_point.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/kernel/records.hpp"

namespace rbees::kernel {
namespace {

contracts::Problem problem_of(JournalRefusal refusal) {
    switch (refusal) {
        case JournalRefusal::full:
            return {.code = contracts::ErrorCode::STORAGE_FULL,
                    .detail = "the disk is nearly full, so nothing new is accepted",
                    .hint = "free space on the disk that holds the state folder",
                    .limit = "storage.watermark",
                    .retry_after_ms = 10'000};
        case JournalRefusal::busy:
            return {.code = contracts::ErrorCode::STORAGE_FAILED,
                    .detail = "too many changes wait for the disk",
                    .hint = "try again in a moment",
                    .retry_after_ms = 1'000};
        case JournalRefusal::stopped:
            break;
    }
    return {.code = contracts::ErrorCode::STORAGE_FAILED, .detail = "the journal is closed: rbees-orcd is stopping"};
}

}  // namespace

Loop::Loop(State state, JournalPort& journal, EffectRunner effects)
    : state_(std::move(state)), journal_(journal), effects_(std::move(effects)) {}

void Loop::submit(const Command& command, WallTime at, Reply reply) {
    ++counters_.commands;
    auto decision = decide_if_admitted(command);
    if (!decision) {
        ++counters_.refusals;
        // A refusal may rest on records that are not on disk yet ("exists already"), so it waits like any answer.
        gate_.hold([reply = std::move(reply), problem = std::move(decision.error())]() mutable {
            reply(std::unexpected(std::move(problem)));
        });
        return;
    }
    const bool is_change = !decision->records.empty();
    if (is_change) append(*decision, urgency_of(command), at);
    gate_.hold([this, is_change, reply = std::move(reply), effects = std::move(decision->effects)]() mutable {
        if (is_change) crash_point(CrashPoint::synced_not_replied);
        reply({});
        if (!effects.empty()) crash_point(CrashPoint::replied_effect_not_run);
        for (const auto& effect : effects) {
            effects_(effect);
        }
    });
}

void Loop::reconcile() {
    const auto run = [this](const Effect& effect) { gate_.hold([this, effect] { effects_(effect); }); };
    for (const auto& effect : state_.fleet.reconcile()) {
        run(effect);
    }
    for (const auto& effect : state_.jobs.reconcile()) {
        run(effect);
    }
}

std::expected<Decision, contracts::Problem> Loop::decide_if_admitted(const Command& command) const {
    auto decision = decide(state_, command);
    if (!decision || decision->records.empty()) return decision;
    const auto admitted = journal_.admits(urgency_of(command));
    if (!admitted) return std::unexpected(problem_of(admitted.error()));
    return decision;
}

void Loop::append(Decision& decision, Urgency urgency, WallTime at) {
    JournalBatch batch;
    batch.at = at;
    batch.urgency = urgency;
    for (const auto& record : decision.records) {
        apply(state_, record);
        const bool is_dropped = planted(Bug::dropped_record) && counters_.records % 64 == 63;
        if (!is_dropped) batch.records.push_back(write_record(record));
    }
    batch.entities = rows_of(decision.records, state_);
    for (auto& payload : decision.payloads) {
        batch.payloads.push_back({std::move(payload.id), std::move(payload.salt), std::move(payload.bytes)});
    }
    batch.erased = std::move(decision.erased);
    forget_ended(state_);
    counters_.records += decision.records.size();
    gate_.batch_appended();
    journal_.append(std::move(batch), [this] { gate_.batch_durable(); });
}

}  // namespace rbees::kernel
