#pragma once
/// @file
/// What llama.cpp does with grammars that wait for other triggers than a word: a single token, or the beginning of the
/// answer. Included where the conformance tests are.

#include <string>

#include "engine_conformance.hpp"

namespace rbees::engine::testing {

/// SmolLM2 has the token <jupyter_code>, which its answers do not use; a template makes it the beginning of a call.
/// llama.cpp looks for its id then, and not for text.
class TokenTriggerConformance : public ToolConformance {
  protected:
    /// The model does not think of this token by itself.
    const std::string nudge = R"(,"logit_bias":[[13,12]])";
    static constexpr std::uint64_t enough = 24;

    void expect_calls(const std::string& request) {
        const auto whole = receive(*engine->start(call_of(Operation::chat, request, enough)));
        ASSERT_TRUE(whole.tool_call.starts_with("count/call_")) << whole.said;
    }
};

TEST_P(TokenTriggerConformance, GoesOnWithACallAtEverySeam) {
    const auto request = conversation(silent) + tools + nudge;
    ASSERT_NO_FATAL_FAILURE(expect_calls(request));

    expect_the_same_from_every_seam(Operation::chat, request, enough);
    expect_the_same_as_in_a_stream(Operation::chat, request, enough);
}

TEST_P(TokenTriggerConformance, GoesOnWithACallHoweverOftenItPauses) {
    expect_the_same_with_pauses(Operation::chat, conversation(silent) + tools + nudge, enough, 3);
}

TEST_P(TokenTriggerConformance, GoesOnWithATextThatMayStillBecomeACallAtEverySeam) {
    const auto request = question + tools;
    const auto whole = receive(*engine->start(call_of(Operation::chat, request, 16)));
    ASSERT_TRUE(whole.tool_call.empty()) << whole.tool_call;

    expect_the_same_from_every_seam(Operation::chat, request, 16);
}

/// The format of gpt-oss, which llama.cpp knows by "<|channel|>" in the template. A call begins with " to" where the
/// answer does: `^\s+to$`.
class ChannelConformance : public ToolConformance {};

TEST_P(ChannelConformance, GoesOnWithACallAtEverySeam) {
    const auto request = conversation(silent) + tools;
    ASSERT_NO_FATAL_FAILURE(expect_a_call(request));

    expect_the_same_from_every_seam(Operation::chat, request, most);
    expect_the_same_as_in_a_stream(Operation::chat, request, most);
}

TEST_P(ChannelConformance, GoesOnWithACallHoweverOftenItPauses) {
    expect_the_same_with_pauses(Operation::chat, conversation(silent) + tools, most, 3);
}

}  // namespace rbees::engine::testing
