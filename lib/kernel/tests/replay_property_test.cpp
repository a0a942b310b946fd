#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake_journal.hpp"
#include "rbees/kernel/loop.hpp"
#include "rbees/kernel/records.hpp"
#include "rbees/reflect/read.hpp"
#include "samples.hpp"

namespace rbees::kernel {
namespace {

namespace orch = orchestrator;
using contracts::WorkerState;

// Few ids, so that commands meet one another's entities. The functions below draw: they are called inside gen::exec.

template <class AnyId>
AnyId any_id(const char* prefix, int count) {
    return AnyId(prefix + std::to_string(*rc::gen::inRange(0, count)));
}

NodeId any_node_id() {
    return any_id<NodeId>("n", 3);
}
WorkerId any_worker_id() {
    return any_id<WorkerId>("w", 5);
}

std::string any_text() {
    return *rc::gen::element<std::string>("", "a", "with \"quotes\" and \\", "\u8702 \U0001F41D", "two\nlines\t\u0001");
}

WallTime any_time() {
    return noon + std::chrono::milliseconds(*rc::gen::inRange(-1'000'000'000, 1'000'000'000));
}

orch::Node any_node() {
    auto node = sample_node(any_node_id().str());
    node.kind = *rc::gen::element(contracts::NodeKind::pool, contracts::NodeKind::tool);
    node.name = any_text();
    node.registered_at = any_time();
    return node;
}

orch::Worker any_worker() {
    auto worker = sample_worker(any_worker_id().str(), any_node_id().str());
    worker.created_at = any_time();
    if (*rc::gen::arbitrary<bool>()) worker.slots.reset();
    if (*rc::gen::arbitrary<bool>()) worker.context = Tokens(*rc::gen::arbitrary<std::uint64_t>());
    return worker;
}

/// As a node reports one that orcd does not know.
orch::Worker any_found_worker() {
    auto worker = any_worker();
    worker.state = *rc::gen::element(WorkerState::starting, WorkerState::draining);
    if (*rc::gen::arbitrary<bool>()) worker.reason = any_text();
    return worker;
}

orch::BuryWorker any_burial() {
    orch::BuryWorker bury{.worker = any_worker_id(), .reason = any_text()};
    bury.outcome = *rc::gen::element(WorkerState::failed, WorkerState::stopped);
    if (*rc::gen::arbitrary<bool>()) bury.error_code = contracts::ErrorCode::WORKER_START_FAILED;
    return bury;
}

orch::AddedModel any_model() {
    auto model = sample_model(any_id<ModelId>("m", 3).str());
    if (*rc::gen::arbitrary<bool>()) model.model.name = any_text();
    if (*rc::gen::arbitrary<bool>()) model.model.sources.clear();
    return model;
}

orch::CreateToken any_token() {
    auto token = sample_token(any_id<TokenId>("t", 4).str());
    token.name = *rc::gen::element<std::string>(std::string(orch::admin_file_token), "laptop", "phone");
    token.hash = any_text();
    token.limits["x"] = *rc::gen::arbitrary<std::int64_t>();
    if (*rc::gen::arbitrary<bool>()) token.expires_at.reset();
    return {std::move(token), *rc::gen::element(orch::TokenOrigin::user, orch::TokenOrigin::file)};
}

JobId any_job_id() {
    return any_id<JobId>("j", 3);
}

std::uint32_t any_attempt() {
    return *rc::gen::inRange<std::uint32_t>(1, 4);
}

orch::SubmitJob any_submission() {
    auto job = sample_job(any_job_id().str());
    job.frames = 0;
    if (*rc::gen::arbitrary<bool>()) job.idempotency.reset();
    job.held = Tokens(*rc::gen::inRange<std::uint64_t>(0, 4));
    std::optional<orch::RouteReceipt> receipt;
    if (*rc::gen::arbitrary<bool>()) receipt = {any_worker_id(), any_text()};
    return {job, {"queued", "{}"}, any_text(), "salt", receipt};
}

orch::StoreFrames any_frames() {
    orch::StoreFrames command;
    command.job = any_job_id();
    command.attempt = any_attempt();
    command.frames.resize(*rc::gen::inRange<std::size_t>(0, 4), {"token", "{}"});
    command.tokens = Tokens(command.frames.size());
    if (*rc::gen::arbitrary<bool>()) command.start.emplace().continuable = *rc::gen::arbitrary<bool>();
    command.at = noon;
    return command;
}

orch::FailAttempt any_failure() {
    using enum orch::AttemptFault;
    const auto fault = *rc::gen::element(worker_lost, not_started, model_failed, no_room, engine_error, refused);
    return {any_job_id(), any_attempt(), fault, {contracts::ErrorCode::WORKER_UNAVAILABLE, any_text(), true},
            noon,         "salt"};
}

orch::CompleteJob any_completion() {
    return {any_job_id(), any_attempt(), "stop", {}, {"end", "{}"}, noon, "salt"};
}

orch::EraseJob any_erasure() {
    auto job = sample_job(any_job_id().str());
    job.state = *rc::gen::element(contracts::TaskState::completed, contracts::TaskState::dead_letter);
    return {job};
}

rc::Gen<Command> any_job_command() {
    using rc::gen::exec;
    return rc::gen::oneOf(
        exec([] { return Command(any_submission()); }),
        exec([] { return Command(orch::DispatchJob{any_job_id(), {any_worker_id(), any_text()}}); }),
        exec([] { return Command(any_frames()); }), exec([] { return Command(any_failure()); }),
        exec([] { return Command(any_completion()); }),
        exec([] { return Command(orch::FailPlacing{any_job_id(), orch::AttemptFault::model_failed, {}, noon, ""}); }),
        exec([] { return Command(orch::EndJob{any_job_id(), contracts::TaskState::cancelled, {}, noon, ""}); }),
        exec([] { return Command(orch::RequeueJob{any_job_id()}); }), exec([] { return Command(any_erasure()); }));
}

rc::Gen<Command> any_fleet_or_access_command() {
    using rc::gen::exec;
    return rc::gen::oneOf(exec([] { return Command(orch::AdmitNode{any_node()}); }),
                          exec([] { return Command(orch::RemoveNode{any_node_id()}); }),
                          exec([] { return Command(orch::DrainNode{any_node_id()}); }),
                          exec([] { return Command(orch::CreateWorker{any_worker()}); }),
                          exec([] { return Command(orch::AdoptWorker{any_found_worker()}); }),
                          exec([] { return Command(orch::ConfirmWorker{any_worker_id(), sample_facts()}); }),
                          exec([] { return Command(orch::RetireWorker{any_worker_id(), any_text()}); }),
                          exec([] { return Command(any_burial()); }),
                          exec([] { return Command(orch::AddModel{any_model()}); }),
                          exec([] { return Command(orch::RemoveModel{any_id<ModelId>("m", 3)}); }),
                          exec([] { return Command(any_token()); }),
                          exec([] { return Command(orch::RevokeToken{any_id<TokenId>("t", 4)}); }));
}

std::string any_session_name() {
    return *rc::gen::element<std::string>("session-1", "session:2");
}

rc::Gen<Command> any_session_command() {
    using rc::gen::exec;
    return rc::gen::oneOf(exec([] {
                              auto session = sample_session(any_session_name());
                              if (*rc::gen::arbitrary<bool>()) session.budget = Tokens(6);
                              return Command(orch::OpenSession{std::move(session)});
                          }),
                          exec([] {
                              const orch::SessionKey key{TokenId("token-1"), any_session_name()};
                              return Command(orch::CloseSession{key, {TokenId("token-2"), any_time()}});
                          }),
                          exec([] {
                              const orch::SessionKey key{TokenId("token-1"), any_session_name()};
                              return Command(orch::ForgetSession{key});
                          }));
}

rc::Gen<Command> any_command() {
    return rc::gen::oneOf(any_fleet_or_access_command(), any_job_command(), any_session_command());
}

rc::Gen<std::vector<Command>> any_commands() {
    return rc::gen::container<std::vector<Command>>(any_command());
}

/// What recovery makes of the rows.
State restored_from(const RowTable& rows) {
    State state;
    for (const auto& [key, row] : rows) {
        if (row.phase == RowPhase::live) RC_ASSERT(restore_row(state, row.kind, row.json).has_value());
    }
    return state;
}

/// State and rows from the written records alone.
struct Replayed {
    State state;
    RowTable rows;
};

Replayed replayed_from(const std::vector<JournalBatch>& batches) {
    Replayed replayed;
    for (const auto& batch : batches) {
        for (const auto& text : batch.records) {
            const auto record = read_record(text);
            RC_ASSERT(record.has_value());
            apply(replayed.state, *record);
            for (const auto& row : rows_of({*record}, replayed.state)) {
                put_row(replayed.rows, row);
            }
        }
        forget_ended(replayed.state);
    }
    return replayed;
}

/// For a failure's report.
std::string text_of(const std::vector<JournalBatch>& batches) {
    std::string text;
    for (const auto& batch : batches) {
        for (const auto& record : batch.records) {
            text += record.type + " " + record.body + "\n";
        }
        text += "--\n";
    }
    return text;
}

TEST(ReplayProperty, RowsAndRecordsEachGiveTheLoopsStateAfterAnyCommands) {
    EXPECT_TRUE(rc::check([] {
        const auto commands = *any_commands();
        FakeJournal journal;
        Loop loop({}, journal, [](const Effect& /*effect*/) {});

        for (const auto& command : commands) {
            loop.submit(command, noon, [](const Loop::Outcome& /*outcome*/) {});
        }
        const auto replayed = replayed_from(journal.batches());

        RC_LOG() << text_of(journal.batches());
        RC_ASSERT(text_of(restored_from(journal.rows())) == text_of(loop.state()));
        RC_ASSERT(text_of(replayed.state) == text_of(loop.state()));
        RC_ASSERT(replayed.rows == journal.rows());
    }));
}

/// The frames of each job's stream, in the order in which they were written.
std::map<std::string, std::vector<std::uint64_t>> frames_written(const std::vector<JournalBatch>& batches) {
    std::map<std::string, std::vector<std::uint64_t>> numbers;
    for (const auto& batch : batches) {
        for (const auto& payload : batch.payloads) {
            const auto at = payload.id.find("/frames/");
            if (at == std::string::npos) continue;
            const auto stored = reflect::from_json_text<orch::StoredFrames>(payload.bytes);
            RC_ASSERT(stored.has_value());
            for (std::uint64_t number = 0; number < stored->frames.size(); ++number) {
                numbers[payload.id.substr(0, at)].push_back(stored->first + number);
            }
        }
    }
    return numbers;
}

TEST(ReplayProperty, FramesOfAJobAreNumberedFromOneWithoutAGapWhateverHappens) {
    EXPECT_TRUE(rc::check([] {
        const auto commands = *rc::gen::container<std::vector<Command>>(any_job_command());
        FakeJournal journal;
        Loop loop({}, journal, [](const Effect& /*effect*/) {});

        for (const auto& command : commands) {
            loop.submit(command, noon, [](const Loop::Outcome& /*outcome*/) {});
        }

        for (const auto& [job, numbers] : frames_written(journal.batches())) {
            std::uint64_t expected = 1;
            for (const auto number : numbers) {
                // A new job under the id of one that has ended begins anew.
                if (number == 1) expected = 1;
                RC_ASSERT(number == expected++);
            }
        }
    }));
}

TEST(ReplayProperty, NothingLeavesBeforeItsRecordsAreOnDiskOrOutOfOrder) {
    EXPECT_TRUE(rc::check([] {
        const auto commands = *any_commands();
        FakeJournal journal;
        std::vector<std::size_t> appended_by;  // batches, once each command had been submitted
        std::size_t next = 0;                  // the command whose reply is due
        Loop loop({}, journal, [&](const Effect& effect) {
            if (runs_ahead(effect)) {
                RC_ASSERT(journal.batches().size() > appended_by.back());
            } else {
                RC_ASSERT(journal.durable() >= appended_by[next - 1]);
            }
        });

        for (std::size_t number = 0; number < commands.size(); ++number) {
            // Only a command that appends nothing may be answered inside `submit`.
            appended_by.push_back(journal.batches().size());
            loop.submit(commands[number], noon, [&, number](const Loop::Outcome& /*outcome*/) {
                RC_ASSERT(number == next++);
                RC_ASSERT(journal.durable() >= appended_by[number]);
            });
            RC_ASSERT(journal.batches().size() == appended_by[number] || next <= number);
            appended_by[number] = journal.batches().size();
            loop.when_durable([&, number] {
                RC_ASSERT(next == number + 1);
                RC_ASSERT(journal.durable() >= appended_by[number]);
            });
            const auto syncs = *rc::gen::inRange<std::size_t>(0, 3);
            for (std::size_t sync = 0; sync < syncs && journal.durable() < journal.batches().size(); ++sync) {
                journal.sync_one();
            }
        }
        journal.sync_all();

        RC_ASSERT(next == commands.size());
    }));
}

}  // namespace
}  // namespace rbees::kernel
