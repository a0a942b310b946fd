/// Requests of clients through a real rbees-orcd to workers of the test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "house.hpp"

namespace rbees::orcd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(Gateway, RelaysAWholeAnswerAndPassesTheBodyOnAsItIs) {
    House house;
    auto& worker = house.worker("one", Manner::whole);

    const auto chat = house.orcd.chat("smollm2");

    EXPECT_EQ(chat->status(), 200);
    EXPECT_EQ(chat->body(), R"({"served_by":"one"})");
    EXPECT_THAT(chat->received(), AllOf(HasSubstr("X-Rbees-Worker: one"), HasSubstr("X-Correlation-Id: ")));
    const auto log = worker.log();
    EXPECT_THAT(log.bodies, ElementsAre(R"({"model":"smollm2","messages":[{"role":"user","content":"hello"}]})"));
    EXPECT_THAT(log.secrets, ElementsAre("Bearer secret-of-one"));
    EXPECT_THAT(log.epochs, ElementsAre("1"));
    EXPECT_THAT(log.tasks, ElementsAre(SizeIs(36)));
}

TEST(Gateway, RelaysEventsAsTheyAre) {
    House house;
    house.worker("one", Manner::events);

    const auto chat = house.orcd.chat("smollm2");

    EXPECT_EQ(chat->status(), 200);
    EXPECT_EQ(chat->body(),
              "data: {\"n\":1,\"by\":\"one\"}\n\ndata: {\"n\":2,\"by\":\"one\"}\n\n"
              "data: {\"n\":3,\"by\":\"one\"}\n\ndata: [DONE]\n\n");
    EXPECT_THAT(chat->received(), HasSubstr("text/event-stream"));
}

TEST(Gateway, GivesEventsOutWhileTheWorkerStillWorks) {
    House house;
    auto& worker = house.worker("one", Manner::held_events);

    const auto chat = house.orcd.chat("smollm2");

    EXPECT_TRUE(chat->wait_for("\"n\":1"));
    EXPECT_EQ(worker.log().running, 1U);
    worker.release();
    EXPECT_THAT(chat->body(), HasSubstr("[DONE]"));
}

class FailoverTest : public testing::TestWithParam<Manner> {};

TEST_P(FailoverTest, AnotherWorkerAnswersAndTheClientNoticesNothing) {
    House house;
    auto& good = house.worker("good", Manner::whole, 1);
    auto& bad = house.worker("bad", GetParam(), 2);  // has most free slots, so it is asked first

    const auto chat = house.orcd.chat("smollm2");

    EXPECT_EQ(chat->status(), 200);
    EXPECT_EQ(chat->body(), R"({"served_by":"good"})");
    EXPECT_THAT(bad.log().tasks, SizeIs(1));
    EXPECT_THAT(good.log().tasks, SizeIs(1));
    EXPECT_THAT(house.orcd.ask("GET", "/metrics").body, HasSubstr("rbees_failovers_total 1"));
}

INSTANTIATE_TEST_SUITE_P(Manners, FailoverTest,
                         testing::Values(Manner::refuses, Manner::dies_before_head, Manner::dies_before_body));

TEST(Gateway, AsksAnotherWorkerWhenNobodyListensAtTheFirst) {
    House house;
    house.worker("good", Manner::whole, 1);
    contracts::WorkerReport gone;
    {
        const FakeWorker worker("gone", Manner::whole);
        gone = worker.report("smollm2", 8);
    }
    house.pool.has_worker(gone);
    EXPECT_EQ(house.pool.reports(), 200);

    const auto chat = house.orcd.chat("smollm2");

    EXPECT_EQ(chat->status(), 200);
    EXPECT_EQ(chat->body(), R"({"served_by":"good"})");
}

TEST(Gateway, EndsAStreamWithAnErrorAndWithoutDoneWhenTheWorkerDiesInTheMiddle) {
    House house;
    house.worker("one", Manner::dies_in_the_middle);

    const auto chat = house.orcd.chat("smollm2");
    const auto body = chat->body();

    EXPECT_THAT(body, testing::StartsWith("data: {\"n\":1}\n\ndata: {\"error\":"));
    EXPECT_THAT(body, testing::EndsWith("}\n\n"));
    EXPECT_THAT(body, HasSubstr(R"("retriable":true,"retry_after_ms":1000)"));
    EXPECT_THAT(body, AllOf(HasSubstr("WORKER_UNAVAILABLE"), Not(HasSubstr("[DONE]")), Not(HasSubstr("{\"ha"))));
}

TEST(Gateway, AnotherWorkerGoesOnWhereOneDied) {
    House house;
    auto& first = house.worker("first", Manner::counts_and_dies, 4);
    auto& second = house.worker("second", Manner::counts, 2);

    const auto chat = house.orcd.chat("smollm2");

    EXPECT_EQ(chat->body(),
              "data: {\"n\":0}\n\ndata: {\"n\":1}\n\ndata: {\"n\":2}\n\ndata: {\"n\":3}\n\ndata: {\"n\":4}\n\n"
              "data: {\"n\":5}\n\ndata: [DONE]\n\n");
    EXPECT_THAT(first.log().paths, testing::ElementsAre("/v1/chat/completions"));
    EXPECT_THAT(second.log().paths, testing::ElementsAre("/continue"));
    EXPECT_EQ(first.log().tasks, second.log().tasks) << "what it is called stays the same";
}

class LeavingTest : public testing::TestWithParam<Manner> {};

TEST_P(LeavingTest, TheWorkerIsToldToCancelAndTheSlotComesBack) {
    House house;
    auto& worker = house.worker("one", GetParam());
    const auto chat = house.orcd.chat("smollm2");
    ASSERT_TRUE(worker.wait_until([](const WorkerLog& log) { return log.running == 1; }));
    if (GetParam() == Manner::held_events) ASSERT_TRUE(chat->wait_for("\"n\":1"));

    chat->leave();

    EXPECT_TRUE(worker.wait_until([](const WorkerLog& log) { return log.cancelled == log.tasks; }));
    EXPECT_TRUE(worker.wait_until([](const WorkerLog& log) { return log.running == 0; }));
    worker.answer(Manner::whole);
    EXPECT_EQ(house.orcd.chat("smollm2")->status(), 200);
}

INSTANTIATE_TEST_SUITE_P(BeforeAndAfterTheHead, LeavingTest, testing::Values(Manner::held, Manner::held_events));

TEST(Gateway, ForgetsAWaitingRequestWhoseClientLeaves) {
    House house;
    auto& worker = house.worker("one", Manner::held);
    const auto first = house.orcd.chat("smollm2");
    ASSERT_TRUE(worker.wait_until([](const WorkerLog& log) { return log.running == 1; }));
    const auto second = house.orcd.chat("smollm2");
    ASSERT_TRUE(house.orcd.wait_for_answer("/metrics", "orchd_queue_depth{priority=\"interactive\"} 1"));
    EXPECT_TRUE(house.orcd.wait_for_answer("/metrics", "rbees_requests_running 3\n"));  // they, and the question

    second->leave();

    EXPECT_TRUE(house.orcd.wait_for_answer("/metrics", "orchd_queue_depth{priority=\"interactive\"} 0"));
    worker.release();
    EXPECT_EQ(first->status(), 200);
    EXPECT_TRUE(house.orcd.wait_for_answer("/metrics", "rbees_requests_running 1\n"));
    EXPECT_THAT(worker.log().tasks, SizeIs(1));
}

TEST(Gateway, ReadsNoFasterFromTheWorkerThanTheClientDoes) {
    constexpr std::size_t buffers = 32 * 1024 * 1024;  // more than all sockets on the way hold
    House house;
    auto& flood = house.worker("flood", Manner::floods, 1);
    const auto slow = house.orcd.chat("smollm2");
    ASSERT_TRUE(flood.wait_until([](const WorkerLog& log) { return log.flooded > 0; }));
    house.worker("other", Manner::whole, 1);

    for (int round = 0; round < 100; ++round) {
        EXPECT_EQ(house.orcd.chat("smollm2")->status(), 200);
    }

    EXPECT_LT(flood.log().flooded, buffers);
    EXPECT_TRUE(slow->wait_for("xxxx"));
    slow->leave();
    EXPECT_TRUE(flood.wait_until([](const WorkerLog& log) { return log.has_flood_ended; }));
}

TEST(Gateway, SendsAWorkerNoMoreRequestsThanItHasSlotsAndServesTheOthersInOrder) {
    House house;
    auto& worker = house.worker("one", Manner::held, 2);
    std::vector<std::unique_ptr<Conversation>> chats;
    for (int number = 1; number <= 6; ++number) {
        const auto body = R"({"model":"smollm2","number":)" + std::to_string(number) + "}";
        const auto admin = house.orcd.token("admin");
        chats.push_back(std::make_unique<Conversation>(Asking{.port = house.orcd.port(),
                                                              .method = "POST",
                                                              .target = "/v1/chat/completions",
                                                              .token = admin,
                                                              .body = body}));
        const auto depth = "orchd_queue_depth{priority=\"interactive\"} " + std::to_string(std::max(0, number - 2));
        if (number <= 2) {
            ASSERT_TRUE(worker.wait_until([&](const WorkerLog& log) { return std::cmp_equal(log.running, number); }));
        }
        ASSERT_TRUE(house.orcd.wait_for_answer("/metrics", depth));
    }

    for (std::size_t served = 2; served <= 6; served += 2) {
        ASSERT_TRUE(worker.wait_until([&](const WorkerLog& log) { return log.bodies.size() == served; }));
        worker.release();
    }

    for (const auto& chat : chats) {
        EXPECT_EQ(chat->status(), 200);
    }
    const auto log = worker.log();
    EXPECT_EQ(log.most_running, 2U);
    for (std::size_t at = 0; at < 6; ++at) {
        EXPECT_THAT(log.bodies.at(at / 2 * 2) + log.bodies.at(at / 2 * 2 + 1),
                    HasSubstr("\"number\":" + std::to_string(at + 1)));
    }
}

TEST(Gateway, LoadsAModelThatIsOnDiskAndAnswersThen) {
    House house;

    const auto chat = house.orcd.chat("smollm2");
    house.spawned_worker(1, Manner::whole);

    EXPECT_EQ(chat->status(), 200);
    const auto orders = house.pool.server.orders();
    EXPECT_THAT(orders.spawned, SizeIs(1));
    EXPECT_EQ(orders.spawned.front().model, ModelId("smollm2"));
    EXPECT_THAT(orders.tokens, ElementsAre("Bearer call-token-of-here"));
}

TEST(Gateway, TellsWhyAModelCouldNotBeLoaded) {
    House house;
    const auto chat = house.orcd.chat("smollm2");
    ASSERT_TRUE(house.pool.server.wait_until([](const Orders& orders) { return orders.spawned.size() == 1; }));

    contracts::WorkerReport failed;
    failed.worker_id = house.pool.server.orders().spawned.front().worker_id;
    failed.model = ModelId("smollm2");
    failed.state = contracts::WorkerState::failed;
    failed.reason = "the file ends in the middle of a tensor";
    failed.error_code = "MODEL_LOAD_FAILED";
    house.pool.has_worker(failed);
    EXPECT_EQ(house.pool.reports(), 200);

    EXPECT_EQ(chat->status(), contracts::row_of(contracts::ErrorCode::MODEL_LOAD_FAILED).status);
    EXPECT_THAT(chat->body(), HasSubstr("the file ends in the middle of a tensor"));
}

TEST(Gateway, PassesThePoolManagersRefusalOn) {
    House house;
    house.pool.server.refuse(contracts::Problem{.code = contracts::ErrorCode::INSUFFICIENT_MEMORY,
                                                .detail = "120 MB are needed and 7 MB are free"});

    const auto chat = house.orcd.chat("smollm2");

    EXPECT_EQ(chat->status(), contracts::row_of(contracts::ErrorCode::INSUFFICIENT_MEMORY).status);
    EXPECT_THAT(chat->body(), HasSubstr("7 MB are free"));
}

TEST(Gateway, RefusesMoreThanMayWait) {
    House house({{"RBEES_QUEUE_CAPACITY", "1"}});
    const auto waits = house.orcd.chat("smollm2");
    ASSERT_TRUE(house.orcd.wait_for_answer("/metrics", "orchd_queue_depth{priority=\"interactive\"} 1"));

    const auto refused = house.orcd.chat("smollm2");

    EXPECT_EQ(refused->status(), 429);
    EXPECT_THAT(refused->received(), HasSubstr("Retry-After"));
    house.spawned_worker(1, Manner::whole);
    EXPECT_EQ(waits->status(), 200);
}

TEST(Gateway, RefusesWhatIsWrongInTheShapeOfOpenAi) {
    House house;
    const auto port = house.orcd.port();
    const auto admin = house.orcd.token("admin");
    const std::string_view target = "/v1/chat/completions";

    const auto no_token = ask_once({.port = port, .method = "POST", .target = target, .token = "", .body = "{}"});
    const auto no_json = ask_once({.port = port, .method = "POST", .target = target, .token = admin, .body = "hello"});
    const auto no_model = house.orcd.chat("gpt-9");

    EXPECT_EQ(no_token.status, 401);
    EXPECT_EQ(no_json.status, 400);
    EXPECT_EQ(no_model->status(), 404);
    for (const auto& body : {no_token.body, no_json.body, no_model->body()}) {
        EXPECT_THAT(body, testing::StartsWith(R"({"error":{"message":)"));
    }
}

TEST(Gateway, ServesManyAtOnceOnSeveralThreads) {
    House house({{"RBEES_THREADS", "3"}});
    auto& worker = house.worker("one", Manner::events, 4);
    auto& other = house.worker("two", Manner::whole, 3);

    std::vector<std::unique_ptr<Conversation>> chats;
    for (int count = 0; count < 150; ++count) {
        chats.push_back(house.orcd.chat("smollm2"));
    }

    for (const auto& chat : chats) {
        EXPECT_EQ(chat->status(), 200);
        EXPECT_THAT(chat->body(), testing::AnyOf(HasSubstr("[DONE]"), HasSubstr("served_by")));
    }
    EXPECT_LE(worker.log().most_running, 4U);
    EXPECT_LE(other.log().most_running, 3U);
    EXPECT_EQ(worker.log().tasks.size() + other.log().tasks.size(), chats.size());
}

}  // namespace
}  // namespace rbees::orcd
