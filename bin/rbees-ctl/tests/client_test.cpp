#include <gmock/gmock.h>

#include "client/address.hpp"
#include "client/refusal.hpp"
#include "orcd_test.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;

net::Response problem(int status, std::string body) {
    return {status, {{"Content-Type", "application/problem+json"}}, std::move(body)};
}

TEST(ExitCodes, FollowStatusAndCode) {
    EXPECT_EQ(exit_code_for(401, "UNAUTHORIZED"), ExitCode::not_authorized);
    EXPECT_EQ(exit_code_for(403, "FORBIDDEN"), ExitCode::not_authorized);
    EXPECT_EQ(exit_code_for(404, "MODEL_NOT_FOUND"), ExitCode::not_found);
    EXPECT_EQ(exit_code_for(504, "WORKER_TIMEOUT"), ExitCode::timed_out);
    EXPECT_EQ(exit_code_for(503, "WORKER_START_TIMEOUT"), ExitCode::timed_out);
    EXPECT_EQ(exit_code_for(500, "MODEL_LOAD_FAILED"), ExitCode::remote_failed);
    EXPECT_EQ(exit_code_for(503, "WORKER_UNAVAILABLE"), ExitCode::remote_failed);
    for (const auto* code : {"INSUFFICIENT_MEMORY", "INSUFFICIENT_VRAM", "GPU_UNAVAILABLE"}) {
        EXPECT_EQ(exit_code_for(507, code), ExitCode::remote_failed) << code;
    }
    EXPECT_EQ(exit_code_for(400, "CONTEXT_TOO_LONG"), ExitCode::failed);
    EXPECT_EQ(exit_code_for(503, "POOL_UNAVAILABLE"), ExitCode::failed);
}

TEST(Refusal, ReadsAProblem) {
    const auto error = refusal(problem(409, R"({"title":"t","detail":"it is busy","code":"CONFLICT","hint":"wait",)"
                                            R"("request_id":"r-1","later":[1]})"));

    EXPECT_EQ(error.message, "it is busy");
    EXPECT_EQ(error.hint, "wait");
    EXPECT_EQ(error.code, "CONFLICT");
    EXPECT_EQ(error.request_id, "r-1");
}

TEST(Refusal, ReadsOpenAisShapeAndSaysTheHintOnce) {
    const auto error = refusal(problem(404, R"j({"error":{"message":"no model x (rbees models pull x)","type":"t",)j"
                                            R"("code":"model_not_found","hint":"rbees models pull x"}})"));

    EXPECT_EQ(error.exit, ExitCode::not_found);
    EXPECT_EQ(error.message, "no model x");
    EXPECT_EQ(error.hint, "rbees models pull x");
    EXPECT_EQ(error.code, "MODEL_NOT_FOUND");
}

TEST(Refusal, SurvivesBodiesThatAreNeither) {
    for (const std::string body : {"", "<html>bad gateway</html>\nmore", "{}", "[1]", "{\"error\":\"x\"}"}) {
        const auto error = refusal(problem(502, body));

        EXPECT_EQ(error.exit, ExitCode::failed) << body;
        EXPECT_THAT(error.message, HasSubstr("HTTP 502")) << body;
        EXPECT_EQ(error.message.find('\n'), std::string::npos);
    }
}

class AddressTest : public CommandTest {
  protected:
    AddressTest() {
        EXPECT_TRUE(make_private_folder(home().secrets));
        EXPECT_TRUE(write_file_atomically(home().admin_token(), "rbk_own\n", FileAccess::owner_only));
    }

    [[nodiscard]] Address find(const std::optional<std::string>& flag = std::nullopt) const {
        const auto config = Config::load(contracts::options(), home(), environment(), {});
        return find_address(flag, home(), config.value(), environment()).value();
    }
};

TEST_F(AddressTest, ComesFromTheHomeWithItsToken) {
    EXPECT_EQ(find().url, "http://127.0.0.1:8080");
    EXPECT_EQ(find().token, "rbk_own");
}

TEST_F(AddressTest, ComesFromVariablesWhereTheyAreSet) {
    variables["RBEES_URL"] = "http://10.1.2.3:9000/";
    variables["RBEES_TOKEN"] = "rbk_other";

    EXPECT_EQ(find().url, "http://10.1.2.3:9000");
    EXPECT_EQ(find().token, "rbk_other");
    EXPECT_EQ(find("http://127.0.0.1:7000").url, "http://127.0.0.1:7000");
}

TEST_F(AddressTest, TheHomesTokenDoesNotGoToOtherMachines) {
    EXPECT_EQ(find("http://10.1.2.3:9000").token, std::nullopt);
    EXPECT_EQ(find("http://127.example.org:9000").token, std::nullopt);
    EXPECT_EQ(find("http://127.0.0.1:9000").token, "rbk_own");
}

class ClientTest : public OrcdTest {
  protected:
    /// Answers a question with a stream of these data frames.
    void stream(const std::vector<std::string>& frames) {
        std::string body;
        for (const auto& frame : frames) {
            body += "data: " + frame + "\n\n";
        }
        orcd.on("POST /v1/chat/completions", [body](const net::Request&) {
            return net::Response{200, {{"Content-Type", "text/event-stream"}}, body};
        });
    }
};

TEST_F(ClientTest, RunShowsTheAnswerAndSendsTheToken) {
    stream({R"({"id":"c1","model":"m","choices":[{"delta":{"role":"assistant"}}]})",
            R"({"choices":[{"delta":{"content":"Hel"}}]})",
            R"({"choices":[{"delta":{"content":"lo"},"finish_reason":"stop"}]})",
            R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})", "[DONE]"});

    const auto ran = run({"run", "--model", "m", "--system", "be kind", "--max-tokens", "5", "-"}, "hi there\n");

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "Hello\n");
    EXPECT_EQ(ran.err, "");
    const auto asked = orcd.requests().front();
    EXPECT_EQ(asked.headers.find("Authorization"), "Bearer rbk_test");
    EXPECT_EQ(asked.body, R"({"model":"m","messages":[{"role":"system","content":"be kind"},)"
                          R"({"role":"user","content":"hi there\n"}],"stream":true,)"
                          R"("stream_options":{"include_usage":true},"max_tokens":5})");
}

TEST_F(ClientTest, RunAsJsonIsOneObject) {
    stream({R"({"id":"c1","model":"m","choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]})",
            R"({"choices":[],"usage":{"total_tokens":5}})", "[DONE]"});

    EXPECT_EQ(run({"run", "--model", "m", "--json", "x"}).out,
              R"({"id":"c1","model":"m","text":"Hi","finish_reason":"stop","usage":{"total_tokens":5}})"
              "\n");
}

TEST_F(ClientTest, RunWithoutAModelTakesTheFirstThatCanBeUsed) {
    orcd.on("GET /v1/models", 200,
            R"({"object":"list","data":[{"id":"best","object":"model","created":1,"owned_by":"x"}]})");
    stream({R"({"choices":[{"delta":{"content":"ok"}}]})", "[DONE]"});

    ASSERT_EQ(run({"run", "x"}).exit, 0);

    EXPECT_THAT(orcd.requests().back().body, HasSubstr(R"("model":"best")"));
}

TEST_F(ClientTest, TheModelOfThisHomeIsNotAskedOfAnotherOrchestrator) {
    ASSERT_TRUE(make_private_folder(home().state));
    ASSERT_TRUE(write_file_atomically(home().state / "up.json", R"({"model":"mine"})", FileAccess::owner_only));
    orcd.on("GET /v1/models", 200,
            R"({"object":"list","data":[{"id":"its","object":"model","created":1,"owned_by":"x"}]})");
    stream({R"({"choices":[{"delta":{"content":"ok"}}]})", "[DONE]"});

    ASSERT_EQ(run({"run", "x"}).exit, 0);
    EXPECT_THAT(orcd.requests().back().body, HasSubstr(R"("model":"its")"));

    variables.erase("RBEES_URL");
    variables["RBEES_LISTEN"] = "127.0.0.1:" + std::to_string(orcd.port());
    ASSERT_EQ(run({"run", "x"}).exit, 0);
    EXPECT_THAT(orcd.requests().back().body, HasSubstr(R"("model":"mine")"));
}

TEST_F(ClientTest, AHomeThatWasNeverStartedIsNotMixedUpWithWhoeverHasItsAddress) {
    variables.erase("RBEES_URL");
    variables["RBEES_LISTEN"] = "127.0.0.1:" + std::to_string(orcd.port());

    for (const auto* verb : {"status", "health"}) {
        const auto ran = run({"orchestrator", verb});

        EXPECT_EQ(ran.exit, 1) << verb;
        EXPECT_THAT(ran.err, HasSubstr("never started with this home: there is no " + home().state.native())) << verb;
        EXPECT_THAT(ran.err, HasSubstr("rbees up")) << verb;
    }
    EXPECT_THAT(run({"status"}).err, HasSubstr("never started with this home"));
    EXPECT_EQ(run({"models", "list"}).exit, 1);
    EXPECT_THAT(run({"version", "--json"}).out, HasSubstr(R"("server":null)"));
    EXPECT_THAT(run({"doctor"}).out, HasSubstr("is taken by"));
    EXPECT_TRUE(orcd.requests().empty());
    EXPECT_FALSE(std::filesystem::exists(home().state));
}

TEST_F(ClientTest, RunWithNoModelOnDiskSaysHowToFetchOne) {
    orcd.on("GET /v1/models", 200, R"({"object":"list","data":[]})");

    const auto ran = run({"run", "x"});

    EXPECT_EQ(ran.exit, 3);
    EXPECT_THAT(ran.err, HasSubstr("rbees models pull"));
}

TEST_F(ClientTest, AnAnswerThatIsCutNeverLooksWhole) {
    stream({R"({"choices":[{"delta":{"content":"Hel"}}]})"});

    const auto ran = run({"run", "--model", "m", "x"});

    EXPECT_EQ(ran.exit, 5);
    EXPECT_EQ(ran.out, "Hel\n");
    EXPECT_THAT(ran.err, HasSubstr("cut off"));
}

TEST_F(ClientTest, AnErrorInsideTheStreamEndsTheRun) {
    stream({R"({"choices":[{"delta":{"content":"Hel"}}]})",
            R"({"error":{"message":"the worker died","type":"server_error","code":"WORKER_UNAVAILABLE"}})"});

    const auto ran = run({"run", "--model", "m", "x"});

    EXPECT_EQ(ran.exit, 5);
    EXPECT_THAT(ran.err, HasSubstr("the worker died"));
}

TEST_F(ClientTest, AModelThatIsNotHereIsExitCodeThree) {
    orcd.on("POST /v1/chat/completions", 404,
            R"({"error":{"message":"no model m","type":"t","code":"model_not_found","hint":"rbees models pull m"}})");

    const auto ran = run({"run", "--model", "m", "x"});

    EXPECT_EQ(ran.exit, 3);
    EXPECT_EQ(ran.err, "error: no model m\nhint: rbees models pull m\n");
}

TEST_F(ClientTest, TheRequestIdIsShownOnlyWhenAskedFor) {
    EXPECT_EQ(run({"workers", "get", "w1"}).exit, 3);
    EXPECT_THAT(run({"workers", "get", "w1"}).err, testing::Not(HasSubstr("req-1")));
    EXPECT_THAT(run({"workers", "get", "w1", "-v"}).err, HasSubstr("request id: req-1"));
    EXPECT_THAT(run({"workers", "get", "w1", "--json"}).err, HasSubstr(R"("request_id":"req-1")"));
}

TEST_F(ClientTest, AWrongTokenIsExitCodeFour) {
    orcd.on("GET /v2/models", 401, R"({"title":"t","detail":"the token opens nothing","code":"UNAUTHORIZED"})");

    const auto ran = run({"models", "list"});

    EXPECT_EQ(ran.exit, 4);
    EXPECT_THAT(ran.err, HasSubstr("RBEES_TOKEN"));
}

TEST_F(ClientTest, ModelsListShowsWhatIsHereAndCountsTheRest) {
    orcd.on("GET /v2/models", 200,
            "[" + model("here", R"("size":98000000,"on_disk":true,"is_default":true)") + "," +
                model("away", R"("on_disk":false,"is_default":false)") + "]");

    const auto some = run({"models", "list"});
    const auto all = run({"models", "list", "--all"});

    EXPECT_THAT(some.out, testing::ContainsRegex("here \\* +chat +98 MB +on disk +mit +A model"));
    EXPECT_THAT(some.out, testing::Not(HasSubstr("away")));
    EXPECT_THAT(some.err, HasSubstr("1 more can be fetched: rbees models list --all"));
    EXPECT_THAT(all.out, testing::ContainsRegex("away +chat +- +not here"));
    EXPECT_EQ(run({"models", "list", "-q"}).err, "");
}

TEST_F(ClientTest, AStrangersWorkerHasNoStart) {
    const contracts::WorkerView stranger{
        .id = WorkerId("orphan-8004"), .node = NodeId("n"), .model = ModelId("unknown"), .orphan = true};
    orcd.on("GET /v2/workers", 200, reflect::to_json_text(std::vector{stranger}));

    EXPECT_THAT(run({"workers", "list"}).out, testing::ContainsRegex("orphan-8004 .* orphan .* - *\n"));
}

TEST_F(ClientTest, OneWorkerIsShownWithNumbersForPeople) {
    const contracts::WorkerView worker{
        .id = WorkerId("w1"), .node = NodeId("n"), .model = ModelId("m"), .load_progress = 1};
    orcd.on("GET /v2/workers/w1", 200, reflect::to_json_text(worker));

    EXPECT_THAT(run({"workers", "get", "w1"}).out, testing::ContainsRegex("load_progress +1\n"));
}

TEST_F(ClientTest, WithoutATokenItSaysWhereOneComesFrom) {
    variables.erase("RBEES_TOKEN");
    orcd.on("GET /v2/workers", 401,
            R"({"title":"t","detail":"the request shows no token","code":"UNAUTHORIZED","hint":"send it"})");

    const auto ran = run({"workers", "list"});

    EXPECT_EQ(ran.exit, 4);
    EXPECT_THAT(ran.err, HasSubstr("the request shows no token\nhint: set RBEES_TOKEN; "));
}

TEST_F(ClientTest, ListsAsJsonAreArraysWithIds) {
    orcd.on("GET /v2/models", 200, "[" + model("here", R"("on_disk":true,"is_default":true)") + "]");
    orcd.on("GET /v2/workers", 200, "[]");

    EXPECT_THAT(run({"models", "list", "--format=json"}).out, testing::StartsWith(R"([{"id":"here")"));
    EXPECT_EQ(run({"workers", "list", "--json"}).out, "[]\n");
}

TEST_F(ClientTest, ATokenIsPrintedAloneOnStdout) {
    orcd.on("POST /v2/tokens", 201, R"({"id":"t1","token":"rbk_secret"})");

    const auto ran = run({"tokens", "create", "laptop", "--role", "node", "--expires", "30d"});

    EXPECT_EQ(ran.out, "rbk_secret\n");
    EXPECT_THAT(ran.err, HasSubstr("rbees tokens revoke t1"));
    EXPECT_THAT(orcd.requests().front().body, HasSubstr(R"("name":"laptop","role":"node","expires_at":")"));
}

TEST_F(ClientTest, IdsAreOneSegmentOfThePath) {
    EXPECT_EQ(run({"models", "unload", "hf:org/repo?x"}).exit, 3);

    EXPECT_EQ(orcd.requests().front().target, "/v2/models/hf%3Aorg%2Frepo%3Fx/unload");
}

TEST_F(ClientTest, DeletingWithYesDeletes) {
    orcd.on("DELETE /v2/models/m", 204, "");

    const auto ran = run({"models", "rm", "m", "--yes"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "");
}

TEST_F(ClientTest, HealthIsAWordAndAnExitCode) {
    orcd.on("GET /health", 200,
            R"({"status":"healthy","node_type":"orchestrator","agent":"rbees-orcd","version":"1"})");
    EXPECT_EQ(run({"orchestrator", "health"}).out, "healthy\n");

    orcd.on("GET /health", 200,
            R"({"status":"draining","node_type":"orchestrator","agent":"rbees-orcd","version":"1"})");
    EXPECT_EQ(run({"orchestrator", "health"}).exit, 1);
}

TEST_F(ClientTest, AnAnswerOfAnotherVersionIsAnErrorAndNoCrash) {
    orcd.on("GET /v2/models", 200, R"([{"id":7}])");

    const auto ran = run({"models", "list"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("rbees version"));
}

}  // namespace
}  // namespace rbees::ctl
