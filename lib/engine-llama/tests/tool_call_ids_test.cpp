#include "tool_call_ids.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace rbees::engine {
namespace {

common_chat_tool_call call_with_id(const std::string& id) {
    common_chat_tool_call call;
    call.name = "count";
    call.id = id;
    return call;
}

TEST(ToolCallIds, FollowFromSeedPromptChoiceAndPlace) {
    const ToolCallIds ids(7, {1, 2, 3});

    EXPECT_EQ(ids.id(0, 0), ToolCallIds(7, {1, 2, 3}).id(0, 0));
    EXPECT_NE(ids.id(0, 0), ids.id(0, 1));
    EXPECT_NE(ids.id(0, 0), ids.id(1, 0));
    EXPECT_NE(ids.id(0, 0), ToolCallIds(8, {1, 2, 3}).id(0, 0));
    EXPECT_NE(ids.id(0, 0), ToolCallIds(7, {1, 2}).id(0, 0));
}

TEST(ToolCallIds, ReplaceTheIdThatLlamaMadeUp) {
    ToolCallIds ids(7, {1});
    task_result_state state{common_chat_parser_params()};
    state.generated_tool_call_ids = {"random"};
    state.chat_msg.tool_calls = {call_with_id("random")};
    server_task_result_cmpl_partial result;
    result.oaicompat_msg_diffs.emplace_back();
    result.oaicompat_msg_diffs.front().tool_call_index = 0;
    result.oaicompat_msg_diffs.front().tool_call_delta = call_with_id("random");

    ids.settle(state, result);

    EXPECT_EQ(result.oaicompat_msg_diffs.front().tool_call_delta.id, ids.id(0, 0));
    EXPECT_EQ(state.generated_tool_call_ids, std::vector{ids.id(0, 0)});
    EXPECT_EQ(state.chat_msg.tool_calls.front().id, ids.id(0, 0));
}

TEST(ToolCallIds, KnowTheCallsThatAnotherWorkerSent) {
    ToolCallIds ids(7, {1});
    task_result_state state{common_chat_parser_params()};
    common_chat_msg sent;
    sent.tool_calls = {call_with_id(""), call_with_id("the-models-own")};

    ids.settle(state, sent);

    EXPECT_EQ(state.generated_tool_call_ids, (std::vector<std::string>{ids.id(0, 0), "the-models-own"}));
    EXPECT_EQ(state.chat_msg.tool_calls.front().id, ids.id(0, 0));
}

}  // namespace
}  // namespace rbees::engine
