#include "rbees/pool_core/worker_lifecycle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace rbees::pool {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""s;
using contracts::ErrorCode;
using contracts::WorkerState;
using testing::HasSubstr;
using Effects = std::vector<WorkerEffect>;
using enum WorkerEffect;

class WorkerLifecycleTest : public testing::Test {
  protected:
    Effects run(const WorkerCommand& command) {
        auto step = advance(worker, command, now);
        worker = std::move(step.worker);
        return step.effects;
    }

    Effects run_at_deadline() {
        now = worker.deadline.value();
        return run(Tick{});
    }

    Worker worker;
    Instant now{1000s};
};

TEST_F(WorkerLifecycleTest, StartsOnceHoweverOftenItIsOrdered) {
    EXPECT_EQ(run(Spawn{}), (Effects{launch, report}));
    EXPECT_EQ(run(Spawn{}), (Effects{report}));
    EXPECT_EQ(run(ReportedProgress{0.5}), (Effects{report}));
    EXPECT_EQ(run(ReportedReady{}), (Effects{report}));
    EXPECT_EQ(run(Spawn{}), (Effects{report}));

    EXPECT_EQ(state_of(worker), WorkerState::ready);
    EXPECT_EQ(worker.deadline, std::nullopt);
}

TEST_F(WorkerLifecycleTest, GivesUpLoadingAfterTheStartTimeout) {
    run(Spawn{});
    EXPECT_EQ(worker.deadline, now + 120s);

    EXPECT_EQ(run_at_deadline(), (Effects{terminate, report}));
    EXPECT_EQ(state_of(worker), WorkerState::failed);
    EXPECT_EQ(worker.failure->code, ErrorCode::WORKER_START_TIMEOUT);
    EXPECT_EQ(run_at_deadline(), (Effects{kill}));
    EXPECT_EQ(run_at_deadline(), (Effects{kill}));
    EXPECT_EQ(run(Exited{"signal 9"}), (Effects{forget_record, report}));

    EXPECT_EQ(worker.phase, Phase::failed);
    EXPECT_EQ(worker.failure->code, ErrorCode::WORKER_START_TIMEOUT);
}

TEST_F(WorkerLifecycleTest, TellsADeathAtOnceAndHow) {
    run(Spawn{});
    run(ReportedReady{});

    EXPECT_EQ(run(Exited{"signal 9"}), (Effects{forget_record, report}));

    EXPECT_EQ(state_of(worker), WorkerState::failed);
    EXPECT_EQ(worker.failure->code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_THAT(worker.failure->reason, HasSubstr("signal 9"));
}

TEST_F(WorkerLifecycleTest, KillsAWorkerThatLeavesQuestionsUnansweredInARow) {
    run(Spawn{});
    run(ReportedReady{});

    for (std::uint32_t question = 1; question < unanswered_max; ++question) {
        EXPECT_EQ(run(Silent{}), Effects{});
    }
    EXPECT_EQ(state_of(worker), WorkerState::ready);
    EXPECT_EQ(run(Silent{}), (Effects{kill, report}));
    EXPECT_EQ(state_of(worker), WorkerState::failed);
    EXPECT_EQ(run(Silent{}), Effects{});
    EXPECT_EQ(run_at_deadline(), (Effects{kill}));
    run(Exited{"signal 9"});

    EXPECT_EQ(worker.phase, Phase::failed);
    EXPECT_EQ(worker.failure->code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_THAT(worker.failure->reason, HasSubstr("no answer for 2 min"));
}

TEST_F(WorkerLifecycleTest, CountsQuestionsFromTheLastAnswerOn) {
    run(Spawn{});
    run(ReportedReady{});

    for (int round = 0; round < 3; ++round) {
        for (std::uint32_t question = 1; question < unanswered_max; ++question) {
            now += 1h;
            EXPECT_EQ(run(Silent{}), Effects{});
        }
        EXPECT_EQ(run(Answered{}), Effects{});
    }

    EXPECT_EQ(state_of(worker), WorkerState::ready);
}

TEST_F(WorkerLifecycleTest, AsksNothingOfAWorkerThatLoadsOrStops) {
    run(Spawn{});
    for (std::uint32_t question = 0; question <= unanswered_max; ++question) {
        EXPECT_EQ(run(Silent{}), Effects{});
    }
    run(ReportedReady{});
    run(Stop{});
    for (std::uint32_t question = 0; question <= unanswered_max; ++question) {
        EXPECT_EQ(run(Silent{}), Effects{});
    }

    EXPECT_EQ(state_of(worker), WorkerState::draining);
}

TEST_F(WorkerLifecycleTest, KeepsTheReasonThatTheWorkerGaveForItsFailure) {
    run(Spawn{});

    EXPECT_EQ(run(ReportedFailure{{"the file is truncated", ErrorCode::MODEL_LOAD_FAILED}}), (Effects{report}));
    EXPECT_EQ(state_of(worker), WorkerState::failed);
    run(Exited{"exit code 1"});

    EXPECT_EQ(worker.failure, (WorkerFailure{"the file is truncated", ErrorCode::MODEL_LOAD_FAILED}));
}

TEST_F(WorkerLifecycleTest, LetsWorkInFlightFinishBeforeItStops) {
    run(Spawn{});
    run(ReportedReady{});

    EXPECT_EQ(run(Stop{}), (Effects{ask_shutdown, report}));
    EXPECT_EQ(state_of(worker), WorkerState::draining);
    EXPECT_EQ(worker.deadline, now + 30s);
    EXPECT_EQ(run(Exited{"exit code 0"}), (Effects{forget_record, report}));

    EXPECT_EQ(state_of(worker), WorkerState::stopped);
    EXPECT_EQ(worker.failure, std::nullopt);
}

TEST_F(WorkerLifecycleTest, TerminatesAndThenKillsAWorkerThatDoesNotStop) {
    run(Spawn{});
    run(ReportedReady{});
    run(Stop{10s});

    EXPECT_EQ(worker.deadline, now + 10s);
    EXPECT_EQ(run_at_deadline(), (Effects{terminate}));
    EXPECT_EQ(run_at_deadline(), (Effects{kill}));
    run(Exited{"signal 9"});

    EXPECT_EQ(state_of(worker), WorkerState::stopped);
}

TEST_F(WorkerLifecycleTest, ShortensButNeverLengthensTheGrace) {
    run(Spawn{});
    run(ReportedReady{});
    run(Stop{10s});

    run(Stop{60s});
    EXPECT_EQ(worker.deadline, now + 10s);
    run(Stop{1s});
    EXPECT_EQ(worker.deadline, now + 1s);
}

TEST_F(WorkerLifecycleTest, TerminatesAtOnceAWorkerThatCannotBeAsked) {
    run(Spawn{});
    run(ReportedReady{});
    run(Stop{});

    EXPECT_EQ(run(ShutdownFailed{}), (Effects{terminate}));
}

TEST_F(WorkerLifecycleTest, StopsAWorkerThatStillLoads) {
    run(Spawn{});

    EXPECT_EQ(run(Stop{}), (Effects{terminate, report}));
    EXPECT_EQ(run(ReportedReady{}), Effects{});
    run(Exited{"signal 15"});

    EXPECT_EQ(state_of(worker), WorkerState::stopped);
}

TEST_F(WorkerLifecycleTest, ForgetsAWorkerThatCouldNotBeLaunched) {
    run(Spawn{});

    EXPECT_EQ(run(LaunchFailed{{"no such file", ErrorCode::WORKER_START_FAILED}}), (Effects{forget_record, report}));

    EXPECT_EQ(worker.phase, Phase::failed);
}

TEST_F(WorkerLifecycleTest, AdoptsWithoutLaunching) {
    EXPECT_EQ(run(Adopted{}), (Effects{report}));
    EXPECT_EQ(run(ReportedReady{}), (Effects{report}));

    EXPECT_EQ(state_of(worker), WorkerState::ready);
}

TEST_F(WorkerLifecycleTest, AdoptsAWorkerThatStoodStillWhenItAnswers) {
    EXPECT_EQ(run(Found{}), (Effects{report}));
    EXPECT_EQ(state_of(worker), WorkerState::starting);
    EXPECT_EQ(worker.deadline, std::nullopt) << "it does not load";
    for (std::uint32_t asked = 1; asked < unanswered_max; ++asked) {
        EXPECT_EQ(run(Silent{}), Effects{});
    }

    EXPECT_EQ(run(Adopted{}), (Effects{report}));
    EXPECT_EQ(run(ReportedReady{}), (Effects{report}));

    EXPECT_EQ(state_of(worker), WorkerState::ready);
    EXPECT_EQ(run(Silent{}), Effects{}) << "what it left unanswered before is forgotten";
}

TEST_F(WorkerLifecycleTest, KillsAWorkerThatWasFoundSilentAndStaysSo) {
    run(Found{});
    for (std::uint32_t asked = 1; asked < unanswered_max; ++asked) {
        run(Silent{});
    }

    EXPECT_EQ(run(Silent{}), (Effects{kill, report}));
    EXPECT_EQ(worker.failure->code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_THAT(worker.failure->reason, HasSubstr("no answer for 2 min"));
    EXPECT_EQ(run(Exited{"signal 9"}), (Effects{forget_record, report}));
    EXPECT_EQ(worker.phase, Phase::failed);
}

TEST_F(WorkerLifecycleTest, StopsAWorkerThatWasFoundSilent) {
    run(Found{});

    EXPECT_EQ(run(Stop{}), (Effects{terminate, report}));
    EXPECT_EQ(run(Adopted{}), Effects{}) << "it went on, and is to stop nevertheless";
    EXPECT_EQ(run_at_deadline(), (Effects{kill}));
    EXPECT_EQ(run(Exited{"signal 9"}), (Effects{forget_record, report}));

    EXPECT_EQ(worker.phase, Phase::stopped);
}

TEST_F(WorkerLifecycleTest, WorkerThatWasFoundSilentCanDie) {
    run(Found{});

    EXPECT_EQ(run(Exited{"signal 11"}), (Effects{forget_record, report}));

    EXPECT_EQ(worker.failure->code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_THAT(worker.failure->reason, HasSubstr("signal 11"));
}

TEST_F(WorkerLifecycleTest, StartsAWorkerAgainWhosePortWasTakenAndTellsNobody) {
    run(Spawn{});
    const auto deadline = worker.deadline;

    EXPECT_EQ(run(Exited{"exit code 75", ExitCause::port_taken}), (Effects{relaunch}));

    EXPECT_EQ(state_of(worker), WorkerState::starting);
    EXPECT_EQ(worker.deadline, deadline);  // the start's time is one for all tries
    EXPECT_EQ(run(ReportedReady{}), (Effects{report}));
}

TEST_F(WorkerLifecycleTest, GivesUpAWorkerWhosePortIsTakenAgainAndAgain) {
    run(Spawn{});
    for (auto left = relaunches_max; left > 0; --left) {
        ASSERT_EQ(run(Exited{"exit code 75", ExitCause::port_taken}), (Effects{relaunch}));
    }

    EXPECT_EQ(run(Exited{"exit code 75", ExitCause::port_taken}), (Effects{forget_record, report}));

    EXPECT_EQ(worker.failure->code, ErrorCode::WORKER_START_FAILED);
    EXPECT_THAT(worker.failure->reason, HasSubstr("exit code 75"));
}

TEST_F(WorkerLifecycleTest, StartsNoWorkerAgainThatServedWasStoppedOrAdopted) {
    const Exited port_taken{"exit code 75", ExitCause::port_taken};
    run(Adopted{});
    EXPECT_EQ(run(port_taken), (Effects{forget_record, report}));  // nobody knows how to start it

    worker = {};
    run(Spawn{});
    run(Stop{});
    EXPECT_EQ(run(port_taken), (Effects{forget_record, report}));
    EXPECT_EQ(state_of(worker), WorkerState::stopped);

    worker = {};
    run(Spawn{});
    run(ReportedReady{});
    EXPECT_EQ(run(port_taken), (Effects{forget_record, report}));
    EXPECT_EQ(state_of(worker), WorkerState::failed);
}

WorkerCommand any_command() {
    const auto grace = std::chrono::seconds(*rc::gen::inRange(-5, 100));
    const WorkerFailure failure{"because", ErrorCode::MODEL_LOAD_FAILED};
    return *rc::gen::elementOf(std::vector<WorkerCommand>{
        Spawn{}, Found{}, Adopted{}, LaunchFailed{failure}, ReportedProgress{0.3}, ReportedProgress{-1},
        ReportedReady{}, ReportedFailure{failure}, Exited{"exit code 1"}, Answered{}, Silent{}, Stop{}, Stop{grace},
        ShutdownFailed{}, Tick{}, Tick{}});
}

bool has(const Effects& effects, WorkerEffect effect) {
    return std::ranges::find(effects, effect) != effects.end();
}

RC_GTEST_PROP(WorkerLifecycleProperty, KeepsItsPromisesWhateverHappens, ()) {
    Worker worker;
    Instant now{1000s};
    bool runs = false;
    for (auto left = *rc::gen::inRange(1, 60); left > 0; --left) {
        now += std::chrono::seconds(*rc::gen::inRange(0, 40));
        const bool loses_port = *rc::gen::weightedElement<bool>({{1, true}, {9, false}});
        const auto command = loses_port ? Exited{"exit code 75", ExitCause::port_taken} : any_command();
        // A process can only be reported by one that runs.
        const bool is_seen = std::holds_alternative<Found>(command) || std::holds_alternative<Adopted>(command);
        if (is_seen && worker.phase == Phase::idle) runs = true;
        const auto before = worker;

        auto step = advance(worker, command, now);
        worker = std::move(step.worker);

        RC_ASSERT(!has(step.effects, launch) || !runs);  // never a second process for one id
        RC_ASSERT(!has(step.effects, relaunch) || (loses_port && runs));
        RC_ASSERT(worker.launches <= relaunches_max + 1);
        runs = runs || has(step.effects, launch);
        const bool signals = has(step.effects, terminate) || has(step.effects, kill);
        RC_ASSERT(!signals || runs);
        if (has(step.effects, forget_record)) runs = false;
        RC_ASSERT(!is_over(before.phase) || worker == before);                         // the end is the end
        RC_ASSERT(is_over(worker.phase) || worker.phase == Phase::idle || runs);       // a record as long as a process
        RC_ASSERT(state_of(worker) == state_of(before) || has(step.effects, report));  // no silent change
        RC_ASSERT(worker.load_progress >= before.load_progress && worker.load_progress <= 1);
        const bool waits = worker.phase == Phase::starting || worker.phase == Phase::draining ||
                           worker.phase == Phase::terminating || worker.phase == Phase::killing;
        RC_ASSERT(worker.deadline.has_value() == waits);  // nothing waits for ever
    }
}

RC_GTEST_PROP(WorkerLifecycleProperty, AnswersTheSameCommandTwiceLikeOnce, ()) {
    Worker worker;
    const Instant now{1000s};
    for (auto left = *rc::gen::inRange(0, 20); left > 0; --left) {
        worker = advance(worker, any_command(), now).worker;
    }
    const auto command = any_command();

    const auto once = advance(worker, command, now);
    const auto twice = advance(once.worker, command, now);

    RC_ASSERT(!has(twice.effects, launch));
    RC_ASSERT(state_of(twice.worker) == state_of(once.worker));
}

}  // namespace
}  // namespace rbees::pool
