#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>

#include "limits.hpp"
#include "rbees/pool_core/port_choice.hpp"
#include "rbees/process/spawn.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"
#include "worker_pool_house.hpp"
#include "workers/worker_client.hpp"

namespace rbees::poold {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// A program that is no worker.
net::Task<void> refuse(net::Exchange& exchange) {
    co_await exchange.respond(http_api::empty_answer(404));
}

/// A worker, "w-1", that stops and goes on as the test says.
class SilentWorkerTest : public WorkerPoolTest {
  protected:
    void SetUp() override { restart_with_worker(std::chrono::seconds(4)); }

    void stands_still() { ::kill(*report("w-1").pid, SIGSTOP); }
    void goes_on() { ::kill(*report("w-1").pid, SIGCONT); }

    [[nodiscard]] WorkerAddress address() {
        const auto reports = pool->workers().reports(Secrets::included);
        return {net::parse_url(reports.front().url.value())->port, reports.front().secret.value()};
    }

    /// All at once; returns when the time of each is over.
    void ask_in_vain(std::uint32_t questions) {
        std::uint32_t over = 0;
        for (std::uint32_t asked = 0; asked < questions; ++asked) {
            boost::asio::co_spawn(io, pool->workers().ask_after(WorkerId("w-1")),
                                  [&](const std::exception_ptr&) { ++over; });
        }
        ASSERT_TRUE(run_until(io, [&] { return over == questions; }));
    }
};

TEST_F(WorkerPoolTest, StartsAWorkerUntilItReportsThatItIsReady) {
    EXPECT_EQ(spawn("w-1", "sim:ok").status, WorkerState::starting);

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto ready = report("w-1");
    EXPECT_EQ(ready.slots, 3U);
    EXPECT_EQ(ready.context, Tokens(2048));
    EXPECT_EQ(ready.memory, Bytes(1000));
    EXPECT_TRUE(ready.url);
    EXPECT_FALSE(ready.secret);
    EXPECT_GT(pool->changes, 0);
}

TEST_F(WorkerPoolTest, GivesAWorkerTheChatTemplateThatLiesBesideItsModel) {
    const auto file = house.home.models / "tiny.jinja";
    has_model("tiny", mebibytes(1));
    ASSERT_TRUE(write_file_atomically(file, "{{ messages }}", FileAccess::everyone));

    spawn("w-1", "tiny");
    spawn("w-2", "sim:ok");

    EXPECT_THAT(given("w-1", "cmdline"), HasSubstr("--chat-template " + file.native() + " "));
    EXPECT_THAT(given("w-2", "cmdline"), testing::Not(HasSubstr("--chat-template")));
}

TEST_F(WorkerPoolTest, TellsTheSecretOnTheWayToOrcdOnly) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    const auto secret = pool->workers().reports(Secrets::included).front().secret;

    ASSERT_TRUE(secret);
    EXPECT_EQ(pool->workers().owner_of(*secret), WorkerId("w-1"));
    EXPECT_EQ(pool->workers().owner_of("guess"), std::nullopt);
    EXPECT_FALSE(pool->workers().reports(Secrets::left_out).front().secret);
}

TEST_F(WorkerPoolTest, TakesTheSameIdForTheSameWorker) {
    spawn("w-1", "sim:ok");
    const auto pid = report("w-1").pid;
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    spawn("w-1", "sim:ok");

    EXPECT_EQ(report("w-1").pid, pid);
    EXPECT_EQ(pool->workers().reports(Secrets::left_out).size(), 1U);
}

TEST_F(WorkerPoolTest, KeepsARecordOnlyTheOwnerCanReadAsLongAsTheProcessRuns) {
    spawn("w-1", "sim:ok");

    struct stat file{};
    ASSERT_EQ(::stat(record("w-1").c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777U, 0600U);
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    ASSERT_TRUE(pool->workers().stop(WorkerId("w-1"), std::nullopt));
    ASSERT_TRUE(reaches("w-1", WorkerState::stopped));
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, StartsAWorkerOnTheNextPortWhenItsOwnWasTakenMeanwhile) {
    net::Server stranger(
        io, {}, [](net::Exchange& exchange) { return refuse(exchange); }, http_api::server_error_body(), Logger());
    const auto port = pool::choose_worker_port({}, is_port_free).value();
    ASSERT_TRUE(stranger.listen("127.0.0.1", port));
    pool->stolen = port;
    std::vector<WorkerState> states;
    pool->when_changed = [&] { states.push_back(report("w-1").state); };

    spawn("w-1", "sim:ok");

    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    pool->when_changed = {};
    EXPECT_NE(report("w-1").url, worker_url(port));
    EXPECT_THAT(states, testing::Not(Contains(WorkerState::failed)));
    EXPECT_EQ(pool->workers().reports(Secrets::left_out).size(), 1U);
}

TEST_F(WorkerPoolTest, GivesUpAWorkerThatFindsEveryPortTaken) {
    spawn("w-1", "sim:unlucky");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_EQ(report("w-1").error_code, "WORKER_START_FAILED");
    EXPECT_THAT(*report("w-1").reason, HasSubstr("exit code 75"));
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, NoticesADeathAndSaysHow) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    ::kill(*report("w-1").pid, SIGKILL);

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("signal 9"));
    EXPECT_EQ(report("w-1").error_code, "WORKER_UNAVAILABLE");
    EXPECT_FALSE(report("w-1").url);
}

TEST_F(WorkerPoolTest, PassesOnWhyAWorkerCouldNotLoad) {
    spawn("w-1", "sim:fail");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_EQ(report("w-1").reason, "the file is truncated");
    EXPECT_EQ(report("w-1").error_code, "MODEL_LOAD_FAILED");
}

TEST_F(WorkerPoolTest, QuotesTheLastWordsOfAWorkerThatSaidNothing) {
    spawn("w-1", "sim:crash");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("exit code 3"));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("libmissing.so"));
}

TEST_F(WorkerPoolTest, KillsAWorkerThatDoesNotStop) {
    spawn("w-1", "sim:deaf");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));

    ASSERT_TRUE(pool->workers().stop(WorkerId("w-1"), std::nullopt));

    ASSERT_TRUE(reaches("w-1", WorkerState::stopped));
}

TEST_F(SilentWorkerTest, KillsAWorkerThatStandsStill) {
    spawn("w-2", "sim:ok");
    ASSERT_TRUE(reaches("w-2", WorkerState::ready));
    stands_still();

    ask_in_vain(pool::unanswered_max - 1);
    EXPECT_EQ(report("w-1").state, WorkerState::ready);
    ask_in_vain(1);

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_THAT(*report("w-1").reason, HasSubstr("no answer"));
    EXPECT_EQ(report("w-1").error_code, "WORKER_UNAVAILABLE");
    EXPECT_TRUE(run_until(io, [&] { return !std::filesystem::exists(record("w-1")); })) << "its process is gone";
    finish(io, pool->workers().ask_after(WorkerId("w-2")));
    EXPECT_EQ(report("w-2").state, WorkerState::ready);
}

TEST_F(SilentWorkerTest, ForgetsItsSilenceWhenItAnswersHoweverSlowly) {
    stands_still();
    ask_in_vain(pool::unanswered_max - 1);
    bool has_answered = false;
    boost::asio::co_spawn(io, pool->workers().ask_after(WorkerId("w-1")),
                          [&](const std::exception_ptr&) { has_answered = true; });
    io.poll();
    goes_on();
    ASSERT_TRUE(run_until(io, [&] { return has_answered; }));

    stands_still();
    ask_in_vain(pool::unanswered_max - 1);

    EXPECT_EQ(report("w-1").state, WorkerState::ready);
}

TEST_F(SilentWorkerTest, TakesAQuestionThatNobodyHeardForNoSilence) {
    const auto nobody = pool::choose_worker_port({}, is_port_free).value();
    stands_still();

    const auto refused = finish(io, ask_health(client, {nobody, "secret"}));
    const auto late = finish(io, ask_health(client, address(), std::chrono::milliseconds(50)));

    EXPECT_EQ(refused.error(), WorkerSilence::nobody);
    EXPECT_EQ(late.error(), WorkerSilence::late);
}

TEST_F(WorkerPoolTest, GivesUpAModelThatIsNeverReady) {
    limits.start_timeout = std::chrono::milliseconds(100);
    restart();
    spawn("w-1", "sim:stuck");

    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    EXPECT_EQ(report("w-1").error_code, "WORKER_START_TIMEOUT");
}

TEST_F(WorkerPoolTest, RefusesAModelThatIsNotOnDisk) {
    const auto refused = pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("smollm2")});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::MODEL_NOT_FOUND);
    EXPECT_EQ(refused.error().hint, "rbees models pull smollm2");
}

TEST_F(WorkerPoolTest, RefusesAModelThatMemoryCannotHoldWithTheNumbers) {
    ASSERT_TRUE(write_file_atomically(house.home.models / "big.gguf", std::string(1000, 'x'), FileAccess::everyone));
    ASSERT_TRUE(pool->store().add({.id = ModelId("big"), .size = Bytes(1000), .sha256 = "aa"}));
    pool->device.memory_free = mebibytes(1);

    const auto refused = pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("big")});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::INSUFFICIENT_MEMORY);
    EXPECT_THAT(refused.error().detail, HasSubstr("1 MB of 1 GB are free"));
}

TEST_F(WorkerPoolTest, AdoptsItsWorkersAfterARestart) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto before = report("w-1");

    restart();
    finish(io, pool->workers().adopt());

    EXPECT_EQ(report("w-1").state, WorkerState::ready);
    EXPECT_EQ(report("w-1").pid, before.pid);
    EXPECT_EQ(report("w-1").url, before.url);
    EXPECT_EQ(report("w-1").slots, before.slots);
    EXPECT_EQ(report("w-1").memory, before.memory);
    ::kill(*before.pid, SIGKILL);
    EXPECT_TRUE(reaches("w-1", WorkerState::failed));
}

TEST_F(WorkerPoolTest, ForgetsWorkersThatDiedMeanwhile) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto text = read_file(record("w-1")).value();
    ::kill(*report("w-1").pid, SIGKILL);
    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    ASSERT_TRUE(write_file_atomically(record("w-1"), text, FileAccess::owner_only));

    restart();
    finish(io, pool->workers().adopt());

    EXPECT_TRUE(pool->workers().reports(Secrets::left_out).empty());
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, ForgetsAWorkerThatEndsWhileItIsAsked) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    auto mute = reflect::from_json_text<WorkerRecord>(read_file(record("w-1")).value()).value();
    ::kill(mute.pid, SIGKILL);
    ASSERT_TRUE(reaches("w-1", WorkerState::failed));
    const auto process = process::spawn({.program = "timeout", .arguments = {"0.3", "tail", "-f", "/dev/null"}});
    ASSERT_TRUE(process);
    mute.pid = process->identity().pid;
    mute.start_time = process->identity().start_time;
    ASSERT_TRUE(write_file_atomically(record("w-1"), reflect::to_json_text(mute), FileAccess::owner_only));

    restart();
    finish(io, pool->workers().adopt());

    EXPECT_TRUE(pool->workers().reports(Secrets::left_out).empty());
    EXPECT_FALSE(std::filesystem::exists(record("w-1")));
}

TEST_F(WorkerPoolTest, LeavesAProcessAloneThatDoesNotKnowItsSecret) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto pid = *report("w-1").pid;
    strangers.push_back(pid);
    auto text = read_file(record("w-1")).value();
    const auto secret = *pool->workers().reports(Secrets::included).front().secret;
    text.replace(text.find(secret), secret.size(), "another");
    ASSERT_TRUE(write_file_atomically(record("w-1"), text, FileAccess::owner_only));

    restart();
    finish(io, pool->workers().adopt());

    const auto reports = pool->workers().reports(Secrets::included);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_TRUE(reports.front().orphan);
    EXPECT_EQ(reports.front().pid, pid);
    EXPECT_EQ(pool->workers().spawn({.worker_id = WorkerId("w-1"), .model = ModelId("sim:ok")}).error().code,
              ErrorCode::CONFLICT);
    finish(io, pool->workers().stop_all(Duration::zero()));
    EXPECT_EQ(::kill(pid, 0), 0);
}

TEST_F(WorkerPoolTest, ReportsAWorkerWithoutARecordAndLeavesItAlone) {
    spawn("w-1", "sim:ok");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    const auto pid = *report("w-1").pid;
    strangers.push_back(pid);
    std::filesystem::remove(record("w-1"));

    restart();
    finish(io, pool->workers().adopt());
    finish(io, pool->workers().look_for_orphans());

    EXPECT_GE(orphans(), 1U);
    finish(io, pool->workers().stop_all(Duration::zero()));
    EXPECT_EQ(::kill(pid, 0), 0);
}

TEST_F(WorkerPoolTest, StopsAllAndReturnsWhenTheyAreGone) {
    spawn("w-1", "sim:ok");
    spawn("w-2", "sim:deaf");
    ASSERT_TRUE(reaches("w-1", WorkerState::ready));
    ASSERT_TRUE(reaches("w-2", WorkerState::ready));

    finish(io, pool->workers().stop_all(std::chrono::milliseconds(50)));

    EXPECT_EQ(report("w-1").state, WorkerState::stopped);
    EXPECT_EQ(report("w-2").state, WorkerState::stopped);
}

TEST_F(WorkerPoolTest, RefusesOneWorkerTooManyForAMoment) {
    LiveWorkers all;
    for (std::size_t count = 0; count < poold::limits::workers; ++count) {
        all.push_back(std::make_shared<LiveWorker>());
    }
    const auto devices = std::vector{pool->device};
    const WorkerPoolSettings settings;
    const std::function<bool(std::uint16_t)> is_port_free = [](std::uint16_t) { return true; };

    const auto refused = prepare_worker({.worker_id = WorkerId("w-65"), .model = ModelId("sim:a")},
                                        {pool->store(), settings, devices, all, {}, is_port_free, ""});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 503);
    EXPECT_EQ(refused.error().limit, "workers");
    EXPECT_TRUE(refused.error().retry_after_ms);
    EXPECT_THAT(refused.error().hint.value(), testing::HasSubstr("rbees workers stop"));
}

}  // namespace
}  // namespace rbees::poold
