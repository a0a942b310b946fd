/// The real program, as a pool manager and as a person start it.

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "rbees/base/files.hpp"
#include "rbees/process/spawn.hpp"
#include "temporary_folder.hpp"
#include "worker_fixture.hpp"

namespace rbees::workerd {
namespace {

using process::ExitStatus;
using testing::HasSubstr;

class ProcessTest : public WorkerFixture {
  protected:
    static constexpr std::string_view secret = "the-spawn-secret";

    ~ProcessTest() override {
        if (worker && worker->is_alive()) (void)worker->kill();
        if (worker) (void)worker->wait_for(patience_of_tests);
    }

    /// Runs the program with these arguments, its secret on descriptor 3 if it asks for one.
    void run(std::vector<std::string> arguments) {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        const UniqueFd reading(ends[0]);
        UniqueFd writing(ends[1]);
        ASSERT_EQ(::write(writing.get(), secret.data(), secret.size()), static_cast<ssize_t>(secret.size()));
        writing.reset();
        process::SpawnPlan plan;
        plan.program = RBEES_WORKERD;
        plan.arguments = std::move(arguments);
        plan.environment = {{"RBEES_HOME", folder.path() / "home"}, {"RBEES_WORKER_SECRET_FILE", std::nullopt}};
        plan.log_file = folder.path() / "log";
        plan.files = {{.fd = reading.get(), .target = 3}};
        auto spawned = process::spawn(plan);
        ASSERT_TRUE(spawned) << spawned.error().message;
        worker.emplace(std::move(*spawned));
    }

    std::vector<std::string> arguments_for(const std::string& model) {
        if (!pool) pool.emplace(io);
        const auto callback = "http://" + pool->url().authority() + pool->url().target;
        return {"--worker-id", "w-1", "--model",     "tiny", "--model-path",   model,
                "--port",      "0",   "--secret-fd", "3",    "--callback-url", callback};
    }

    void run_until_ready(const std::string& model) {
        ASSERT_NO_FATAL_FAILURE(run(arguments_for(model)));
        wait_until([&] { return (!pool->reports.empty() && pool->reports.back().ready) || !worker->is_alive(); });
        ASSERT_FALSE(pool->reports.empty()) << log();
        ASSERT_TRUE(pool->reports.back().port) << log();
        port = *pool->reports.back().port;
    }

    /// Turns the loop until the process has ended.
    ExitStatus end() {
        wait_until([&] { return !worker->is_alive(); });
        return worker->wait_for(patience_of_tests).value_or(ExitStatus{});
    }

    std::string log() { return read_file(folder.path() / "log").value_or(""); }

    static ExitStatus exit_code(int code) { return {ExitStatus::Kind::exited, code}; }

    TemporaryFolder folder;
    std::optional<process::Process> worker;
};

TEST_F(ProcessTest, ReportsServesAndDrainsWhenItIsTerminated) {
    ASSERT_NO_FATAL_FAILURE(run_until_ready("sim:tiny?slots=2&prefill=100000&decode=100000"));

    const auto bytes = read_to_end(*open("/v1/chat/completions", chat_body(50, true)));
    EXPECT_TRUE(bytes.ends_with("data: [DONE]\n\n"));
    EXPECT_EQ(send("GET", "/health", "", {{"Authorization", "Bearer wrong"}}).status, 401);
    EXPECT_EQ(at(get("/health").body, "/status"), "healthy");

    ASSERT_TRUE(worker->terminate());
    EXPECT_EQ(end(), exit_code(0)) << log();
    EXPECT_THAT(log(), testing::Not(HasSubstr("hello bees")));
    EXPECT_THAT(log(), testing::Not(HasSubstr(std::string(secret))));
}

TEST_F(ProcessTest, EndsWithSuccessWhenItIsToldToShutDown) {
    ASSERT_NO_FATAL_FAILURE(run_until_ready("sim:tiny"));

    EXPECT_EQ(post("/shutdown", "").status, 202);

    EXPECT_EQ(end(), exit_code(0)) << log();
}

TEST_F(ProcessTest, SecondSignalEndsItWithWorkInFlight) {
    ASSERT_NO_FATAL_FAILURE(run_until_ready("sim:tiny?stall_after=1"));
    const auto stream = open("/v1/chat/completions", chat_body(50, true));

    ASSERT_TRUE(worker->terminate());
    wait_until([&] { return at(get("/health").body, "/status") == "draining"; });
    ASSERT_TRUE(worker->terminate());

    EXPECT_EQ(end(), exit_code(130)) << log();
}

TEST_F(ProcessTest, DiesWithItsEngineInsteadOfHanging) {
    ASSERT_NO_FATAL_FAILURE(run_until_ready("sim:tiny?decode=100000&die_after=3"));

    const auto answer = await(client.send(request("POST", "/v1/chat/completions", chat_body(50, false), {})));

    EXPECT_FALSE(answer);
    EXPECT_EQ(end().kind, ExitStatus::Kind::killed);
}

TEST_F(ProcessTest, FailedLoadIsAReportASentenceAndExitCodeOne) {
    ASSERT_NO_FATAL_FAILURE(run(arguments_for("sim:tiny?fail_load=1")));

    EXPECT_EQ(end(), exit_code(1));
    wait_until([&] { return !pool->reports.empty(); });
    EXPECT_EQ(pool->reports.back().error_code, "MODEL_LOAD_FAILED");
    EXPECT_THAT(log(), HasSubstr("rbees-workerd: simulated model tiny failed to load"));
}

TEST_F(ProcessTest, MissingModelFileIsReportedAsSuch) {
    ASSERT_NO_FATAL_FAILURE(run(arguments_for("/nowhere/model.gguf")));

    EXPECT_EQ(end(), exit_code(1));
    EXPECT_EQ(pool->reports.back().error_code, "MODEL_NOT_FOUND") << log();
}

TEST_F(ProcessTest, TakenPortHasAnExitCodeOfItsOwn) {
    auto arguments = arguments_for("sim:tiny");
    arguments[static_cast<std::size_t>(std::ranges::find(arguments, "--port") - arguments.begin()) + 1] =
        std::to_string(pool->url().port);

    ASSERT_NO_FATAL_FAILURE(run(arguments));

    EXPECT_EQ(end(), exit_code(contracts::worker_exit_port_taken)) << log();
    EXPECT_THAT(log(), HasSubstr("the port is taken"));
}

TEST_F(ProcessTest, SaysWhatItCanComputeOn) {
    ASSERT_NO_FATAL_FAILURE(run({"--devices"}));

    EXPECT_EQ(end(), exit_code(0)) << log();
    EXPECT_THAT(log(), HasSubstr(R"("usable":["cpu")"));
}

TEST_F(ProcessTest, WrongCommandLineIsExitCodeTwo) {
    ASSERT_NO_FATAL_FAILURE(run({"--worker-id", "w-1"}));

    EXPECT_EQ(end(), exit_code(2));
    EXPECT_THAT(log(), HasSubstr("--model"));
}

TEST_F(ProcessTest, PersonWhoStartsItFindsTheSecretWhereStderrSays) {
    ASSERT_NO_FATAL_FAILURE(
        run({"--worker-id", "by-hand", "--model", "tiny", "--model-path", "sim:tiny", "--port", "0"}));
    wait_until([&] { return log().find("\"ready\"") != std::string::npos || !worker->is_alive(); });
    const auto text = log();
    const auto file = folder.path() / "home" / "secrets" / "worker-by-hand";
    ASSERT_THAT(text, HasSubstr("the secret of this worker is in " + file.string()));
    const auto found = text.find("\"port\":");
    ASSERT_NE(found, std::string::npos) << text;
    port = static_cast<std::uint16_t>(std::stoi(text.substr(found + 7)));

    const auto answer = send("GET", "/health", "", {{"Authorization", "Bearer " + read_file(file).value()}});

    EXPECT_EQ(answer.status, 200);
    ASSERT_TRUE(worker->terminate());
    EXPECT_EQ(end(), exit_code(0));
}

}  // namespace
}  // namespace rbees::workerd
