#pragma once
/// @file
/// What every engine does with tools that may be called or not (`tool_choice` auto), for models whose template knows
/// tools: it speaks or calls, and goes on with either at any seam.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "conformance_pauses.hpp"

namespace rbees::engine::testing {

class ToolConformance : public PauseConformance {
  protected:
    const std::string offer =
        R"(,"tools":[{"type":"function","function":{"name":"count","parameters":)" + object_schema + R"(}}])";
    const std::string tools = offer + R"(,"tool_choice":"auto")";
    const std::string demand = offer + R"(,"tool_choice":"required")";

    /// Calls that were made before, so that the next one is like them. `before` holds further members of each message
    /// with a call.
    static std::string conversation(const std::string& before) {
        const auto user = [](const std::string& name) {
            return R"({"role":"user","content":"Call count for )" + name + R"("})";
        };
        const auto call = R"({"role":"assistant",)" + before +
                          R"(,"tool_calls":[{"id":"call_1","type":"function","function":)" +
                          R"({"name":"count","arguments":"{\"bees\":\"few\",\"hives\":3}"}}]})";
        std::string messages;
        for (const auto* name : {"Anna", "Berta", "Dora"})
            messages += user(name) + "," + call + ",";
        return R"({"messages":[)" + messages + user("Carla") + R"(],"temperature":0,"seed":7)";
    }

    void expect_a_call(const std::string& request) {
        const auto whole = receive(*engine->start(call_of(Operation::chat, request, most)));
        ASSERT_EQ(whole.finish, "tool_calls") << whole.said;
        ASSERT_TRUE(whole.tool_call.starts_with("count/call_")) << whole.tool_call;
    }

    void expect_the_same_call_from_every_seam(const std::string& request) {
        ASSERT_NO_FATAL_FAILURE(expect_a_call(request));
        expect_the_same_from_every_seam(Operation::chat, request, most);
    }

    static constexpr std::uint64_t most = 80;
    const std::string silent = R"("content":"")";
    const std::string with_text = R"("content":"I count.")";
};

TEST_P(ToolConformance, GoesOnWithACallThatWasNotDemandedAtEverySeam) {
    expect_the_same_call_from_every_seam(conversation(silent) + tools);
}

TEST_P(ToolConformance, GoesOnWithEventsOfACallThatWasNotDemandedAtEverySeam) {
    expect_the_same_as_in_a_stream(Operation::chat, conversation(silent) + tools, most);
}

TEST_P(ToolConformance, GoesOnWithACallBehindATextAtEverySeam) {
    expect_the_same_call_from_every_seam(conversation(with_text) + tools);
}

TEST_P(ToolConformance, GoesOnWithEventsOfACallBehindATextAtEverySeam) {
    expect_the_same_as_in_a_stream(Operation::chat, conversation(with_text) + tools, most);
}

TEST_P(ToolConformance, GoesOnWithACallBehindATextHoweverOftenItPauses) {
    expect_the_same_with_pauses(Operation::chat, conversation(with_text) + tools, most, 4);
}

TEST_P(ToolConformance, GoesOnWithACallThatWasDemandedAtEverySeam) {
    expect_the_same_call_from_every_seam(conversation(silent) + demand);
}

/// Where the numbers that are drawn differ the call may, too, but it still keeps to its schema.
TEST_P(ToolConformance, GoesOnWithAnotherCallThatIsValidWhenItIsNotCold) {
    const auto request = conversation(silent) + tools;
    ASSERT_NO_FATAL_FAILURE(expect_a_call(request));
    auto call = call_of(Operation::chat, request, most);
    const auto whole = receive(*engine->start(call));

    for (const auto& [ids, bytes] : tried_seams(whole)) {
        if (bytes == 0 || whole.said.size() == bytes) continue;
        call.from = seam(whole, ids, most);
        call.from->sampling = R"({"temperature":2,"top_k":0,"top_p":1,"min_p":0})";
        const auto rest = receive(*engine->start(call), ids);
        const auto said = whole.said.substr(0, bytes) + rest.said;  // perhaps with more calls behind the first one
        const auto arguments = boost::json::parse(said.substr(0, said.find('}') + 1)).as_object();

        EXPECT_TRUE(arguments.at("bees") == "few" || arguments.at("bees") == "many") << arguments;
        EXPECT_LE(arguments.at("hives").as_int64(), 99) << arguments;
    }
}

TEST_P(ToolConformance, GoesOnWithATextThatMayStillBecomeACallAtEverySeam) {
    const auto request = question + tools;
    const auto whole = receive(*engine->start(call_of(Operation::chat, request, 24)));
    ASSERT_NE(whole.finish, "tool_calls") << whole.said;

    expect_the_same_from_every_seam(Operation::chat, request, 24);
    expect_the_same_as_in_a_stream(Operation::chat, request, 24);
}

TEST_P(ToolConformance, GivesAToolCallTheSameIdEachTime) {
    const auto ids = [&](const std::string& seed) {
        const auto reply =
            chat(R"(,"max_tokens":60,"temperature":0,"tool_choice":"required","tools":[{"type":"function","function":)"
                 R"({"name":"count","parameters":{"type":"object","properties":{"bees":{"enum":["few","many"]}},)"
                 R"("required":["bees"],"additionalProperties":false}}}],"seed":)" +
                 seed);
        return boost::json::serialize(reply.json().at("choices").at(0).at("message").at("tool_calls").at(0).at("id"));
    };

    const auto first = ids("7");
    EXPECT_EQ(first, ids("7"));
    EXPECT_NE(first, ids("8"));
    EXPECT_TRUE(first.starts_with("\"call_")) << first;
}

}  // namespace rbees::engine::testing
