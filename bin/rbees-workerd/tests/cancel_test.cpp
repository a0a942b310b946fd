#include <gmock/gmock.h>

#include <algorithm>

#include "scripted_engine.hpp"
#include "worker_fixture.hpp"

namespace rbees::workerd {
namespace {

using std::chrono_literals::operator""ms;
using testing::HasSubstr;

/// Time stands still in these tests unless a line moves it, so "at once" means without one more step of the engine.
class CancelTest : public WorkerFixture {
  protected:
    void serve_in_still_time(const std::string& model) {
        start(model);
        wait_until([&] { return get("/capabilities").status == 200; });
    }

    int cancel(const std::string& task) { return post("/cancel", R"({"task_id":")" + task + R"("})").status; }

    std::uint32_t slots_busy() {
        return static_cast<std::uint32_t>(at(get("/health").body, "/slots_busy").to_number<int>());
    }

    void wait_for_outcome(const std::string& outcome) {
        wait_until([&] { return metric("worker_requests_total{outcome=\"" + outcome + "\"}") == 1; });
    }

    /// Starts a request that is answered to `answer` some time.
    void send_later(const std::string& body, const Headers& headers) {
        boost::asio::co_spawn(io, client.send(request("POST", "/v1/chat/completions", body, headers)),
                              [this](std::exception_ptr, auto sent) {
                                  if (sent) answer = std::move(*sent);
                              });
    }

    std::optional<net::Response> answer;
};

TEST_F(CancelTest, CancelDuringThePromptFreesTheSlotWithoutAnotherStep) {
    serve_in_still_time("sim:tiny?slots=1&prefill=1");
    send_later(chat_body(5, true), {{"X-Rbees-Task", "t-1"}});
    wait_until([&] { return slots_busy() == 1; });

    EXPECT_EQ(cancel("t-1"), 202);

    wait_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->status, 499);
    EXPECT_EQ(at(answer->body, "/error/code"), "CANCELLED");
    EXPECT_EQ(slots_busy(), 0U);
    EXPECT_EQ(metric("worker_requests_total{outcome=\"cancelled\"}"), 1);
}

TEST_F(CancelTest, CancelInTheMiddleOfAStreamCutsItAndFreesTheSlot) {
    serve_in_still_time("sim:tiny?slots=1&prefill=1000000&decode=10");
    std::unique_ptr<net::ClientStream> stream;
    boost::asio::co_spawn(
        io, client.open(request("POST", "/v1/chat/completions", chat_body(100, true), {{"X-Rbees-Task", "t-1"}})),
        [&](std::exception_ptr, auto opened) { stream = std::move(*opened); });
    wait_until([&] { return slots_busy() == 1; });
    wait_until([&] {
        pace->advance(1ms);
        return stream != nullptr;
    });
    ASSERT_TRUE(await(stream->read()));

    EXPECT_EQ(cancel("t-1"), 202);
    EXPECT_EQ(cancel("t-1"), 202);

    auto piece = await(stream->read());
    while (piece && !piece->empty()) {
        piece = await(stream->read());
    }
    ASSERT_FALSE(piece) << "half a stream looked whole";
    EXPECT_EQ(piece.error().kind, net::ClientErrorKind::cut);
    EXPECT_EQ(slots_busy(), 0U);
    wait_for_outcome("cancelled");
}

TEST_F(CancelTest, ClientThatLeavesFreesTheSlotWithoutAnotherStep) {
    serve_in_still_time("sim:tiny?slots=1&prefill=1000000&decode=10");
    std::unique_ptr<net::ClientStream> stream;
    boost::asio::co_spawn(io, client.open(request("POST", "/v1/chat/completions", chat_body(100, true), {})),
                          [&](std::exception_ptr, auto opened) { stream = std::move(*opened); });
    wait_until([&] {
        pace->advance(1ms);
        return stream != nullptr;
    });
    ASSERT_EQ(slots_busy(), 1U);

    stream->close();
    stream.reset();

    wait_for_outcome("left");
    EXPECT_EQ(slots_busy(), 0U);
}

TEST_F(CancelTest, OtherStreamGoesOnUnharmed) {
    serve_in_still_time("sim:tiny?slots=2&prefill=1000000&decode=10");
    std::string whole;
    send_later(chat_body(20, true), {{"X-Rbees-Task", "stays"}});
    std::unique_ptr<net::ClientStream> leaving;
    boost::asio::co_spawn(io, client.open(request("POST", "/v1/chat/completions", chat_body(20, true), {})),
                          [&](std::exception_ptr, auto opened) { leaving = std::move(*opened); });
    wait_until([&] {
        pace->advance(1ms);
        return leaving != nullptr && slots_busy() == 2;
    });

    leaving->close();
    wait_for_outcome("left");
    pace->run_free();

    wait_until([&] { return answer.has_value(); });
    EXPECT_EQ(answer->status, 200);
    EXPECT_TRUE(answer->body.ends_with("data: [DONE]\n\n"));
}

TEST_F(CancelTest, CancelThatOvertakesItsRequestRefusesItWithoutWork) {
    serve();
    EXPECT_EQ(cancel("t-1"), 202);

    const auto refused = post("/v1/chat/completions", chat_body(5, false), {{"X-Rbees-Task", "t-1"}});
    const auto other = post("/v1/chat/completions", chat_body(5, false), {{"X-Rbees-Task", "t-2"}});

    EXPECT_EQ(refused.status, 499);
    EXPECT_EQ(at(refused.body, "/error/code"), "CANCELLED");
    EXPECT_EQ(other.status, 200);
    EXPECT_EQ(metric("worker_tokens_generated_total"), 5);
}

TEST_F(CancelTest, CancelOfAFinishedTaskDoesNothing) {
    serve();
    ASSERT_EQ(post("/v1/chat/completions", chat_body(5, false), {{"X-Rbees-Task", "t-1"}}).status, 200);

    EXPECT_EQ(cancel("t-1"), 202);

    EXPECT_EQ(metric("worker_requests_total{outcome=\"cancelled\"}"), 0);
}

TEST_F(CancelTest, CancelWithoutAnIdIsRefused) {
    serve();

    EXPECT_EQ(post("/cancel", "{}").status, 400);
    EXPECT_EQ(post("/cancel", "").status, 400);
    EXPECT_EQ(post("/cancel", R"({"task_id":"a b"})").status, 400);
    EXPECT_EQ(post("/cancel", R"({"task_id":7})").status, 400);
}

TEST_F(CancelTest, HealthWaitsForNoStepOfTheEngine) {
    auto scripted = std::make_unique<ScriptedEngine>(Script{.is_busy = true});
    auto* engine = scripted.get();
    start_with(
        [&](const engine::LoadPlan&, const std::function<void(double)>&) -> Loaded { return std::move(scripted); },
        settings_for("scripted"));
    wait_until([&] { return get("/capabilities").status == 200; });
    int metrics = 0;
    boost::asio::co_spawn(
        io, client.send(request("GET", "/metrics", {}, {})),
        [&](const std::exception_ptr&, const auto& answer) { metrics = answer ? answer->status : -1; });
    wait_until([&] { return engine->was_asked(); });

    EXPECT_EQ(get("/health").status, 200);
    EXPECT_EQ(get("/metrics").status, 200) << "what was known before";
    EXPECT_EQ(metrics, 0);
    engine->finish_step();
    wait_until([&] { return metrics != 0; });

    EXPECT_EQ(metrics, 200);
}

TEST_F(CancelTest, SlowReaderStopsTheFlowInsteadOfFillingTheMemory) {
    constexpr std::size_t pieces = 1024;
    const std::string piece(std::size_t{64} << 10, 'x');
    auto scripted = std::make_unique<ScriptedEngine>(
        Script{.head = {.content_type = "text/event-stream"}, .pieces = std::vector<std::string>(pieces, piece)});
    auto* engine = scripted.get();
    start_with(
        [&](const engine::LoadPlan&, const std::function<void(double)>&) -> Loaded { return std::move(scripted); },
        settings_for("scripted"));
    wait_until([&] { return get("/capabilities").status == 200; });

    auto stream = open("/v1/chat/completions", "{}");
    for (int others = 0; others < 50; ++others) {
        EXPECT_EQ(get("/health").status, 200);
    }
    const auto given_unread = engine->pieces_given();
    const auto bytes = read_to_end(*stream);

    EXPECT_LT(given_unread, pieces / 2) << "the engine was read although nobody took the bytes";
    EXPECT_EQ(bytes.size(), pieces * piece.size());
}

}  // namespace
}  // namespace rbees::workerd
