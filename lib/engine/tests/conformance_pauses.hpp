#pragma once
/// @file
/// What every chat engine does in a worker whose buffer is full again and again: it stops, and goes on where it was.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "conformance_events.hpp"

namespace rbees::engine::testing {

class PauseConformance : public EventConformance {
  protected:
    /// As a worker does whose buffer is full each time that so many events came: it stops the engine in the middle, and
    /// goes on with the ids that it has.
    void expect_the_same_with_pauses(Operation operation, const std::string& request, std::uint64_t most,
                                     std::size_t events) {
        auto call = call_of(operation, request, most);
        const auto whole = hear_call(call);
        ASSERT_TRUE(whole.started && whole.ended);
        call.frames = Frames::tokens;
        Heard heard;
        std::size_t pauses = 0;
        for (; !heard.ended && pauses <= most; ++pauses) {
            const auto answer = engine->start(call);
            hear_some(*answer, events, heard);
            ASSERT_FALSE(heard.error) << heard.error->message;
            ASSERT_TRUE(heard.started);
            answer->cancel();
            const auto ids = heard.ids();
            call.from = Continuation{.prompt = heard.started->prompt,
                                     .generated = ids,
                                     .seed = heard.started->seed,
                                     .left = Tokens(most - ids.size()),
                                     .sampling = heard.started->sampling,
                                     .model_hash = engine->capabilities().model_hash};
        }
        EXPECT_GE(pauses, 3U);
        EXPECT_EQ(heard.text(), whole.text());
        EXPECT_EQ(heard.ids(), whole.ids());
        ASSERT_TRUE(heard.ended);
        EXPECT_EQ(heard.ended->message, whole.ended->message);
        EXPECT_EQ(heard.ended->stop_reason, whole.ended->stop_reason);
        EXPECT_EQ(heard.ended->output, whole.ended->output);
    }

    /// The next events with text, or all that are left.
    static void hear_some(Answer& answer, std::size_t events, Heard& heard) {
        while (events > 0) {
            auto event = answer.next_event();
            if (!event) return;
            if (auto* started = std::get_if<Started>(&*event); started != nullptr && !heard.started) {
                heard.started = std::move(*started);
            } else if (auto* said = std::get_if<Said>(&*event)) {
                EXPECT_EQ(said->first, heard.ids().size());
                heard.said.push_back(std::move(*said));
                --events;
            } else if (auto* ended = std::get_if<Ended>(&*event)) {
                heard.ended = std::move(*ended);
            } else if (auto* error = std::get_if<ApiError>(&*event)) {
                heard.error = std::move(*error);
            }
        }
    }
};

TEST_P(PauseConformance, SaysTheSameText) {
    expect_the_same_with_pauses(Operation::chat, question + R"(,"ignore_eos":true)", 24, 2);
}

TEST_P(PauseConformance, SaysTheSameToolCall) {
    expect_the_same_with_pauses(Operation::chat, question_with_tool, 80, 3);
}

}  // namespace rbees::engine::testing
