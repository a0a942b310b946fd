/// What is too large is refused where it comes in, and rbees-orcd lives on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "task_house.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::TaskState;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

/// Members that make a body of 17 MiB, more than the journal takes at once.
std::string huge() {
    return std::string(17 * mebibyte, 'x');
}

using Sizes = Tasks;

TEST_F(Sizes, ATaskThatIsTooLargeIsRefusedWithTheNameOfTheLimit) {
    const auto answer = send(R"({"model":"smollm2","prompt":")" + huge() + R"("})");

    EXPECT_EQ(answer.status, 413);
    EXPECT_THAT(answer.body, AllOf(HasSubstr("BODY_TOO_LARGE"), HasSubstr(R"("limit":"task_body_max")")));
    EXPECT_THAT(answer.body,
                AllOf(HasSubstr("larger than 8388608 bytes"), HasSubstr(R"("hint":"send less: a task's)")));
    EXPECT_EQ(house.orcd.ask("GET", "/health").status, 200);
    EXPECT_THAT(list("").tasks, SizeIs(0));
}

TEST_F(Sizes, ATaskOfSevenMebibytesIsTaken) {
    worker();

    const auto id =
        submit(R"({"model":"smollm2","max_tokens":8,"prompt":")" + std::string(7 * mebibyte, 'x') + R"("})");

    EXPECT_THAT(follow(id)->body(), HasSubstr("event: end"));
}

TEST_F(Sizes, BodiesThatSteerAreRefusedFromOneMebibyteOn) {
    const std::string id = R"({"node_id":"x","kind":"pool","name":")" + huge() + R"("})";
    const std::string model =
        R"({"id":"mine","name":")" + huge() + R"(","sources":[{"kind":"url","url":"http://h/f"}]})";
    const std::string beat = R"({"orchestrator":")" + huge() + R"("})";

    for (const auto& [target, body] : {std::pair("/v2/nodes/register", id), std::pair("/v2/models", model),
                                       std::pair("/v2/nodes/here/heartbeat", beat), std::pair("/v2/tokens", model)}) {
        const auto answer = house.orcd.ask("POST", target, body);

        EXPECT_EQ(answer.status, 413) << target;
        EXPECT_THAT(answer.body, HasSubstr(R"("limit":"control_body_max")"));
    }
    EXPECT_EQ(house.orcd.ask("GET", "/health").status, 200);
}

TEST_F(Sizes, LongStringsOfBodiesThatSteerArePointedAt) {
    const auto name = std::string(100'000, 'x');

    const auto answer = house.orcd.ask(
        "POST", "/v2/models", R"({"id":"mine","name":")" + name + R"(","sources":[{"kind":"url","url":"u"}]})");

    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, AllOf(HasSubstr("/name"), Not(HasSubstr("xxxx"))));
}

TEST_F(Sizes, AnAnswerThatIsTooLargeForOneEventEndsItsTaskAndIsNotTriedAgain) {
    auto& teller = worker({std::string(9 * mebibyte, 'x')});

    const auto task = [&] {
        const auto id = submit();
        follow(id)->body();
        return look_at(id);
    }();

    EXPECT_EQ(task.status, TaskState::failed);
    EXPECT_EQ(task.error->code, ErrorCode::LIMIT_EXCEEDED);
    EXPECT_THAT(task.error->message, HasSubstr("execution_event_max"));
    EXPECT_THAT(teller.log().orders, SizeIs(1));
    EXPECT_EQ(teller.log().attached, 1U);
}

TEST_F(Sizes, AnAnswerThatIsTooLargeForTheJournalEndsItsTaskAndIsNotTriedAgain) {
    // Quotes take four bytes on the disk: an event inside a frame inside a payload.
    auto& teller = worker({std::string(7 * mebibyte / 2, '"')});

    const auto id = submit();
    follow(id)->body();
    const auto task = look_at(id);

    EXPECT_EQ(task.status, TaskState::failed);
    EXPECT_EQ(task.error->code, ErrorCode::LIMIT_EXCEEDED);
    EXPECT_THAT(task.error->message, HasSubstr("cannot be kept"));
    EXPECT_THAT(teller.log().orders, SizeIs(1));
}

/// With little room for bodies.
class SmallSizes : public Tasks {
  protected:
    SmallSizes() : Tasks({{"RBEES_BODY_LIMIT", "128KiB"}}) {}
};

TEST_F(SmallSizes, AConfiguredLimitHoldsForEveryRouteAndInTheShapeOfItsApi) {
    const auto body = R"({"model":"smollm2","prompt":")" + std::string(200'000, 'x') + R"("})";

    const auto ours = send(body);
    const auto openai = house.orcd.ask("POST", "/v1/chat/completions", body);

    EXPECT_EQ(ours.status, 413);
    EXPECT_THAT(ours.body, HasSubstr(R"("limit":"body.limit")"));
    EXPECT_EQ(openai.status, 413);
    EXPECT_THAT(openai.body, AllOf(HasSubstr(R"({"error":{)"), HasSubstr(R"("limit":"body.limit")")));
}

TEST_F(SmallSizes, WhoHasNoTokenIsToldSoBeforeTheBodyIsRead) {
    for (const auto* target : {"/v2/tasks", "/v1/chat/completions", "/v2/nodes/register"}) {
        const auto body = std::string(10 * mebibyte, 'x');

        const auto answer =
            ask_once({.port = house.orcd.port(), .method = "POST", .target = target, .token = "wrong", .body = body});

        EXPECT_EQ(answer.status, 401) << target;
        EXPECT_THAT(answer.head, HasSubstr("Connection: close"));
    }
}

}  // namespace
}  // namespace rbees::orcd
