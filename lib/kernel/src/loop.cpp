#include "rbees/kernel/loop.hpp"

#include <fmt/format.h>

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
        case JournalRefusal::read_only:
            return {.code = contracts::ErrorCode::STORAGE_FULL,
                    .detail = "nothing can be recorded: the journal could only be opened for reading",
                    .hint =
                        "GET /ready says why; when that is mended, rbees-orcd notices within a minute, ends, and its "
                        "supervisor starts it anew; without a supervisor, start it yourself"};
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

/// Of so few entities the rows are small beside what they repeat of the records; those of more are added up.
constexpr std::size_t few_records = 8;

contracts::Problem too_large(std::string_view what, Bytes size, Bytes limit, std::string_view name) {
    return {.code = contracts::ErrorCode::BODY_TOO_LARGE,
            .detail =
                fmt::format("{} would take {} on the disk, and {} are allowed", what, describe(size), describe(limit)),
            .hint = "send less at once",
            .limit = std::string(name)};
}

}  // namespace

Loop::Loop(State state, JournalPort& journal, EffectRunner effects)
    : state_(std::move(state)), journal_(journal), effects_(std::move(effects)) {}

void Loop::submit(const Command& command, WallTime at, Reply reply) {
    ++counters_.commands;
    auto prepared = decide_if_admitted(command);
    if (!prepared) {
        ++counters_.refusals;
        // A refusal may rest on records that are not on disk yet ("exists already"), so it waits like any answer.
        gate_.hold([reply = std::move(reply), problem = std::move(prepared.error())]() mutable {
            reply(std::unexpected(std::move(problem)));
        });
        return;
    }
    const bool is_change = !prepared->records.empty();
    if (is_change) append(*prepared, urgency_of(command), at);
    std::vector<Effect> ahead;
    std::vector<Effect> gated;
    for (auto& effect : prepared->decision.effects) {
        (runs_ahead(effect) ? ahead : gated).push_back(std::move(effect));
    }
    gate_.hold([this, is_change, reply = std::move(reply), effects = std::move(gated)]() mutable {
        if (is_change) crash_point(CrashPoint::synced_not_replied);
        reply({});
        if (!effects.empty()) crash_point(CrashPoint::replied_effect_not_run);
        for (const auto& effect : effects) {
            effects_(effect);
        }
    });
    for (const auto& effect : ahead) {
        effects_(effect);
    }
}

std::expected<Loop::Prepared, contracts::Problem> Loop::decide_if_admitted(const Command& command) const {
    auto decision = decide(state_, command);
    if (!decision) return std::unexpected(std::move(decision.error()));
    Prepared prepared{std::move(*decision), {}};
    if (prepared.decision.records.empty()) return prepared;
    for (const auto& record : prepared.decision.records) {
        prepared.records.push_back(write_record(record));
    }
    if (auto fault = size_fault(prepared)) return std::unexpected(std::move(*fault));
    const auto admitted = journal_.admits(urgency_of(command));
    if (!admitted) return std::unexpected(problem_of(admitted.error()));
    return prepared;
}

std::optional<contracts::Problem> Loop::size_fault(const Prepared& prepared) const {
    Bytes batch;
    for (const auto& record : prepared.records) {
        const Bytes size(record.body.size());
        if (size > limits::record_max) return too_large("one record", size, limits::record_max, "record_max");
        batch += size + size;
    }
    for (const auto& payload : prepared.decision.payloads) {
        batch += Bytes(payload.bytes.size());
    }
    if (prepared.records.size() > few_records) {
        for (const auto& row : rows_of(prepared.decision.records, state_)) {
            batch += Bytes(row.json.size());
        }
    }
    if (batch <= limits::batch_max) return std::nullopt;
    return too_large("the change", batch, limits::batch_max, "batch_max");
}

void Loop::append(Prepared& prepared, Urgency urgency, WallTime at) {
    auto& decision = prepared.decision;
    const auto& records = decision.records;
    JournalBatch batch;
    batch.at = at;
    batch.urgency = urgency;
    for (std::size_t index = 0; index < records.size(); ++index) {
        apply(state_, records[index]);
        const bool is_dropped = planted(Bug::dropped_record) && counters_.records % 64 == 63;
        if (!is_dropped) batch.records.push_back(std::move(prepared.records[index]));
    }
    batch.entities = rows_of(records, state_);
    for (auto& payload : decision.payloads) {
        batch.payloads.push_back({std::move(payload.id), std::move(payload.salt), std::move(payload.bytes)});
    }
    batch.erased = std::move(decision.erased);
    forget_ended(state_);
    counters_.records += records.size();
    gate_.batch_appended();
    journal_.append(std::move(batch), [this] { gate_.batch_durable(); });
}

}  // namespace rbees::kernel
