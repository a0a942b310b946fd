#include "rbees/kernel/records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "samples.hpp"

namespace rbees::kernel {
namespace {

namespace orch = orchestrator;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Record fleet(orch::FleetRecord record) {
    return std::move(record);
}

Record job(orch::JobRecord record) {
    return std::move(record);
}

/// Which alternative of which domain.
std::pair<std::size_t, std::size_t> alternative_of(const Record& record) {
    return {record.index(), std::visit([](const auto& domain) { return domain.index(); }, record)};
}

std::vector<EntityRow> rows_after(const std::vector<Record>& before, const Record& record) {
    State state;
    for (const auto& earlier : before) {
        apply(state, earlier);
    }
    apply(state, record);
    return rows_of({record}, state);
}

/// The row that `record` leaves of its one entity, after those before it.
EntityRow row_after(const std::vector<Record>& before, const Record& record) {
    auto rows = rows_after(before, record);
    EXPECT_EQ(rows.size(), 1U);
    return rows.empty() ? EntityRow{} : std::move(rows.front());
}

TEST(Records, SamplesHaveEveryType) {
    std::set<std::pair<std::size_t, std::size_t>> alternatives;

    for (const auto& record : sample_journal()) {
        alternatives.insert(alternative_of(record));
    }

    EXPECT_EQ(alternatives.size(), std::variant_size_v<orch::FleetRecord> + std::variant_size_v<orch::AccessRecord> +
                                       std::variant_size_v<orch::JobRecord> + std::variant_size_v<orch::SessionRecord>);
    EXPECT_EQ(std::variant_size_v<Record>, 4U) << "a new domain: add samples of its records";
}

TEST(Records, EachTypeReadsBackAsItWasWritten) {
    for (const auto& record : sample_journal()) {
        const auto text = write_record(record);
        SCOPED_TRACE(text.type + " " + text.body);

        const auto back = read_record(text);

        ASSERT_TRUE(back) << describe(back.error());
        EXPECT_EQ(alternative_of(*back), alternative_of(record));
        EXPECT_EQ(write_record(*back), text);
    }
}

TEST(Records, EachTypeHasANameOfItsOwn) {
    std::set<std::string> names;
    std::set<std::pair<std::size_t, std::size_t>> alternatives;

    for (const auto& record : sample_journal()) {
        names.insert(write_record(record).type);
        alternatives.insert(alternative_of(record));
    }

    EXPECT_FALSE(names.contains(""));
    EXPECT_EQ(names.size(), alternatives.size());
}

TEST(Records, UnknownTypeIsRefusedByName) {
    const auto record = read_record({"hive:swarmed", 1, "{}"});

    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().message, "record type hive:swarmed is unknown");
    EXPECT_THAT(record.error().remedy, HasSubstr("newer release"));
}

TEST(Records, NewerVersionIsRefusedWithBothNumbers) {
    auto text = write_record(fleet(orch::NodeRemoved{NodeId("n1")}));
    text.version = 7;

    const auto record = read_record(text);

    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().message, "record node:removed has version 7; this program knows 1 at most");
    EXPECT_THAT(record.error().remedy, HasSubstr("newer release"));
}

TEST(Records, DamagedBodyIsRefusedWithWhereAndWhat) {
    const std::vector<std::pair<std::string, std::string>> bodies = {{"", "is not JSON"},
                                                                     {R"({"node":"n1")", "is not JSON"},
                                                                     {"[]", "must be an object"},
                                                                     {"{}", "/node: is required"},
                                                                     {R"({"node":7})", "/node: must be a string"}};

    for (const auto& [body, what] : bodies) {
        const auto record = read_record({"node:removed", 1, body});

        ASSERT_FALSE(record) << body;
        EXPECT_THAT(record.error().message, AllOf(HasSubstr("record node:removed is damaged"), HasSubstr(what)));
    }
}

TEST(Records, DamageInsideAnEntityIsFoundForEveryType) {
    for (const auto& record : sample_journal()) {
        auto text = write_record(record);
        text.body = "{}";

        const auto back = read_record(text);

        ASSERT_FALSE(back) << text.type;
        EXPECT_THAT(back.error().message, AllOf(HasSubstr(text.type), HasSubstr("is required")));
    }
}

TEST(Records, MembersOfALaterReleaseAreIgnored) {
    const auto record = read_record({"node:removed", 1, R"({"node":"n1","because":"of bears"})"});

    ASSERT_TRUE(record);
    EXPECT_EQ(write_record(*record).body, R"({"node":"n1"})");
}

TEST(Rows, NodeIsLiveThenDrainingThenErased) {
    const auto registered = fleet(orch::NodeRegistered{sample_node("n1")});

    const auto row = row_after({}, registered);
    EXPECT_EQ(row.kind, "node");
    EXPECT_EQ(row.id, "n1");
    EXPECT_EQ(row.phase, RowPhase::live);
    EXPECT_EQ(row.status, "registered");
    EXPECT_EQ(row.model, "");
    EXPECT_EQ(row.created_at, noon);

    const auto draining = row_after({registered}, fleet(orch::NodeDraining{NodeId("n1")}));
    EXPECT_EQ(draining.phase, RowPhase::live);
    EXPECT_EQ(draining.status, "draining");

    const auto removed = row_after({registered}, fleet(orch::NodeRemoved{NodeId("n1")}));
    const EntityRow erased{.kind = "node", .id = "n1", .phase = RowPhase::erased};
    EXPECT_EQ(removed, erased);
}

TEST(Rows, WorkerShowsItsStateAndModelAndIsTerminalOnceItEnded) {
    const std::vector<Record> created = {fleet(orch::WorkerCreated{sample_worker("w1", "n1")})};
    const auto id = WorkerId("w1");

    const auto starting = row_after({}, created[0]);
    EXPECT_EQ(starting.kind, "worker");
    EXPECT_EQ(starting.id, "w1");
    EXPECT_EQ(starting.phase, RowPhase::live);
    EXPECT_EQ(starting.status, "starting");
    EXPECT_EQ(starting.model, "smollm2-135m");
    EXPECT_EQ(starting.created_at, sample_worker("w1", "n1").created_at);

    const auto ready = row_after(created, fleet(orch::WorkerReady{id, sample_facts()}));
    EXPECT_EQ(ready.status, "ready");
    EXPECT_THAT(ready.json, HasSubstr(sample_facts().url));

    const auto draining = row_after(created, fleet(orch::WorkerDraining{id, "idle"}));
    EXPECT_EQ(draining.phase, RowPhase::live);
    EXPECT_EQ(draining.status, "draining");

    for (const auto outcome : {contracts::WorkerState::stopped, contracts::WorkerState::failed}) {
        const auto ended = row_after(created, fleet(orch::WorkerEnded{id, outcome, "why", std::nullopt}));
        EXPECT_EQ(ended.phase, RowPhase::terminal);
        EXPECT_EQ(ended.status, outcome == contracts::WorkerState::failed ? "failed" : "stopped");
        EXPECT_THAT(ended.json, HasSubstr(R"("reason":"why")"));
    }
}

TEST(Rows, ModelIsLiveUntilItIsErased) {
    const auto added = fleet(orch::ModelAdded{sample_model("honey")});

    const auto row = row_after({}, added);
    EXPECT_EQ(row.kind, "model");
    EXPECT_EQ(row.id, "honey");
    EXPECT_EQ(row.phase, RowPhase::live);
    EXPECT_EQ(row.status, "added");
    EXPECT_EQ(row.model, "honey");
    EXPECT_EQ(row.created_at, sample_model("honey").created_at);

    const auto removed = row_after({added}, fleet(orch::ModelRemoved{ModelId("honey")}));
    EXPECT_EQ(removed.phase, RowPhase::erased);
    EXPECT_THAT(removed.json, IsEmpty());
}

TEST(Rows, TokenIsLiveUntilItIsErasedAndNothingOfItStays) {
    const Record created = orch::AccessRecord(orch::TokenCreated{sample_token("t1")});

    const auto row = row_after({}, created);
    EXPECT_EQ(row.kind, "token");
    EXPECT_EQ(row.id, "t1");
    EXPECT_EQ(row.phase, RowPhase::live);
    EXPECT_EQ(row.status, "node");
    EXPECT_EQ(row.created_at, sample_token("t1").created_at);

    const auto revoked = row_after({created}, orch::AccessRecord(orch::TokenRevoked{TokenId("t1")}));
    const EntityRow erased{.kind = "token", .id = "t1", .phase = RowPhase::erased};
    EXPECT_EQ(revoked, erased);
}

TEST(Rows, JobIsDueFromItsEndUntilItsTextIsErased) {
    auto queued = sample_job("j1");
    queued.idempotency.reset();
    const std::vector<Record> before = {job(orch::JobQueued{queued, "", ""})};
    const auto ended = row_after(before, job(orch::JobEnded{.job = queued.id, .at = noon, .digest = ""}));
    auto erased = queued;
    erased.state = contracts::TaskState::completed;
    erased.ended_at = noon;
    erased.erased = true;

    EXPECT_EQ(row_after({}, before[0]).due_at, std::nullopt);
    EXPECT_EQ(ended.phase, RowPhase::terminal);
    EXPECT_EQ(ended.due_at, noon);
    EXPECT_EQ(row_after({}, job(orch::JobErased{erased})).due_at, std::nullopt);
}

TEST(Rows, KeyOfASubmissionHasARowThatRecoveryDoesNotLoadAndThatOutlivesTheText) {
    const auto submitted = sample_job("j1");
    auto erased = submitted;
    erased.state = contracts::TaskState::completed;

    const auto rows = rows_after({}, job(orch::JobQueued{submitted, "", ""}));
    const auto rows_at_erasure = rows_after({}, job(orch::JobErased{erased}));

    ASSERT_EQ(rows.size(), 2U);
    const EntityRow key{.kind = "submission",
                        .id = orch::submission_id(submitted.owner, "key of j1"),
                        .phase = RowPhase::terminal,
                        .owner = "token-1",
                        .created_at = submitted.submitted_at,
                        .json = R"({"job":"j1"})"};
    EXPECT_EQ(rows[1], key);
    ASSERT_EQ(rows_at_erasure.size(), 1U);
    EXPECT_EQ(rows_at_erasure[0].kind, "job");
}

TEST(Rows, EntityTouchedTwiceHasOneRowWithWhatIsTrueInTheEnd) {
    const std::vector<Record> records = {fleet(orch::WorkerCreated{sample_worker("w1", "n1")}),
                                         fleet(orch::WorkerDraining{WorkerId("w1"), "idle"})};
    State state;
    for (const auto& record : records) {
        apply(state, record);
    }

    const auto rows = rows_of(records, state);

    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].status, "draining");
}

TEST(RestoreRow, PutsEachKindBackAsItWas) {
    State state;
    for (const auto& record : sample_journal()) {
        apply(state, record);
    }
    const auto rows = rows_of(sample_journal(), state);
    forget_ended(state);
    std::set<std::string> kinds;

    State restored;
    for (const auto& row : rows) {
        if (row.phase != RowPhase::live) continue;
        const auto result = restore_row(restored, row.kind, row.json);
        EXPECT_TRUE(result) << describe(result.error());
        kinds.insert(row.kind);
    }

    EXPECT_EQ(text_of(restored), text_of(state));
    EXPECT_EQ(kinds, std::set<std::string>(std::begin(entity_kinds), std::end(entity_kinds)));
}

TEST(RestoreRow, RefusesADamagedRowWithWhereAndWhat) {
    for (const auto kind : entity_kinds) {
        State state;

        const auto result = restore_row(state, kind, R"({"id":7,"owner":7})");

        ASSERT_FALSE(result) << kind;
        EXPECT_THAT(result.error().message, AllOf(HasSubstr("the row of a " + std::string(kind) + " is damaged"),
                                                  HasSubstr(": must be a string")));
        EXPECT_THAT(text_of(state), IsEmpty());
    }
}

TEST(RestoreRow, RefusesAKindThatItDoesNotKnow) {
    State state;

    const auto result = restore_row(state, "hive", "{}");

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "rows of kind hive are unknown");
    EXPECT_THAT(result.error().remedy, Not(IsEmpty()));
}

}  // namespace
}  // namespace rbees::kernel
